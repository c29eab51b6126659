// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import Foundation
import TestSupport
import Testing
import TrainingRuns

@Suite("Going on from a state")
struct ResumeTests {
    private let dataset = DatasetIdentity(samples: [("a", 10, 100), ("b", 20, 200)])

    private func differences(
        saved: (inout TrainingSettings) -> Void = { _ in },
        now: (inout TrainingSettings) -> Void
    ) -> (refused: [String], notes: [String]) {
        var (before, current) = (TrainingSettings(), TrainingSettings())
        saved(&before)
        saved(&current)
        now(&current)
        do {
            return ([], try ResumeCheck.compare(saved: before, current: current, source: "epoch_5"))
        } catch TrainingRunsError.incompatible(let state, let differences) {
            #expect(state == "epoch_5")
            return (differences, [])
        } catch {
            Issue.record(error)
            return ([], [])
        }
    }

    @Test("Epochs, rates and intervals may change, and are told")
    func free() {
        let (refused, notes) = differences {
            $0.optimization.epochs = 2000
            $0.optimization.learningRate = 1e-4
            $0.schedule.warmupSteps = 10
            $0.output.saveInterval = 5
            $0.output.logInterval = 1
            $0.optimization.weightDecay = 0
        }
        #expect(refused.isEmpty)
        #expect(notes.count == 6, "\(notes)")
        #expect(notes.contains("epochs was 1000, now it is 2000"))
        #expect(notes.contains("learning_rate was 0.0003, now it is 0.0001"))
        #expect(differences { $0.output.directory = "elsewhere" } == ([], []), "places are no difference")
    }

    @Test(
        "Model, adapter, data, optimizer, batch and seed may not",
        arguments: [
            ("model_variant", "xl-sft"), ("adapter_type", "dora"), ("rank", "32"), ("alpha", "64"),
            ("target_modules", "q_proj"), ("attention_type", "self"), ("target_mlp", "false"), ("batch_size", "2"),
            ("gradient_accumulation", "2"), ("seed", "7"), ("optimizer_type", "adafactor"), ("val_split", "0.1"),
            ("dataset_repeats", "2"), ("use_rslora", "true"),
        ]
    )
    func fixed(key: String, value: String) throws {
        let field = try #require(SettingField.named(key))
        for isStrict in [true, false] {
            let (refused, _) = differences(
                saved: { $0.resume.isStrict = isStrict },
                now: { settings in
                    let isSet = field.set(&settings, .string(value))
                    #expect(isSet)
                }
            )
            #expect(refused.count == 1, "\(refused)")
            #expect(refused.first?.hasPrefix("\(key) was ") == true)
        }
    }

    @Test("What makes another run of it is refused unless the user insists")
    func strict() {
        func change(_ settings: inout TrainingSettings) {
            settings.schedule.kind = .linear
            settings.loss.weighting = .minimumSNR
            settings.optimization.averageDecay = 0.99
        }
        let (refused, _) = differences(now: change)
        #expect(refused.count == 3)
        #expect(refused.allSatisfy { $0.contains("--no-strict-resume") })
        let (none, notes) = differences(saved: { $0.resume.isStrict = false }, now: change)
        #expect(none.isEmpty)
        #expect(notes.count == 3)
    }

    @Test("What has no effect is no difference")
    func inert() {
        let unchanged: [((inout TrainingSettings) -> Void, (inout TrainingSettings) -> Void)] = [
            ({ _ in }, { $0.timesteps.mean = -0.4 }),
            ({ _ in }, { $0.optimization.optimizer = .adamW8bit }),
            ({ _ in }, { $0.data.chunkDuration = 0 }),
            ({ $0.model.variant = "turbo" }, { $0.model.variant = "acestep-v15-turbo" }),
            ({ _ in }, { $0.adapter.lokr.factor = 8 }),
            ({ $0.adapter.family = .lokr }, { $0.adapter.targets = ["q_proj"] }),
            ({ $0.adapter.family = .loha }, { $0.adapter.loha.dimension = 64 }),
            ({ $0.adapter.family = .oft }, { $0.adapter.rank = 8 }),
            ({ _ in }, { $0.schedule.formula = "base_lr" }),
        ]
        for (number, (saved, now)) in unchanged.enumerated() {
            let (refused, notes) = differences(saved: saved, now: now)
            #expect(refused.isEmpty && notes.isEmpty, "\(number): \(refused + notes)")
        }
        #expect(
            differences(saved: { $0.adapter.family = .lokr }, now: { $0.adapter.lokr.factor = 8 }).refused.count == 1
        )
        #expect(
            differences(saved: { $0.adapter.family = .oft }, now: { $0.adapter.oft.blockSize = 8 }).refused.count == 1
        )
    }

    @Test("Other data and another base are refused by name")
    func identities() throws {
        let state = RunState(settings: TrainingSettings(), dataset: dataset, base: "turbo 123")
        try ResumeCheck.compare(state, dataset: dataset, base: "turbo 123", source: "x")
        func refused(_ dataset: DatasetIdentity, _ base: String) -> String {
            do {
                try ResumeCheck.compare(state, dataset: dataset, base: base, source: "x")
                return ""
            } catch {
                return "\(error)"
            }
        }
        #expect(refused(dataset, "base 456").contains("the base was turbo 123, now it is base 456"))
        let fewer = DatasetIdentity(samples: [("a", 10, 100)])
        #expect(refused(fewer, "turbo 123").contains("had 2 samples, now it has 1"))
        for other in [("b", 20, 201), ("c", 20, 200), ("b", 21, 200)] {
            let changed = DatasetIdentity(samples: [("a", 10, 100), other])
            #expect(refused(changed, "turbo 123").contains("are not those"), "\(other)")
        }
    }

    @Test("A state goes through its file unchanged, with the settings in it")
    func state() throws {
        var settings = TrainingSettings()
        settings.adapter.family = .dora
        settings.adapter.rankPattern = [PatternSetting(pattern: "layers.1.*", value: 4)]
        var state = RunState(settings: settings, dataset: dataset, base: "turbo")
        state.epoch = 3
        state.step = 47
        state.batchesUsed = 5
        state.epochLosses = [0.1, 1.0 / 3, 1e-17]
        _ = state.tracker.finish(epoch: 300, loss: 0.25, settings.stopping)
        state.targetScale = 0.3
        let bytes = try state.encoded()
        let read = try RunState(bytes: bytes, source: "x")
        #expect(read == state)
        #expect(try read.encoded() == bytes)
        #expect(try read.settings(source: "x").adapter == settings.adapter)
    }

    @Test("Files that are no state say why")
    func damaged() throws {
        let good = String(
            decoding: try RunState(settings: TrainingSettings(), dataset: dataset, base: "b").encoded(),
            as: UTF8.self
        )
        func error(_ text: String) -> String {
            do {
                let state = try RunState(bytes: Array(text.utf8), source: "state.json")
                _ = try state.settings(source: "state.json")
                return ""
            } catch {
                return "\(error)"
            }
        }
        #expect(error(good).isEmpty)
        #expect(error("").contains("it is no JSON"))
        #expect(error(String(good.dropLast(20))).contains("it is no JSON"))
        #expect(error("{}").contains("is missing"))
        #expect(error(good.replacing("\"version\" : 1", with: "\"version\" : 2")).contains("version 2"))
        #expect(error(good.replacing("\"epoch\" : 0", with: "\"epoch\" : -1")).contains("negative"))
        #expect(error(good.replacing("\"global_step\" : 0", with: "\"global_step\" : \"x\"")).contains("'global_step'"))
        #expect(error(good.replacing("\"arguments\" : \"{", with: "\"arguments\" : \"")).contains("arguments"))
    }
}
