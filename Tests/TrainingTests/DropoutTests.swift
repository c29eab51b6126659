// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Layers
import TestSupport
import Testing
import Torch
import Training

@Suite struct DropoutTests {
    private func gradients(dropout: Double, recomputing share: Double) throws -> [Float] {
        let golden = try TrainingFixture(variant: "turbo", family: "lora").golden()
        let model = try TrainingFixture.model()
        var design = AdapterDesign.LowRank()
        (design.rank, design.alpha, design.dropout) = (2, 6, dropout)
        var options = TrainingSession.Options(objective: Objective(times: .continuous(mean: -0.4, deviation: 1)))
        options.recomputed = Recomputation.layers(share: share, of: model.transformer.layerCount)
        let session = try TrainingSession(model: model, design: .init(.lowRank(design)), seed: 9, options: options)
        try session.take(golden, prefix: "value.")
        let generator = try TrainingFixture.generator()
        for batch in try TrainingFixture.batches(width: model.configuration.encoder.hidden) {
            _ = try session.accumulate(batch, from: generator, share: 1)
        }
        return try session.parameters.gradients().tensors.flatMap { try $0.floats() }
    }

    @Test("A layer that is computed again drops the same inputs")
    func recomputation() throws {
        let kept = try gradients(dropout: 0.3, recomputing: 0)
        #expect(try gradients(dropout: 0.3, recomputing: 1) == kept)
        #expect(try gradients(dropout: 0.3, recomputing: 0.5) == kept)
        #expect(try gradients(dropout: 0, recomputing: 0) != kept)
    }

    @Test("Draws of a probability have its share of ones", arguments: [0.1, 0.5, 0.9])
    func share(_ probability: Double) throws {
        let ones = try Tensor.bernoulli(probability, shape: [100_000], generator: Generator(seed: 4))
        let mean = try ones.mean().item()
        // Five deviations of the mean of so many draws.
        #expect(abs(mean - probability) < 5 * (probability * (1 - probability) / 100_000).squareRoot())
        #expect(try ones.floats().allSatisfy { $0 == 0 || $0 == 1 })
        #expect(
            try ones.floats()
                == Tensor.bernoulli(probability, shape: [100_000], generator: Generator(seed: 4)).floats()
        )
    }

    @Test("Which layers are computed again", arguments: zip([0, 0.01, 0.1, 0.5, 1, 2], [0, 0, 2, 12, 24, 24]))
    func layers(_ share: Double, count: Int) {
        let layers = Recomputation.layers(share: share, of: 24)
        #expect(layers.count == count)
        #expect(layers.isEmpty || layers.contains(0))
    }
}
