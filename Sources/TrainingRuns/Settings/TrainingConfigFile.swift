// SPDX-License-Identifier: Apache-2.0

import AdapterFormats

/// The two files that Side-Step's pages and tools look for in a run's folder.
extension TrainingSettings {
    /// Where a value of `training_config.json` comes from.
    private enum Source {
        case setting(String)
        case constant(JSONValue)
    }

    /// The keys of `training_config.json` in their order; most are those of ``SettingField``.
    private static let configuration: [(key: String, source: Source)] = {
        func same(_ keys: String) -> [(String, Source)] {
            keys.split(whereSeparator: \.isWhitespace).map { (String($0), .setting(String($0))) }
        }
        var list = same("shift num_inference_steps learning_rate batch_size")
        list.append(("gradient_accumulation_steps", .setting("gradient_accumulation")))
        list.append(("max_epochs", .setting("epochs")))
        list.append(("save_every_n_epochs", .setting("save_every")))
        list += same("warmup_steps weight_decay max_grad_norm")
        list.append(("mixed_precision", .constant(.string("bf16"))))
        list += same("seed output_dir num_workers pin_memory prefetch_factor persistent_workers")
        list.append(("pin_memory_device", .constant(.string(""))))
        list.append(("log_every_n_steps", .constant(.number(10))))
        list += same("val_split optimizer_type scheduler_type scheduler_formula gradient_checkpointing")
        list += same("gradient_checkpointing_ratio offload_encoder")
        list.append(("vram_profile", .constant(.string("auto"))))
        list += same("adapter_type cfg_ratio timestep_mode timestep_mu timestep_sigma")
        list.append(("data_proportion", .constant(.number(0.5))))
        list += same("loss_weighting snr_gamma")
        list.append(("is_turbo", .setting("is_turbo")))
        list += same("model_variant checkpoint_dir dataset_dir device precision")
        list.append(("resume_from", .setting("resume_from")))
        list.append(("strict_resume", .setting("strict_resume")))
        list += same("run_name save_best save_best_after early_stop_patience")
        list += same("target_loss target_loss_floor target_loss_warmup target_loss_smoothing")
        list += same("log_dir log_every log_heavy_every")
        list += same("chunk_duration max_latent_length crop_mode chunk_decay_every dataset_repeats max_steps")
        list += same("save_best_every_n_steps ema_decay adaptive_timestep_ratio")
        list += same("warmup_start_factor cosine_eta_min_ratio cosine_restarts_count")
        return list
    }()

    /// What `training_config.json` holds: the run under the names of Side-Step's own file.
    package var configurationFile: [UInt8] {
        let arguments = arguments
        let variant = variant
        var object = JSONObject()
        for (key, source) in Self.configuration {
            switch source {
            case .constant(let value): object.set(key, value)
            case .setting("is_turbo"): object.set(key, .bool(variant.isTurbo))
            case .setting("timestep_mu"): object.set(key, .number(timesteps.mean ?? variant.timestepMean))
            case .setting("timestep_sigma"): object.set(key, .number(timesteps.deviation ?? variant.timestepDeviation))
            case .setting("resume_from"): object.set(key, resume.path.json)
            case .setting("strict_resume"): object.set(key, .bool(resume.isStrict))
            case .setting(let name): object.set(key, arguments[name] ?? .null)
            }
        }
        return JSONText.pretty(.object(object))
    }

    /// What `sidestep_adapter_config.json` holds: the adapter's shape, with the type that Side-Step leaves out.
    package var adapterFile: [UInt8] {
        var object = JSONObject()
        func set(_ key: String, _ value: some SettingValue) { object.set(key, value.json) }
        set("adapter_type", adapter.family)
        switch adapter.family {
        case .lora, .dora:
            set("r", adapter.rank)
            set("lora_alpha", adapter.alpha)
            set("lora_dropout", adapter.dropout)
            set("target_modules", adapter.targetModules)
            set("bias", adapter.bias)
            if !adapter.rankPattern.isEmpty { set("rank_pattern", adapter.rankPatternSettings) }
            if !adapter.alphaPattern.isEmpty { set("alpha_pattern", adapter.alphaPatternSettings) }
        case .oft:
            set("block_size", adapter.oft.blockSize)
            set("target_modules", adapter.targetModules)
            set("coft", adapter.oft.isConstrained)
            set("eps", adapter.oft.epsilon)
        case .lokr, .loha: for (key, value) in lycorisConfiguration { object.set(key, value) }
        }
        set("attention_type", adapter.attention)
        set("target_mlp", adapter.includesMLP)
        if adapter.family == .lora || adapter.family == .dora { set("use_dora", adapter.family == .dora) }
        return JSONText.pretty(.object(object))
    }

    /// The JSON of `lokr_config` or `loha_config` in the metadata of a single-file adapter.
    package var lycorisMetadata: String {
        var object = JSONObject()
        for (key, value) in lycorisConfiguration { object.set(key, value) }
        object.set("attention_type", adapter.attention.json)
        object.set("target_mlp", adapter.includesMLP.json)
        return JSONText.line(.object(object))
    }

    private var lycorisConfiguration: [(String, JSONValue)] {
        let isKronecker = adapter.family == .lokr
        var list: [(String, JSONValue)] = [
            ("linear_dim", adapter.effectiveRank.json),
            ("linear_alpha", adapter.effectiveAlpha.json),
            ("factor", (isKronecker ? adapter.lokr.factor : adapter.loha.factor).json),
        ]
        if isKronecker { list.append(("decompose_both", adapter.lokr.decomposesBoth.json)) }
        list.append(("use_tucker", (isKronecker ? adapter.lokr.usesTucker : adapter.loha.usesTucker).json))
        list.append(("use_scalar", (isKronecker ? adapter.lokr.usesScalar : adapter.loha.usesScalar).json))
        if isKronecker { list.append(("weight_decompose", adapter.lokr.decomposesWeight.json)) }
        list.append(("target_modules", adapter.targets.json))
        for key in ["full_matrix", "bypass_mode", "rs_lora"] { list.append((key, .bool(false))) }
        if isKronecker { list.append(("unbalanced_factorization", .bool(false))) }
        return list
    }
}
