// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Layers
import TestSupport
import Testing
import Torch
import Training

/// Losses and gradients against PEFT, LyCORIS and torch's autograd.
@Suite struct GradientTests {
    /// Of the largest magnitude of each tensor.
    static let limit = 1e-5

    @Test("A family's losses and gradients are its library's", arguments: TrainingFixture.all, [0, 0.5, 1])
    func gradients(_ fixture: TrainingFixture, share: Double) throws {
        let golden = try fixture.golden()
        let session = try fixture.session(golden, recomputing: share)
        let generator = try TrainingFixture.generator()
        let batches = try TrainingFixture.batches(width: session.model.configuration.encoder.hidden)
        for (index, batch) in batches.enumerated() {
            let micro = try session.accumulate(batch, from: generator, share: 1 / Double(batches.count))
            let expected = try Double(golden.entry("loss.\(index)").floats[0])
            #expect(abs(micro.loss - expected) <= Self.limit * expected)
        }
        let scalars = golden.names.filter { $0.hasPrefix("gradient.") && $0.hasSuffix(".scalar") }
        let largestScalar = try scalars.map { try abs(golden.entry($0).floats[0]) }.max() ?? 1
        for parameter in session.parameters.parameters {
            let gradient = try #require(try parameter.value.gradient, "\(parameter.name) has no gradient")
            let name = "gradient." + parameter.name
            let agreement = try Agreement(parameter.name, gradient, with: golden, named: name)
            // A single number is a sum over a whole layer in which most cancels out: it is held against the largest of its kind.
            let own = try abs(golden.entry(name).floats[0])
            let error = parameter.value.count == 1 ? agreement.error * Double(own / largestScalar) : agreement.error
            #expect(error <= Self.limit, "\(agreement)")
        }
        let norm = try session.step(learningRate: 1e-3)
        let expected = try Double(golden.entry("norm").floats[0])
        #expect(abs(norm - expected) <= Self.limit * expected)
    }

    @Test("Products that are kept change nothing", arguments: ["lora", "dora", "self", "oft"])
    func keptProducts(_ family: String) throws {
        let fixture = TrainingFixture(variant: "turbo", family: family)
        let golden = try fixture.golden()
        var found: [[Float]] = []
        for budget in [0, 3000, 1 << 20] {
            let session = try fixture.session(golden, recomputing: 1, cacheByteBudget: budget)
            let generator = try TrainingFixture.generator()
            let batches = try TrainingFixture.batches(width: session.model.configuration.encoder.hidden)
            for batch in batches + batches { _ = try session.accumulate(batch, from: generator, share: 1) }
            found.append(try session.parameters.gradients().tensors.flatMap { try $0.floats() })
        }
        #expect(found[0] == found[1])
        #expect(found[0] == found[2])
    }

    @Test("The base takes no gradients and is left alone by what was trained on it")
    func baseIsFrozen() throws {
        let fixture = TrainingFixture(variant: "turbo", family: "lokr")
        let golden = try fixture.golden()
        let model = try TrainingFixture.model()
        let plain = try TrainingFixture.model()
        try TrainingSession(
            model: model,
            design: #require(TrainingFixture.designs["lokr"]),
            seed: 1,
            options: .init(objective: Objective(times: .discrete))
        ).take(golden, prefix: "value.")
        for path in model.projections.paths {
            let layer = try #require(model.projections[path])
            #expect(!layer.weight.requiresGradient)
            #expect(try layer.weight.gradient == nil)
            #expect(layer.trained == nil, "\(path) still has the adapter")
            #expect(try layer.weight.floats() == #require(plain.projections[path]).weight.floats())
        }
    }

    @Test("In bfloat16 gradients stay near those of float32", arguments: ["lora", "dora", "oft", "lokr", "loha"])
    func halfPrecision(_ family: String) throws {
        let fixture = TrainingFixture(variant: "turbo", family: family)
        let golden = try fixture.golden()
        let session = try fixture.session(golden, recomputing: 1, dtype: .bfloat16)
        let exact = try fixture.session(golden, recomputing: 1)
        let width = session.model.configuration.encoder.hidden
        let narrow = try TrainingFixture.batch(
            seed: 3,
            items: 1,
            frames: 13,
            conditions: 9,
            width: width,
            dtype: .bfloat16
        )
        let wide = try TrainingFixture.batch(seed: 3, items: 1, frames: 13, conditions: 9, width: width)
        // A thousand times this time is the same number in both types: else they would see two times.
        let time = try Tensor([Float(0.5)], shape: [1])
        let noise = try Tensor.randn(wide.latents.shape, generator: Generator(seed: 4))
        let draw = Objective.Draw(dropsCondition: [false], times: time, noise: noise)
        let rounded = Objective.Draw(
            dropsCondition: [false],
            times: try time.to(.bfloat16),
            noise: try noise.to(.bfloat16)
        )
        let losses = try (
            session.accumulate(narrow, draw: rounded, share: 1).loss, exact.accumulate(wide, draw: draw, share: 1).loss
        )
        #expect(abs(losses.0 - losses.1) < 0.02 * losses.1)
        let (found, expected) = try (
            session.parameters.gradients().tensors, exact.parameters.gradients().tensors
        )
        let difference = try TensorList(zip(found, expected).map { try $0 - $1 }).norm()
        #expect(try difference < 0.1 * TensorList(expected).norm())
        for gradient in found { #expect(gradient.dtype == .float32) }
    }
}
