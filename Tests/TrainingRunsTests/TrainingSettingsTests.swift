// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import Foundation
import TestSupport
import Testing
import TrainingRuns

@Suite("Settings of a run")
struct TrainingSettingsTests {
    private func read(_ text: String) throws -> (settings: TrainingSettings, warnings: [String]) {
        var warnings: [String] = []
        let object = try JSONParser.parseObject(Array(text.utf8), source: "file")
        let settings = try TrainingSettings(object, source: "file", warnings: &warnings)
        return (settings, warnings)
    }

    private func parsed(_ bytes: [UInt8]) throws -> JSONObject { try JSONParser.parseObject(bytes, source: "file") }

    /// Settings that differ from the defaults in every field that a file holds.
    private func unusual() throws -> TrainingSettings {
        var settings = TrainingSettings()
        for field in SettingField.all {
            let value = field.get(settings)
            let other: JSONValue
            switch (field.key, value) {
            case ("adapter_type", _): other = .string("lokr")
            case ("attention_type", _): other = .string("cross")
            case ("bias", _): other = .string("all")
            case ("precision", _): other = .string("fp32")
            case ("optimizer_type", _): other = .string("prodigy")
            case ("scheduler_type", _): other = .string("custom")
            case ("timestep_mode", _): other = .string("discrete")
            case ("loss_weighting", _): other = .string("min_snr")
            case ("model_variant", _): other = .string("acestep-v15-turbo")
            case ("rank_pattern", _), ("alpha_pattern", _):
                var object = JSONObject()
                object.set("layers.3.*", .number(8))
                object.set("a", .number(16))
                other = .object(object)
            case ("self_target_modules", _), ("cross_target_modules", _): other = .array([.string("q_proj")])
            case (_, .bool(let value)): other = .bool(!value)
            case (_, .number(let number)): other = .number(number + 3)
            case (_, .string): other = .string("some text")
            case (_, .array): other = .array([.string("k_proj"), .string("o_proj")])
            case ("checkpoint_dir", .null), ("dataset_dir", .null), ("output_dir", .null), ("run_name", .null),
                ("log_dir", .null), ("crop_mode", .null):
                other = .string("/some/place")
            case (_, .null): other = .number(7)
            case (_, .object): other = value
            }
            #expect(field.set(&settings, other), "\(field.key)")
            #expect(field.get(settings) == other, "\(field.key)")
        }
        return settings
    }

    @Test("Every setting survives training_args.json, unknown keys too")
    func roundTrip() throws {
        var settings = try unusual()
        settings.others.set("their_own", .array([.number(1), .null]))
        settings.others.set("_private", .string("x"))
        var warnings: [String] = []
        let object = try parsed(settings.argumentsFile)
        let read = try TrainingSettings(object, source: "file", warnings: &warnings)
        #expect(read == settings)
        #expect(warnings == ["file: 'their_own' is no setting of training"])
        #expect(try parsed(read.argumentsFile) == object)
    }

    @Test("The defaults are Side-Step's")
    func defaults() throws {
        let object = TrainingSettings().arguments
        let expected: [(String, JSONValue)] = [
            ("learning_rate", .number(3e-4)), ("batch_size", .number(1)), ("gradient_accumulation", .number(4)),
            ("epochs", .number(1000)), ("warmup_steps", .number(100)), ("weight_decay", .number(0.01)),
            ("max_grad_norm", .number(1)), ("seed", .number(42)), ("rank", .number(64)), ("alpha", .number(128)),
            ("dropout", .number(0.1)), ("attention_type", .string("both")), ("target_mlp", .bool(true)),
            ("cfg_ratio", .number(0.15)), ("snr_gamma", .number(5)), ("save_every", .number(50)),
            ("save_best_after", .number(200)), ("log_every", .number(10)), ("log_heavy_every", .number(50)),
            ("warmup_start_factor", .number(0.1)), ("cosine_eta_min_ratio", .number(0.01)),
            ("cosine_restarts_count", .number(4)), ("scheduler_type", .string("cosine")),
            ("oft_block_size", .number(64)), ("oft_eps", .number(6e-5)), ("lokr_factor", .number(-1)),
            ("target_loss_smoothing", .number(0.98)), ("chunk_decay_every", .number(10)), ("val_split", .number(0)),
        ]
        for (key, value) in expected { #expect(object[key] == value, "\(key)") }
    }

    @Test("Shift and steps are the variant's unless they are meant")
    func variants() throws {
        func recorded(_ variant: String?, shift: Double? = nil, steps: Int? = nil) -> [Double] {
            var settings = TrainingSettings()
            settings.model.variant = variant
            settings.timesteps.shift = shift
            settings.timesteps.inferenceSteps = steps
            return [settings.recordedShift, Double(settings.recordedInferenceSteps)]
        }
        #expect(recorded("turbo") == [3, 8])
        #expect(recorded("xl-turbo") == [3, 8])
        #expect(recorded("acestep-v15-xl-sft") == [1, 50])
        #expect(
            recorded("base", shift: 3, steps: 8) == [1, 50],
            "turbo's numbers are nobody's choice for a base model"
        )
        #expect(recorded("base", shift: 2, steps: 30) == [2, 30])
        #expect(recorded("turbo", shift: 2.5, steps: 12) == [2.5, 12])
        #expect(recorded("my-model") == [3, 8])
        #expect(recorded("my-model", steps: 50) == [1, 50])
        var settings = TrainingSettings()
        settings.model.checkpoint = "/turbo/models/acestep-v15-base/"
        #expect(settings.recordedInferenceSteps == 50, "the folder's own name counts")
    }

    @Test("Other spellings of names and values are understood")
    func spellings() throws {
        let (settings, warnings) = try read(
            """
            {"lr": "1e-4", "grad-accum": 2.0, "max_epochs": "50", "scheduler": "linear", "early_stop": 3, "model": "sft",
             "target_modules_str": "q_proj v_proj", "self-projections": ["k_proj"], "save_every_n_epochs": 5,
             "gradient_checkpointing": "no", "target_mlp": 0, "chunk_duration": "", "max_latent_length": null,
             "yes": true, "mixed_precision": "bf16", "_note": 1, "fisher_runs": 2}
            """
        )
        #expect(warnings.isEmpty, "\(warnings)")
        #expect(settings.optimization.learningRate == 1e-4)
        #expect(settings.optimization.accumulation == 2)
        #expect(settings.optimization.epochs == 50)
        #expect(settings.schedule.kind == .linear)
        #expect(settings.stopping.patience == 3)
        #expect(settings.model.variant == "sft")
        #expect(settings.adapter.targets == ["q_proj", "v_proj"])
        #expect(settings.adapter.selfTargets == ["k_proj"])
        #expect(settings.output.saveInterval == 5)
        #expect(!settings.optimization.usesCheckpointing)
        #expect(!settings.adapter.includesMLP)
        #expect(settings.data.chunkDuration == nil)
    }

    @Test("Everything that cannot be meant is reported at once and nothing is taken")
    func problems() throws {
        var settings = TrainingSettings()
        settings.optimization.epochs = 7
        let before = settings
        let text = """
            {"epochs": 9, "rank": 4.5, "lr": "fast", "adapter_type": "lorra", "target_mlp": "maybe", "alpha": NaN,
             "target_modules": [1], "rank_pattern": {"a": 0}, "dataset_dir": 3, "seed": 1e30, "dropout": "0x10"}
            """
        var warnings: [String] = []
        let object = try JSONParser.parseObject(Array(text.utf8), source: "file")
        let error = #expect(throws: TrainingRunsError.self) {
            try settings.merge(object, source: "mine.json", warnings: &warnings)
        }
        guard case .settings(let source, let problems)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(source == "mine.json")
        #expect(problems.count == 10, "\(problems)")
        #expect(problems.contains { $0.contains("'adapter_type'") && $0.contains("lora, dora, lokr, loha, oft") })
        #expect(problems.contains { $0.contains("'rank' is 4.5; it must be a whole number") })
        #expect(settings == before)
    }

    @Test("training_config.json has Side-Step's names, and reads back")
    func configuration() throws {
        var settings = TrainingSettings()
        settings.model.variant = "base"
        settings.optimization.epochs = 77
        settings.optimization.learningRate = 5e-5
        settings.resume.path = "somewhere"
        let object = try parsed(settings.configurationFile)
        let expected: [(String, JSONValue)] = [
            ("max_epochs", .number(77)), ("gradient_accumulation_steps", .number(4)), ("is_turbo", .bool(false)),
            ("shift", .number(1)), ("num_inference_steps", .number(50)), ("timestep_mu", .number(-0.4)),
            ("data_proportion", .number(0.5)), ("mixed_precision", .string("bf16")), ("model_variant", .string("base")),
            ("resume_from", .string("somewhere")), ("strict_resume", .bool(true)), ("chunk_duration", .null),
        ]
        for (key, value) in expected { #expect(object[key] == value, "\(key)") }
        #expect(object.keys.first == "shift")
        var warnings: [String] = []
        let read = try TrainingSettings(object, source: "file", warnings: &warnings)
        #expect(warnings.isEmpty, "\(warnings)")
        #expect(read.optimization == settings.optimization)
    }

    @Test("The settings of a folder are found, ours or Side-Step's")
    func savedRuns() throws {
        let directory = try TemporaryDirectory()
        var warnings: [String] = []
        #expect(try SavedRun.settings(in: directory.path, warnings: &warnings) == nil)
        for family in AdapterSettings.Family.allCases {
            var settings = TrainingSettings()
            settings.adapter.family = family
            settings.adapter.rank = 24
            settings.adapter.alpha = 48
            settings.adapter.oft.blockSize = 32
            settings.adapter.attention = .selfOnly
            settings.adapter.includesMLP = family == .lora
            try directory.write(settings.configurationFile, to: "training_config.json")
            try directory.write(settings.adapterFile, to: "sidestep_adapter_config.json")
            let read = try #require(try SavedRun.settings(in: directory.path, warnings: &warnings))
            #expect(read.adapter.family == family)
            #expect(read.adapter.targetModules == settings.adapter.targetModules, "\(family)")
            if family != .oft { #expect(read.adapter.effectiveRank == 24, "\(family)") }
            if family != .oft { #expect(read.adapter.effectiveAlpha == 48, "\(family)") }
            if family == .oft { #expect(read.adapter.oft == settings.adapter.oft) }
        }
        #expect(warnings.isEmpty, "\(warnings)")
        var own = TrainingSettings()
        own.optimization.seed = 5
        try directory.write(own.argumentsFile, to: "training_args.json")
        #expect(try SavedRun.settings(in: directory.path, warnings: &warnings)?.optimization.seed == 5)
        let file = directory.path(of: "training_args.json")
        #expect(try SavedRun.folder(of: file) == directory.path)
        #expect(try SavedRun.folder(of: directory.path + "/") == directory.path)
        #expect(throws: TrainingRunsError.self) { try SavedRun.folder(of: directory.path(of: "none")) }
    }

    @Test("Targets follow attention, lists and the feed-forward parts")
    func targets() {
        var adapter = AdapterSettings()
        #expect(adapter.targetModules == AdapterSettings.defaultTargets + AdapterSettings.feedForwardTargets)
        adapter.includesMLP = false
        adapter.attention = .selfOnly
        adapter.targets = ["q_proj", "cross_attn.k_proj"]
        #expect(adapter.targetModules == ["self_attn.q_proj", "cross_attn.k_proj"])
        adapter.attention = .both
        adapter.targets = ["q_proj", "v_proj"]
        adapter.crossTargets = ["o_proj"]
        #expect(adapter.targetModules == ["self_attn.q_proj", "self_attn.v_proj", "cross_attn.o_proj"])
    }

    @Test("Metadata of single-file adapters has the keys that LyCORIS files have")
    func metadata() throws {
        var settings = TrainingSettings()
        settings.adapter.family = .lokr
        let lokr = try parsed(Array(settings.lycorisMetadata.utf8))
        #expect(
            Set(lokr.keys) == [
                "linear_dim", "linear_alpha", "factor", "decompose_both", "use_tucker", "use_scalar",
                "weight_decompose",
                "target_modules", "full_matrix", "bypass_mode", "rs_lora", "unbalanced_factorization", "attention_type",
                "target_mlp",
            ]
        )
        settings.adapter.family = .loha
        let loha = try parsed(Array(settings.lycorisMetadata.utf8))
        #expect(
            Set(lokr.keys).subtracting(loha.keys) == ["decompose_both", "weight_decompose", "unbalanced_factorization"]
        )
    }
}
