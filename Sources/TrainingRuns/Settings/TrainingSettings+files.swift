// SPDX-License-Identifier: Apache-2.0

package import AdapterFormats

extension TrainingSettings {
    /// Names that other tools write and that have no effect there either, or none on a run: kept, not warned about.
    private static let inertKeys: Set<String> = [
        "config", "subcommand", "yes", "plain", "preprocess", "preprocess_only", "use_dora", "mixed_precision",
        "log_every_n_steps", "vram_profile", "pin_memory_device", "data_proportion", "is_turbo", "fisher_runs",
        "fisher_batches_per_run", "convergence_patience", "timestep_focus", "rank_min", "rank_max", "ignore_fisher_map",
        "audio_dir", "dataset_json", "tensor_output", "max_duration", "normalize", "target_db", "target_lufs",
        "resume_from", "strict_resume", "name", "description", "lumina_version", "created_at", "dataset",
    ]

    /// The settings of `training_args.json`, `training_config.json`, a `--config` file or the fields of a preset.
    ///
    /// What the file does not say keeps the default. All values that cannot be used are reported together.
    ///
    /// - Parameters:
    ///   - object: the file's object.
    ///   - source: what the object is, for messages.
    ///   - warnings: receives a sentence that names unknown keys.
    /// - Throws: `TrainingRunsError.settings`.
    package init(_ object: JSONObject, source: String, warnings: inout [String]) throws(TrainingRunsError) {
        self.init()
        try merge(object, source: source, warnings: &warnings)
    }

    /// Takes over what a file says and leaves the rest as it is.
    ///
    /// - Parameters:
    ///   - object: the file's object.
    ///   - source: what the object is, for messages.
    ///   - warnings: receives a sentence that names unknown keys.
    /// - Throws: `TrainingRunsError.settings`; then nothing is changed.
    package mutating func merge(
        _ object: JSONObject,
        source: String,
        warnings: inout [String]
    ) throws(TrainingRunsError) {
        var result = self
        var problems: [String] = []
        var unknown: [String] = []
        for key in object.keys {
            guard let value = object[key] else { continue }
            guard let field = SettingField.named(key) else {
                result.others.set(key, value)
                if !Self.inertKeys.contains(key), !key.hasPrefix("_") { unknown.append(key) }
                continue
            }
            if value == .null { continue }
            if !field.set(&result, value) {
                problems.append("'\(key)' is \(JSONText.short(value)); it must be \(field.expectation)")
            }
        }
        result.readUseDoRA(object)
        guard problems.isEmpty else { throw .settings(source: source, problems: problems) }
        if !unknown.isEmpty {
            let names = unknown.map { "'\($0)'" }.joined(separator: ", ")
            warnings.append(
                "\(source): \(names) \(unknown.count == 1 ? "is no setting" : "are no settings") of training"
            )
        }
        self = result
    }

    /// Older files say `use_dora` where newer ones say the adapter's type.
    private mutating func readUseDoRA(_ object: JSONObject) {
        if object["adapter_type"] == nil, object["adapter"] == nil, object["use_dora"] == .bool(true) {
            adapter.family = .dora
        }
        others.remove("use_dora")
    }

    /// What `training_args.json` holds: every setting under the name of its option, and what was kept of other tools.
    ///
    /// Shift and sampling steps are the ones that generation is to use, filled in from the variant.
    package var arguments: JSONObject {
        var object = JSONObject()
        for field in SettingField.all { object.set(field.key, field.get(self)) }
        object.set("shift", recordedShift.json)
        object.set("num_inference_steps", recordedInferenceSteps.json)
        // The family's own names too, for readers that know only those.
        switch adapter.family {
        case .lokr:
            object.set("lokr_linear_dim", adapter.effectiveRank.json)
            object.set("lokr_linear_alpha", adapter.effectiveAlpha.json)
        case .loha:
            object.set("loha_linear_dim", adapter.effectiveRank.json)
            object.set("loha_linear_alpha", adapter.effectiveAlpha.json)
        case .lora, .dora, .oft: break
        }
        for key in others.keys { if let value = others[key], object[key] == nil { object.set(key, value) } }
        return object
    }

    /// The bytes of `training_args.json`.
    package var argumentsFile: [UInt8] { JSONText.pretty(.object(arguments)) }
}
