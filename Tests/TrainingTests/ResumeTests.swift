// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing
import Training
import TrainingRuns

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

extension RunTests {
    /// What a resumed run must share with one that was never stopped.
    private static let files = [
        "training_state.safetensors", "adapter_model.safetensors", "lokr_weights.safetensors",
        "loha_weights.safetensors",
    ]

    private func expectSame(_ fixture: RunFixture, _ a: String, _ b: String) throws {
        var compared = 0
        for file in Self.files where fixture.exists("\(a)/\(file)") {
            #expect(try fixture.bytes("\(a)/\(file)") == fixture.bytes("\(b)/\(file)"), "\(file)")
            compared += 1
        }
        #expect(compared > 0)
    }

    private func change(_ family: AdapterSettings.Family) -> (inout TrainingSettings) -> Void {
        { settings in
            settings.adapter.family = family
            settings.optimization.averageDecay = 0.9
            settings.data.validationShare = 0.2
            settings.stopping.targetLoss = 0.5
            settings.stopping.targetWarmup = 1
        }
    }

    @Test(
        "A run resumed from a checkpoint ends as the one that went on, bit for bit",
        arguments: AdapterSettings.Family.allCases
    )
    func resumed(_ family: AdapterSettings.Family) throws {
        let fixture = try RunFixture()
        try fixture.run(fixture.settings("whole", change(family)))
        let resumed = fixture.settings("resumed") { settings in
            change(family)(&settings)
            settings.resume.path = fixture.directory.path(of: "whole/checkpoints/epoch_2/training_state.json")
        }
        let log = EventLog()
        #expect(try fixture.run(resumed, observer: log.add) == .completed)
        #expect(log.steps.first?.step == 5)
        try expectSame(fixture, "whole/checkpoints/epoch_4", "resumed/checkpoints/epoch_4")
        try expectSame(fixture, "whole/final", "resumed/final")
    }

    @Test("A run that a signal stops saves first and goes on bit for bit", arguments: [SIGTERM, SIGINT])
    func interrupted(_ number: Int32) throws {
        let fixture = try RunFixture()
        try fixture.run(fixture.settings("whole", change(.lora)))
        let stopped = fixture.settings("stopped", change(.lora))
        let outcome = try fixture.run(stopped) { event in
            if case .step(let report) = event, report.step == 3 { kill(getpid(), number) }
        }
        guard case .interrupted(signal: number, checkpoint: let folder?) = outcome else {
            Issue.record("it ended as \(outcome)")
            return
        }
        #expect(folder.hasSuffix("checkpoints/step_3"))
        #expect(!fixture.exists("stopped/final"))
        var resumed = stopped
        resumed.resume.path = folder
        #expect(try fixture.run(resumed) == .completed)
        try expectSame(fixture, "whole/checkpoints/epoch_4", "stopped/checkpoints/epoch_4")
        try expectSame(fixture, "whole/final", "stopped/final")
    }

    @Test("A state of another run is refused, with the difference named")
    func incompatible() throws {
        let fixture = try RunFixture()
        try fixture.run(fixture.settings("out"))
        let state = fixture.directory.path(of: "out/checkpoints/epoch_2")
        func failure(_ change: @escaping (inout TrainingSettings) -> Void) -> String {
            let settings = fixture.settings("again") { settings in
                change(&settings)
                settings.resume.path = state
            }
            do {
                _ = try fixture.run(settings)
                return "it ran"
            } catch {
                return "\(error)"
            }
        }
        #expect(failure { $0.adapter.rank = 4 }.contains("rank was 2, now it is 4"))
        #expect(failure { $0.optimization.seed = 7 }.contains("seed was 42, now it is 7"))
        #expect(failure { $0.model.variant = "base" }.contains("variant was"))
        let other = try RunFixture(songs: [31, 24])
        #expect(
            failure { $0.data.directory = other.directory.path(of: "songs") }.contains("had 5 samples, now it has 2")
        )
        try Data(repeating: 0, count: 9).write(to: URL(fileURLWithPath: state + "/training_state.safetensors"))
        #expect(failure { _ in }.contains("training_state.safetensors"))
        #expect(!fixture.exists("again/final"))
    }

    @Test("Weights without a state are gone on from, which is said, and the optimizer begins anew")
    func weightsAlone() throws {
        let fixture = try RunFixture()
        try fixture.run(fixture.settings("out"))
        let log = EventLog()
        let settings = fixture.settings("again") { settings in
            settings.resume.path = fixture.directory.path(of: "out/final")
            settings.optimization.learningRate = 1e-12
        }
        #expect(try fixture.run(settings, observer: log.add) == .completed)
        #expect(log.steps.first?.step == 1)
        let notices = log.all.compactMap { event in
            if case .notice(let text) = event { text } else { nil }
        }
        #expect(notices.contains { $0.contains("weights but no state") }, "\(notices)")
        let name = "/adapter_model.safetensors"
        let (before, after) = (
            try TensorFile(path: fixture.directory.path(of: "out/final" + name)),
            try TensorFile(path: fixture.directory.path(of: "again/final" + name))
        )
        #expect(before.tensors.keys == after.tensors.keys)
        for (key, entry) in before.tensors {
            let now = try after.entry(key).floats
            #expect(zip(entry.floats, now).allSatisfy { abs($0 - $1) < 1e-6 }, "\(key)")
        }
    }

    @Test("A loss that is no number is left out, and ten in a row end the run")
    func divergence() throws {
        let fixture = try RunFixture(songs: [16, 16, 16, 16])
        let log = EventLog()
        let settings = fixture.settings("out") {
            $0.optimization.learningRate = 1e30
            $0.optimization.epochs = 20
        }
        let outcome: String
        do {
            outcome = "\(try fixture.run(settings, observer: log.add))"
        } catch {
            outcome = "\(error)"
        }
        #expect(outcome.contains("no number") || outcome.contains("not finite"), "\(outcome)")
        #expect(!fixture.exists("out/final"))
    }
}

extension RunTests {
    @Test("Side-Step's checkpoint gives its weights, counts and each parameter its own moments")
    func foreign() throws {
        let source = try #require(Bundle.module.path(forResource: "sidestep", ofType: nil, inDirectory: "Fixtures"))
        let fixture = try RunFixture()
        let settings = fixture.settings("out") { settings in
            (settings.adapter.rank, settings.adapter.alpha, settings.adapter.dropout) = (2, 6, 0)
            (settings.adapter.attention, settings.adapter.includesMLP) = (.selfOnly, false)
            settings.optimization.epochs = 3
            settings.optimization.weightDecay = 0
            // The weights stay what they are, and the few clipped gradients are nothing beside such moments.
            settings.optimization.learningRate = 1e-12
            settings.output.saveInterval = 1
            settings.resume.path = source
        }
        let log = EventLog()
        #expect(try fixture.run(settings, observer: log.add) == .completed)
        #expect(log.steps.first?.step == 6)
        #expect(log.steps.first?.epoch == 3)
        let order = try JSONDecoder().decode(
            [String].self,
            from: Data(contentsOf: URL(fileURLWithPath: source + "/order.json"))
        )
        let state = try TensorFile(
            path: fixture.directory.path(of: "out/checkpoints/epoch_3/training_state.safetensors")
        )
        let weights = try TensorFile(path: source + "/adapter_model.safetensors")
        let count = Double(log.steps.count)
        for (place, name) in order.enumerated() {
            let (means, squares) = (try state.entry("mean." + name).floats, try state.entry("square." + name).floats)
            let (mean, square) = (
                1e3 * Double(place + 1) * pow(0.9, count), 1e9 * Double(place + 1) * pow(0.999, count)
            )
            #expect(means.allSatisfy { abs(Double($0) - mean) < 1e-2 * mean }, "\(name): \(means[0]), not \(mean)")
            #expect(squares.allSatisfy { abs(Double($0) - square) < 1e-2 * square }, "\(name)")
            let (now, before) = (try state.entry("value." + name).floats, try weights.entry(name).floats)
            #expect(zip(now, before).allSatisfy { abs($0 - $1) < 1e-5 }, "\(name)")
        }
    }
}
