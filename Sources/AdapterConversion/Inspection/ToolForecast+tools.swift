// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import Checkpoints

// The tools' rules, as their public sources state them.
extension ToolForecast {
    /// ComfyUI: names of four styles, alpha only from the file, DoRA relative to ‖W‖, LyCORIS for matrices.
    static func comfyUI(_ files: AdapterFiles) -> ToolForecast {
        let norm = MagnitudeNorm(metadata: files.description.file.metadata)
        let outcomes = files.description.modules.map { comfyUI($0, files.description.file, norm) }
        return summary("ComfyUI", outcomes, wayOut: "`lumina export` writes a file that plays as trained")
    }

    private static func comfyUI(
        _ module: AdapterModule,
        _ file: SafetensorsFile,
        _ norm: MagnitudeNorm
    ) -> ModuleOutcome {
        let path = (try? KnownPaths.dotted(module.path)) ?? module.path.text  // unusual names are matched as they are
        guard ComfyUIRules.prefixes(of: path).contains(module.spelledPath) else {
            return .refused("its names are not among those that ComfyUI looks for")
        }
        if let reason = comfyUIMagnitudes(module, norm) { return reason }
        switch module.kind {
        case .difference: return .exact
        case .oft: return .refused("it knows no OFT that rotates the input")
        case .lora, .dora:
            let ratio =
                (module.storedAlpha(in: file).map { $0 / Double(module.lowRank?.rank ?? 1) } ?? 1)
                / (module.lowRank?.scale ?? 1)
            let reason = module.tensors[.alpha] == nil ? "no alpha in the file" : "its scale is not alpha / rank"
            return .strength(ratio, because: reason)
        case .lokr where module.tensors[.kroneckerSecond]?.shape.count == 3:
            return .wrong("it multiplies a convolution's Kronecker factors the wrong way")
        case .lokr, .loha:
            let isTucker = [TensorRole.kroneckerTucker, .hadamardFirstTucker].contains { module.tensors[$0] != nil }
            return isTucker ? .refused("it knows Tucker cores of two-dimensional kernels only") : .exact
        }
    }

    private static func comfyUIMagnitudes(_ module: AdapterModule, _ norm: MagnitudeNorm) -> ModuleOutcome? {
        if module.tensors[.magnitude] != nil {
            return .wrong("DoRA's magnitudes have a name that it does not know, and are left out")
        }
        guard let tensor = module.tensors[.weightNorm] else { return nil }
        if tensor.shape.count == 1 { return .wrong("DoRA's magnitudes are [out] and must be [out, 1]") }
        let isOfInputs = tensor.shape[0] == 1 && tensor.shape[1] > 1
        return isOfInputs || norm == .base
            ? nil : .wrong("it divides DoRA's magnitudes by the norm of W, not of W + ΔW")
    }

    /// Diffusers: LoRA in PEFT's or its own names, alpha only from the file's metadata.
    static func diffusers(_ files: AdapterFiles) -> ToolForecast {
        let wayOut = "`lumina adapters convert --to diffusers` writes a file that plays as trained"
        let names = files.names
        let hasOwnNames = names.allSatisfy { $0.hasPrefix("transformer.") }
        let hasPEFTNames =
            names.allSatisfy { $0.hasPrefix("base_model.model.") }
            && names.contains { $0.contains("q_proj") || $0.contains("k_proj") }
        guard names.allSatisfy({ $0.contains("lora_A") || $0.contains("lora_B") || $0.contains("lora_magnitude") }),
            hasOwnNames || hasPEFTNames
        else {
            let reason = "it takes LoRA in PEFT's or its own names only"
            return summary("diffusers", [.refused(reason)], wayOut: wayOut)
        }
        let hasMetadata = files.description.file.metadata["lora_adapter_metadata"] != nil
        let outcomes = files.description.modules.map { module -> ModuleOutcome in
            let ratio = hasMetadata ? 1 : 1 / (module.lowRank?.scale ?? 1)
            let reason = "it does not read adapter_config.json, and takes alpha for the rank"
            let outcome = ModuleOutcome.strength(ratio, because: reason)
            return module.kind == .dora && outcome != .exact ? .wrong(reason) : outcome
        }
        return summary("diffusers", outcomes, wayOut: wayOut)
    }

    /// PEFT: a directory of its own.
    static func peft(_ files: AdapterFiles) -> ToolForecast {
        let wayOut = "`lumina adapters convert --to peft` writes a directory"
        let isPEFT = files.hasConfigurationFile && files.names.allSatisfy { $0.hasPrefix("base_model.model.") }
        let outcome: ModuleOutcome = isPEFT ? .exact : .refused("it reads directories with adapter_config.json")
        return summary("PEFT", [outcome], wayOut: wayOut)
    }

    /// ACE-Step's own user interface: PEFT directories and LoKr files, one at a time.
    static func aceStep(_ files: AdapterFiles) -> ToolForecast {
        let wayOut = "`lumina adapters convert --to peft` writes a directory that it loads"
        let isPEFT = files.hasConfigurationFile && files.names.allSatisfy { $0.hasPrefix("base_model.model.") }
        let outcomes = files.description.modules.map { module -> ModuleOutcome in
            switch module.kind {
            case .lora where isPEFT, .dora where isPEFT, .oft where isPEFT: .exact
            case .lokr where module.spelledPath.hasPrefix("lycoris_"): .exact
            default: .refused("it takes PEFT directories and LyCORIS's LoKr")
            }
        }
        return summary("ACE-Step's own", outcomes, wayOut: wayOut)
    }

    /// acestep.cpp: LoRA and LoKr; alpha from the file, else the configuration's general one.
    static func aceStepCPP(_ files: AdapterFiles) -> ToolForecast {
        let general = files.configuration?.alpha
        let outcomes = files.description.modules.map { module -> ModuleOutcome in
            switch module.kind {
            case .lora:
                let rank = Double(module.lowRank?.rank ?? 1)
                let alpha = module.storedAlpha(in: files.description.file) ?? general ?? rank
                let reason = "it reads neither rank-stabilised scales nor alphas of single modules"
                return .strength(alpha / rank / (module.lowRank?.scale ?? 1), because: reason)
            case .dora: return .wrong("DoRA's magnitudes are left out")
            case .lokr: return .exact
            case .oft, .loha, .difference: return .refused("it knows no \(module.kind.displayName)")
            }
        }
        return summary("acestep.cpp", outcomes, wayOut: "`lumina adapters merge` bakes it into a checkpoint for it")
    }
}
