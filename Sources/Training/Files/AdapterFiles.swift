// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import Checkpoints
package import Torch
package import TrainingRuns

/// The files of an adapter as the library of its family writes them.
package enum AdapterFiles {
    /// PEFT's file of weights.
    static let peftWeights = "adapter_model.safetensors"
    /// PEFT's file of settings.
    static let peftConfiguration = "adapter_config.json"
    /// The PEFT release whose fields are written.
    private static let peftVersion = "0.18.0"

    /// Writes an adapter into a folder: its library's files and `training_args.json`.
    ///
    /// - Parameters:
    ///   - adapter: the adapter, whose parameters are written in the type that the model computes in.
    ///   - settings: the run's.
    ///   - dtype: the type to write.
    ///   - folder: an existing folder.
    /// - Throws: `CheckpointError` or `TrainingRunsError` if a file cannot be written.
    package static func write(
        _ adapter: TrainedAdapter,
        settings: TrainingSettings,
        dtype: DType,
        to folder: String
    ) throws {
        let tensors = try adapter.fileTensors().map { (name: $0.name, value: try $0.value.to(dtype)) }
        if adapter.design.family.isLyCORIS {
            let name = settings.adapter.family.rawValue
            try TensorFileWriter.write(
                to: "\(folder)/\(name)_weights.safetensors",
                tensors: tensors,
                metadata: lycorisMetadata(settings)
            )
        } else {
            try TensorFileWriter.write(to: "\(folder)/\(peftWeights)", tensors: tensors, metadata: ["format": "pt"])
            try JSONFile.write(
                JSONText.pretty(.object(configuration(settings))),
                to: "\(folder)/\(peftConfiguration)"
            )
        }
        try JSONFile.write(settings.argumentsFile, to: "\(folder)/training_args.json")
    }

    /// The header's metadata of a single-file adapter, with what generation needs to know.
    static func lycorisMetadata(_ settings: TrainingSettings) -> [String: String] {
        let name = settings.adapter.family.rawValue
        var metadata = [
            "algo": name, "format": "lycoris", "\(name)_config": settings.lycorisMetadata,
            "shift": settings.recordedShift.shortest,
            "num_inference_steps": String(settings.recordedInferenceSteps),
        ]
        if case .string(let variant)? = settings.arguments["model_variant"] { metadata["model_variant"] = variant }
        return metadata
    }

    /// PEFT's `adapter_config.json`, keys sorted.
    static func configuration(_ settings: TrainingSettings) -> JSONObject {
        let fields = settings.adapter.family == .oft ? rotation(settings.adapter) : lowRank(settings.adapter)
        var object = JSONObject()
        for (key, value) in (fields + common(settings.adapter)).sorted(by: { $0.0 < $1.0 }) { object.set(key, value) }
        return object
    }

    private static func common(_ adapter: AdapterSettings) -> [(String, JSONValue)] {
        let absent = [
            "auto_mapping", "exclude_modules", "layers_pattern", "layers_to_transform", "modules_to_save", "revision",
        ]
        return absent.map { ($0, .null) } + [
            ("base_model_name_or_path", .string("")),
            ("bias", .string("none")),
            ("fan_in_fan_out", .bool(false)),
            ("inference_mode", .bool(true)),
            ("peft_version", .string(peftVersion)),
            ("target_modules", .array(adapter.targetModules.map { .string($0) })),
            ("task_type", .string("FEATURE_EXTRACTION")),
        ]
    }

    private static func lowRank(_ adapter: AdapterSettings) -> [(String, JSONValue)] {
        let absent = [
            "alora_invocation_tokens", "arrow_config", "corda_config", "eva_config", "layer_replication",
            "megatron_config", "target_parameters", "trainable_token_indices",
        ]
        return absent.map { ($0, .null) } + [
            ("alpha_pattern", pattern(adapter.alphaPattern)),
            ("ensure_weight_tying", .bool(false)),
            ("init_lora_weights", .bool(true)),
            ("loftq_config", .object(JSONObject())),
            ("lora_alpha", .number(adapter.alpha)),
            ("lora_bias", .bool(false)),
            ("lora_dropout", .number(adapter.dropout)),
            ("megatron_core", .string("megatron.core")),
            ("peft_type", .string("LORA")),
            ("qalora_group_size", .number(16)),
            ("r", .number(Double(adapter.rank))),
            ("rank_pattern", pattern(adapter.rankPattern)),
            ("use_dora", .bool(adapter.family == .dora)),
            ("use_qalora", .bool(false)),
            ("use_rslora", .bool(adapter.isRankStabilised)),
        ]
    }

    private static func rotation(_ adapter: AdapterSettings) -> [(String, JSONValue)] {
        [
            ("block_share", .bool(false)),
            ("coft", .bool(adapter.oft.isConstrained)),
            ("eps", .number(adapter.oft.epsilon)),
            ("init_weights", .bool(true)),
            ("module_dropout", .number(0)),
            ("num_cayley_neumann_terms", .number(5)),
            ("oft_block_size", .number(Double(adapter.oft.blockSize))),
            ("peft_type", .string("OFT")),
            ("r", .number(0)),
            ("use_cayley_neumann", .bool(true)),
        ]
    }

    private static func pattern(_ entries: [PatternSetting]) -> JSONValue {
        var object = JSONObject()
        for entry in entries { object.set(entry.pattern, .number(entry.value)) }
        return .object(object)
    }
}
