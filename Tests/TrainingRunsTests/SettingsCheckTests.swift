// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import Foundation
import TestSupport
import Testing
import TrainingRuns

@Suite("Checks before a run")
struct SettingsCheckTests {
    private func check(_ change: (inout TrainingSettings) -> Void) -> SettingsCheck {
        var settings = TrainingSettings()
        change(&settings)
        return SettingsCheck(settings)
    }

    @Test("The defaults and all presets can be run")
    func defaults() throws {
        #expect(check { _ in }.problems.isEmpty)
        #expect(check { _ in }.warnings.isEmpty, "\(check { _ in }.warnings)")
        for preset in Preset.builtIn {
            var settings = TrainingSettings()
            var warnings: [String] = []
            try settings.merge(preset.fields, source: preset.name, warnings: &warnings)
            #expect(warnings.isEmpty)
            #expect(SettingsCheck(settings).problems.isEmpty, "\(preset.name)")
            #expect(SettingsCheck(settings).warnings.isEmpty, "\(preset.name): \(SettingsCheck(settings).warnings)")
        }
    }

    @Test("A learning rate of 0, below it, above 1 or none is refused; an unusual one is warned about")
    func learningRate() {
        for rate in [0, -1e-4, 1.5, .nan, .infinity] {
            #expect(check { $0.optimization.learningRate = rate }.problems.count == 1, "\(rate)")
        }
        for rate in [1e-8, 0.01, 1] {
            let check = check { $0.optimization.learningRate = rate }
            #expect(check.problems.isEmpty, "\(rate)")
            #expect(check.warnings.contains { $0.contains("unusual") }, "\(rate)")
        }
    }

    @Test("All problems are reported together")
    func together() {
        let check = check {
            $0.optimization.learningRate = 0
            $0.optimization.batchSize = 0
            $0.adapter.rank = 2000
            $0.data.validationShare = 0.9
            $0.stopping.targetFloor = 0
        }
        #expect(check.problems.count == 5, "\(check.problems)")
        do {
            try check.validate()
            Issue.record("nothing was refused")
        } catch {
            let lines = "\(error)".split(separator: "\n")
            #expect(lines.count == 6)
            #expect(lines.contains { $0.contains("--rank is 2000; it must be 1 to 1024") })
        }
    }

    @Test(
        "Each bound is kept",
        arguments: [
            ("batch_size", "0"), ("gradient_accumulation", "0"), ("epochs", "0"), ("max_steps", "-1"),
            ("max_grad_norm", "0"),
            ("weight_decay", "-0.1"), ("ema_decay", "1"), ("seed", "-1"), ("warmup_steps", "-1"),
            ("warmup_start_factor", "0"), ("cosine_eta_min_ratio", "1.1"), ("cosine_restarts_count", "0"),
            ("adaptive_timestep_ratio", "1.1"), ("cfg_ratio", "-0.1"), ("timestep_sigma", "0"), ("shift", "0"),
            ("num_inference_steps", "0"), ("snr_gamma", "0"), ("rank", "0"), ("alpha", "0.5"), ("dropout", "1"),
            ("num_workers", "-1"), ("dataset_repeats", "0"), ("val_split", "0.6"), ("chunk_decay_every", "-1"),
            ("max_latent_length", "-1"), ("chunk_duration", "9"), ("crop_mode", "half"), ("save_every", "0"),
            ("keep_checkpoints", "-1"), ("log_every", "0"), ("log_heavy_every", "-1"), ("save_best_after", "-1"),
            ("save_best_every_n_steps", "-1"), ("early_stop_patience", "-1"), ("target_loss", "-1"),
            ("target_loss_floor", "1.1"), ("target_loss_warmup", "-1"), ("target_loss_smoothing", "1"),
            ("optimizer_type", "prodigy"), ("optimizer_type", "adafactor"), ("scheduler_type", "custom"),
            ("device", "mps"), ("precision", "fp16"),
        ]
    )
    func bounds(key: String, value: String) throws {
        let field = try #require(SettingField.named(key))
        var settings = TrainingSettings()
        #expect(field.set(&settings, .string(value)))
        #expect(SettingsCheck(settings).problems.count == 1, "\(SettingsCheck(settings).problems)")
    }

    @Test("What is not implemented is refused with the other problems")
    func missing() {
        let check = check {
            $0.model.variant = "base"
            $0.optimization.batchSize = 4
            $0.timesteps.adaptiveRatio = 0.5
            $0.model.device = "tpu"
        }
        #expect(check.problems.count == 2 && check.problems.contains { $0.contains("--adaptive-timestep-ratio") })
    }

    @Test("Choices without effect are said")
    func inert() {
        func warns(_ text: String, _ change: (inout TrainingSettings) -> Void) {
            let check = check(change)
            #expect(check.problems.isEmpty, "\(check.problems)")
            #expect(check.warnings.contains { $0.contains(text) }, "\(check.warnings)")
        }
        warns("OFT") {
            $0.adapter.family = .oft
            $0.adapter.rank = 16
        }
        warns("wraps every layer") {
            $0.adapter.family = .lokr
            $0.adapter.includesMLP = false
        }
        warns("trains nothing") { $0.adapter.bias = .all }
        warns("turbo") {
            $0.model.variant = "turbo"
            $0.timesteps.adaptiveRatio = 0.5
        }
        warns("is no sample") {
            $0.model.variant = "base"
            $0.timesteps.adaptiveRatio = 0.5
        }
        warns("there will be none") { $0.optimization.epochs = 100 }
        warns("AdamW in float32") { $0.optimization.optimizer = .adamW8bit }
        warns("short") { $0.data.chunkDuration = 20 }
    }

    @Test("A bad formula is one problem among the others")
    func formula() {
        let check = check {
            $0.schedule.kind = .custom
            $0.schedule.formula = "base_lr *"
            $0.optimization.epochs = 0
        }
        #expect(check.problems.count == 2)
        #expect(check.problems.contains { $0.contains("formula 'base_lr *'") })
    }

    @Test("Folders that are missing or hold the wrong things are named with the way out")
    func places() throws {
        let directory = try TemporaryDirectory()
        var settings = TrainingSettings()
        let nothing = PlaceCheck.check(settings).problems
        #expect(nothing.contains { $0.contains("--dataset-dir is missing") })
        #expect(nothing.contains { $0.contains("--output-dir is missing") })
        settings.output.directory = directory.path(of: "out")
        settings.data.directory = directory.path(of: "none")
        #expect(PlaceCheck.check(settings).problems.contains { $0.contains("there is no such folder") })
        let data = directory.path(of: "data")
        try TemporaryDirectory.create(data)
        settings.data.directory = data
        #expect(PlaceCheck.check(settings).problems.contains { $0.contains("holds no tensors") })
        try directory.write("x", to: "data/song.tmp.pt")
        #expect(PlaceCheck.check(settings).problems.contains { $0.contains("holds no tensors") })
        try directory.write("x", to: "data/song.MP3")
        #expect(PlaceCheck.check(settings).problems.contains { $0.contains("preprocess it first") })
        try directory.write("x", to: "data/song.safetensors")
        #expect(PlaceCheck.check(settings).problems.isEmpty, "\(PlaceCheck.check(settings).problems)")
        try directory.write("{\"model_variant\": \"acestep-v15-turbo\"}", to: "data/preprocess_meta.json")
        settings.model.variant = "turbo"
        #expect(PlaceCheck.check(settings).warnings.isEmpty)
        settings.model.variant = "base"
        #expect(PlaceCheck.check(settings).warnings.contains { $0.contains("made with 'acestep-v15-turbo'") })
    }

    @Test("Models, results and states that are not there are named")
    func models() throws {
        let directory = try TemporaryDirectory()
        try TemporaryDirectory.create(directory.path(of: "data"))
        try directory.write("x", to: "data/song.pt")
        var settings = TrainingSettings()
        settings.data.directory = directory.path(of: "data")
        settings.output.directory = try directory.write("x", to: "file")
        #expect(PlaceCheck.check(settings).problems.contains { $0.contains("is a file") })
        settings.output.directory = directory.path(of: "out")
        settings.model.checkpoint = directory.path(of: "models")
        #expect(PlaceCheck.check(settings).problems.contains { $0.contains("nothing is there") })
        try TemporaryDirectory.create(directory.path(of: "models/acestep-v15-base"))
        settings.model.variant = "turbo"
        #expect(PlaceCheck.check(settings).problems.contains { $0.contains("there are acestep-v15-base") })
        settings.model.variant = "base"
        #expect(PlaceCheck.check(settings).problems.isEmpty)
        settings.model.precision = .float16
        settings.resume.path = directory.path(of: "state")
        #expect(PlaceCheck.check(settings).problems.count == 2)
    }
}
