// SPDX-License-Identifier: Apache-2.0

import AdapterFormats

/// A tool's way to write adapters down.
public enum ConversionTarget: String, Sendable, CaseIterable {
    /// A PEFT directory: `adapter_model.safetensors` and `adapter_config.json`.
    case peft
    /// One file for ComfyUI, with names that all its versions read.
    case comfyui
    /// One file for diffusers, with the settings in its metadata.
    case diffusers
    /// One file with the names of kohya's scripts.
    case kohya
    /// One file with LyCORIS's names.
    case lycoris
    /// One file of whole differences, which any tool that patches weights can use.
    case diff

    /// The name that people use.
    public var displayName: String {
        switch self {
        case .peft: "PEFT"
        case .comfyui: "ComfyUI"
        case .diffusers: "diffusers"
        case .kohya: "kohya"
        case .lycoris: "LyCORIS"
        case .diff: "plain differences"
        }
    }

    /// Whether the result is a directory.
    public var isDirectory: Bool { self == .peft }

    /// A module's name in front of its tensors'; the path is the dotted one of the original layout.
    func prefix(_ path: String) -> String {
        let module = ModulePath(spelled: path)
        return switch self {
        case .peft: "base_model.model." + path
        // Understood since the generic map of model keys exists; `base_model.model.` and `lycoris_` are newer.
        case .comfyui, .diff: "diffusion_model.decoder." + path
        case .diffusers: "transformer." + module.diffusersSpelling
        case .kohya: "lora_unet_decoder_" + module.flattened
        case .lycoris: "lycoris_" + module.flattened
        }
    }

    /// Whether low-rank factors are named `lora_A` and `lora_B`, with rank and alpha in a configuration.
    var hasConfiguration: Bool { self == .peft || self == .diffusers }

    /// Whether the families of LyCORIS and whole differences can be written.
    var takesLyCORIS: Bool { self == .comfyui || self == .kohya || self == .lycoris }

    /// Whether a whole difference of a weight can be written.
    var takesDifferences: Bool { takesLyCORIS || self == .diff }
}
