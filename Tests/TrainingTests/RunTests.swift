// SPDX-License-Identifier: Apache-2.0

import ACEStep
import AdapterFormats
import Adapters
import Foundation
import Layers
import TestSupport
import Testing
import Torch
import Training
import TrainingRuns

/// Runs from settings to folders.
///
/// One at a time: a run watches the process's signals.
@Suite("Runs", .serialized) struct RunTests {
    @Test("A run leaves its folders, each adapter with what makes it again", arguments: AdapterSettings.Family.allCases)
    func folders(_ family: AdapterSettings.Family) throws {
        let fixture = try RunFixture()
        let log = EventLog()
        let settings = fixture.settings("out") {
            $0.adapter.family = family
            $0.data.validationShare = 0.2
        }
        #expect(try fixture.run(settings, observer: log.add) == .completed)
        let file = family.isLyCORIS ? "\(family.rawValue)_weights.safetensors" : "adapter_model.safetensors"
        for folder in ["final", "best", "checkpoints/epoch_2", "checkpoints/epoch_4"] {
            for name in [file, "training_args.json"] + (family.isLyCORIS ? [] : ["adapter_config.json"]) {
                #expect(fixture.exists("out/\(folder)/\(name)"), "\(folder)/\(name)")
            }
        }
        for name in ["training_state.safetensors", "training_state.json", "training_config.json"] {
            #expect(fixture.exists("out/checkpoints/epoch_4/" + name), "\(name)")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.directory.path(of: "out/runs")).count == 1)
        // Four songs in two micro-steps a step.
        #expect(log.steps.map(\.step) == Array(1...8))
        #expect(log.steps.allSatisfy { $0.loss.isFinite && $0.gradientNorm > 0 })
        guard case .ended(.completed, step: 8)? = log.all.last else {
            Issue.record("no end")
            return
        }
    }

    @Test("What was trained is what the adapter's file does", arguments: AdapterSettings.Family.allCases)
    func effect(_ family: AdapterSettings.Family) throws {
        let fixture = try RunFixture(songs: [16])
        let settings = fixture.settings("out") {
            $0.adapter.family = family
            $0.optimization.epochs = 6
            $0.optimization.accumulation = 1
            $0.adapter.dropout = 0
        }
        try fixture.run(settings)
        let folder = fixture.directory.path(of: "out/final")
        let batch = try TrainingFixture.batch(seed: 4, items: 1, frames: 15, conditions: 8, width: 16)
        let noise = try Tensor.randn([1, 15, 64], generator: Generator(seed: 5))
        let times = try Tensor([Float(0.6)], shape: [1])
        let trained = try TrainingFixture.model()
        let session = try TrainingSession(
            model: trained,
            design: AdapterDesign(settings.adapter),
            seed: 1,
            options: .init(objective: Objective(times: .discrete))
        )
        try session.state.read(
            from: fixture.directory.path(of: "out/checkpoints/epoch_6/training_state.safetensors")
        )
        let draw = Objective.Draw(dropsCondition: [false], times: times, noise: noise)
        let loss = try session.evaluate(batch, draw: draw).loss
        let loaded = try TrainingFixture.model()
        let plain = try velocity(loaded, batch, noise)
        let set = AdapterSet(index: loaded.projections)
        let description = try AdapterDescription(contentsOf: folder)
        let adapter = try AdapterLoader.load(description, onto: loaded.projections, named: "a", dtype: .float32)
        try set.insert(adapter)
        try set.select([BlendEntry("a", weight: .constant(1))])
        let adapted = try velocity(loaded, batch, noise)
        #expect(try (adapted - plain).abs().max().item() > 1e-4)
        let target = try noise - batch.latents
        let expected = try (adapted - target).square().mean().item()
        #expect(abs(loss - expected) < 1e-5 * expected)
    }

    private func velocity(_ model: VelocityModel, _ batch: TrainingBatch, _ noise: Tensor) throws -> Tensor {
        let plan = try model.transformer.plan(
            conditions: batch.samples[0].encodedConditions().unsqueeze(0),
            context: batch.context,
            times: [0.6]
        )
        let noisy = try noise * 0.6 + batch.latents * Double(Float(1) - Float(0.6))
        return try model.transformer.velocity(noisy, step: 0, plan: plan)
    }

    @Test("The loss of a song that is learnt falls", arguments: AdapterSettings.Family.allCases)
    func learning(_ family: AdapterSettings.Family) throws {
        let model = try TrainingFixture.model()
        var settings = AdapterSettings()
        (settings.family, settings.rank, settings.alpha, settings.dropout) = (family, 4, 8, 0)
        settings.oft.blockSize = 8
        let session = try TrainingSession(
            model: model,
            design: AdapterDesign(settings),
            seed: 3,
            options: .init(objective: Objective(times: .continuous(mean: -0.4, deviation: 1)))
        )
        let batch = try TrainingFixture.batch(seed: 8, items: 1, frames: 24, conditions: 8, width: 16)
        let draw = try session.draw(for: batch)
        let before = try session.evaluate(batch, draw: draw).loss
        for _ in 0..<30 {
            _ = try session.accumulate(batch, draw: draw, share: 1)
            _ = try session.step(learningRate: 1e-2)
        }
        #expect(try session.evaluate(batch, draw: draw).loss < 0.98 * before)
    }
}
