// SPDX-License-Identifier: Apache-2.0

/// The tool that wrote an adapter, as far as its files tell.
public enum AdapterOrigin: String, Sendable, Hashable {
    /// Hugging Face PEFT, or a trainer that saves through it.
    case peft
    /// Side-Step: PEFT's files, with its own beside them.
    case sideStep = "side-step"
    /// ComfyUI's key style.
    case comfyUI = "comfyui"
    /// kohya's sd-scripts.
    case kohya
    /// Hugging Face diffusers.
    case diffusers
    /// The LyCORIS library.
    case lycoris
    /// None of the above, or no trace.
    case unknown

    /// Guesses from the spelling of names in a file.
    ///
    /// - Parameters:
    ///   - names: the tensors' names.
    ///   - metadata: the file's metadata.
    /// - Returns: the first tool whose mark is found, else `unknown`.
    package static func guess(names: some Sequence<String>, metadata: [String: String]) -> AdapterOrigin {
        if metadata["format"] == "lycoris" { return .lycoris }
        if metadata["lora_adapter_metadata"] != nil { return .diffusers }
        if metadata.keys.contains(where: { $0.hasPrefix("ss_") }) { return .kohya }
        for name in names {
            if name.hasPrefix("lycoris_") { return .lycoris }
            if name.hasPrefix("lora_unet_") || name.hasPrefix("lora_te") { return .kohya }
            if name.hasPrefix("diffusion_model.") { return .comfyUI }
            if name.hasPrefix("transformer.") { return .diffusers }
            if name.hasPrefix("base_model.model.") { return name.contains(".lora_down") ? .comfyUI : .peft }
        }
        return .unknown
    }
}
