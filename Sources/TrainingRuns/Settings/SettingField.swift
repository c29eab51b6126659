// SPDX-License-Identifier: Apache-2.0

package import AdapterFormats

/// One setting under its names in files.
///
/// A single table serves `training_args.json`, `training_config.json`, presets, `--config` and the comparison of a resumed
/// run with its state.
package struct SettingField: Sendable {
    /// What a changed value means to a run that is resumed.
    package enum ResumeRule: Sendable {
        /// Nothing: the run goes on with the new one.
        case free
        /// Another run than the one that is resumed: refused unless the user insists.
        case strict
        /// State that fits no more, or other data: refused always.
        case fixed
    }

    /// The name in `training_args.json` and presets: that of Side-Step's option.
    package let key: String
    /// Other names that are read.
    package let aliases: [String]
    /// What a change means on resume.
    package let rule: ResumeRule
    /// Whether the setting is one of a place, which presets do not hold and which may differ from machine to machine.
    package let isPlace: Bool
    /// What a value has to be, for messages.
    package let expectation: String
    /// The value.
    package let get: @Sendable (TrainingSettings) -> JSONValue
    /// Sets the value; false where it is none.
    package let set: @Sendable (inout TrainingSettings, JSONValue) -> Bool

    init<Value: SettingValue>(
        _ key: String,
        _ path: any WritableKeyPath<TrainingSettings, Value> & Sendable,
        _ rule: ResumeRule,
        aliases: [String] = [],
        isPlace: Bool = false
    ) {
        self.key = key
        self.aliases = aliases
        self.rule = rule
        self.isPlace = isPlace
        expectation = Value.expectation
        get = { $0[keyPath: path].json }
        set = { settings, json in
            guard let value = Value.read(json) else { return false }
            settings[keyPath: path] = value
            return true
        }
    }

    /// The setting of a name, whichever of its names it is; dashes count as underscores.
    package static func named(_ name: String) -> SettingField? {
        byName[name.replacing("-", with: "_")]
    }

    private static let byName: [String: SettingField] = Dictionary(
        all.flatMap { field in ([field.key] + field.aliases).map { ($0, field) } },
        uniquingKeysWith: { first, _ in first }
    )

    /// All settings in the order of files.
    package static let all: [SettingField] =
        model + data + adapter + families + optimization + schedule + objective + output + stopping

    private static let model: [SettingField] = [
        SettingField("checkpoint_dir", \.model.checkpoint, .free, isPlace: true),
        SettingField("model_variant", \.model.variant, .fixed, aliases: ["model", "variant"], isPlace: true),
        SettingField("device", \.model.device, .free, isPlace: true),
        SettingField("precision", \.model.precision, .strict, isPlace: true),
    ]

    private static let data: [SettingField] = [
        SettingField("dataset_dir", \.data.directory, .free, isPlace: true),
        SettingField("num_workers", \.data.workers, .free, isPlace: true),
        SettingField("pin_memory", \.data.pinsMemory, .free, isPlace: true),
        SettingField("prefetch_factor", \.data.prefetch, .free, isPlace: true),
        SettingField("persistent_workers", \.data.keepsWorkers, .free, isPlace: true),
        SettingField("chunk_duration", \.data.chunkDuration, .strict),
        SettingField("max_latent_length", \.data.maximumLatentLength, .strict),
        SettingField("crop_mode", \.data.cropMode, .free),
        SettingField("chunk_decay_every", \.data.chunkDecayInterval, .strict),
        SettingField("dataset_repeats", \.data.repeats, .fixed),
        SettingField("val_split", \.data.validationShare, .fixed),
    ]

    private static let adapter: [SettingField] = [
        SettingField("adapter_type", \.adapter.family, .fixed, aliases: ["adapter"]),
        SettingField("rank", \.adapter.rank, .fixed, aliases: ["r", "lora_r"]),
        SettingField("alpha", \.adapter.alpha, .fixed, aliases: ["lora_alpha"]),
        SettingField("use_rslora", \.adapter.isRankStabilised, .fixed),
        SettingField("dropout", \.adapter.dropout, .strict, aliases: ["lora_dropout"]),
        SettingField("target_modules", \.adapter.targets, .fixed, aliases: ["target_modules_str", "projections"]),
        SettingField(
            "self_target_modules",
            \.adapter.selfTargets,
            .fixed,
            aliases: ["self_target_modules_str", "self_projections"]
        ),
        SettingField(
            "cross_target_modules",
            \.adapter.crossTargets,
            .fixed,
            aliases: ["cross_target_modules_str", "cross_projections"]
        ),
        SettingField("attention_type", \.adapter.attention, .fixed),
        SettingField("target_mlp", \.adapter.includesMLP, .fixed),
        SettingField("bias", \.adapter.bias, .fixed),
        SettingField("rank_pattern", \.adapter.rankPatternSettings, .fixed),
        SettingField("alpha_pattern", \.adapter.alphaPatternSettings, .fixed),
    ]

    private static let families: [SettingField] = [
        SettingField("lokr_linear_dim", \.adapter.lokr.dimension, .fixed),
        SettingField("lokr_linear_alpha", \.adapter.lokr.alpha, .fixed),
        SettingField("lokr_factor", \.adapter.lokr.factor, .fixed),
        SettingField("lokr_decompose_both", \.adapter.lokr.decomposesBoth, .fixed),
        SettingField("lokr_use_tucker", \.adapter.lokr.usesTucker, .fixed),
        SettingField("lokr_use_scalar", \.adapter.lokr.usesScalar, .fixed),
        SettingField("lokr_weight_decompose", \.adapter.lokr.decomposesWeight, .fixed),
        SettingField("loha_linear_dim", \.adapter.loha.dimension, .fixed),
        SettingField("loha_linear_alpha", \.adapter.loha.alpha, .fixed),
        SettingField("loha_factor", \.adapter.loha.factor, .fixed),
        SettingField("loha_use_tucker", \.adapter.loha.usesTucker, .fixed),
        SettingField("loha_use_scalar", \.adapter.loha.usesScalar, .fixed),
        SettingField("oft_block_size", \.adapter.oft.blockSize, .fixed),
        SettingField("oft_coft", \.adapter.oft.isConstrained, .fixed),
        SettingField("oft_eps", \.adapter.oft.epsilon, .fixed),
    ]

    private static let optimization: [SettingField] = [
        SettingField("learning_rate", \.optimization.learningRate, .free, aliases: ["lr"]),
        SettingField("batch_size", \.optimization.batchSize, .fixed),
        SettingField(
            "gradient_accumulation",
            \.optimization.accumulation,
            .fixed,
            aliases: ["grad_accum", "gradient_accumulation_steps"]
        ),
        SettingField("epochs", \.optimization.epochs, .free, aliases: ["max_epochs"]),
        SettingField("max_steps", \.optimization.maximumSteps, .free),
        SettingField("weight_decay", \.optimization.weightDecay, .free),
        SettingField("max_grad_norm", \.optimization.maximumGradientNorm, .free),
        SettingField("seed", \.optimization.seed, .fixed),
        SettingField("optimizer_type", \.optimization.optimizer, .fixed, aliases: ["optimizer"]),
        SettingField("gradient_checkpointing", \.optimization.usesCheckpointing, .free),
        SettingField("gradient_checkpointing_ratio", \.optimization.checkpointingRatio, .free),
        SettingField("offload_encoder", \.optimization.offloadsEncoder, .free),
        SettingField("ema_decay", \.optimization.averageDecay, .strict),
    ]

    private static let schedule: [SettingField] = [
        SettingField("scheduler_type", \.schedule.kind, .strict, aliases: ["scheduler"]),
        SettingField("scheduler_formula", \.schedule.formula, .strict),
        SettingField("warmup_steps", \.schedule.warmupSteps, .free),
        SettingField("warmup_start_factor", \.schedule.warmupStart, .free),
        SettingField("cosine_eta_min_ratio", \.schedule.cosineFloor, .free),
        SettingField("cosine_restarts_count", \.schedule.restarts, .free),
    ]

    private static let objective: [SettingField] = [
        SettingField("timestep_mode", \.timesteps.mode, .strict),
        SettingField("timestep_mu", \.timesteps.mean, .strict),
        SettingField("timestep_sigma", \.timesteps.deviation, .strict),
        SettingField("adaptive_timestep_ratio", \.timesteps.adaptiveRatio, .strict),
        SettingField("cfg_ratio", \.timesteps.conditionDropout, .strict),
        SettingField("shift", \.timesteps.shift, .free),
        SettingField("num_inference_steps", \.timesteps.inferenceSteps, .free, aliases: ["inference_steps"]),
        SettingField("loss_weighting", \.loss.weighting, .strict),
        SettingField("snr_gamma", \.loss.gamma, .strict),
    ]

    private static let output: [SettingField] = [
        SettingField("output_dir", \.output.directory, .free, isPlace: true),
        SettingField("run_name", \.output.runName, .free, isPlace: true),
        SettingField("log_dir", \.output.logDirectory, .free, isPlace: true),
        SettingField("save_every", \.output.saveInterval, .free, aliases: ["save_every_n_epochs"]),
        SettingField("keep_checkpoints", \.output.keptCheckpoints, .free),
        SettingField("log_every", \.output.logInterval, .free),
        SettingField("log_heavy_every", \.output.heavyLogInterval, .free),
    ]

    private static let stopping: [SettingField] = [
        SettingField("save_best", \.stopping.savesBest, .free),
        SettingField("save_best_after", \.stopping.bestAfterEpoch, .free),
        SettingField("save_best_every_n_steps", \.stopping.bestStepInterval, .free),
        SettingField("early_stop_patience", \.stopping.patience, .free, aliases: ["early_stop"]),
        SettingField("target_loss", \.stopping.targetLoss, .free),
        SettingField("target_loss_floor", \.stopping.targetFloor, .free),
        SettingField("target_loss_warmup", \.stopping.targetWarmup, .free),
        SettingField("target_loss_smoothing", \.stopping.targetSmoothing, .free),
    ]
}

extension AdapterSettings {
    var rankPatternSettings: PatternSettings {
        get { PatternSettings(entries: rankPattern) }
        set { rankPattern = newValue.entries }
    }

    var alphaPatternSettings: PatternSettings {
        get { PatternSettings(entries: alphaPattern) }
        set { alphaPattern = newValue.entries }
    }
}
