// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Layers
import TestSupport
import Testing
import Torch

private let isSupported = (try? Int8Matrix.isSupported) ?? false

/// Adds a constant, as an adapter with a bias would.
private struct Offset: LayerBranch {
    let amount: Double

    func apply(input x: Tensor, output y: Tensor, layer: Linear) throws(TorchError) -> Tensor { try y + amount }
}

@Suite("A quantised projection", .enabled(if: isSupported, "this processor has no AVX-512 VNNI"))
struct QuantizedLinearTests {
    private func noise(_ shape: [Int], seed: UInt64) throws -> Tensor {
        try Tensor.randn(shape, generator: Generator(seed: seed))
    }

    /// A file with two projections of the same numbers, `kept.weight` and `packed.weight`, and `packed.bias`.
    private func withSource<R>(_ body: (WeightSource, Tensor) throws -> R) throws -> R {
        let directory = try TemporaryDirectory()
        let weight = try noise([48, 64], seed: 1)
        let tensors = ["kept.weight": weight, "packed.weight": weight, "packed.bias": try noise([48], seed: 2)]
        let specifications = tensors.sorted { $0.key < $1.key }.map { name, tensor in
            TensorSpecification(name: name, dtype: .float32, shape: tensor.shape)
        }
        try SafetensorsWriter.write(to: directory.path(of: "model.safetensors"), tensors: specifications) {
            try tensors[$0]?.bytes() ?? []
        }
        let store = try TensorStore(directory: directory.path, baseName: "model")
        let quantizes: (String) -> Bool = { $0 == "packed" }
        return try body(
            WeightSource(store: store, dtype: .float32, device: .cpu, index: LinearIndex(), quantizes: quantizes),
            weight
        )
    }

    @Test("Only what the source names is quantised; the bias and the original weight are kept")
    func loading() throws {
        try withSource { source, weight in
            let weights = Weights(source)
            let kept = try weights.linear("kept", inputs: 64, outputs: 48)
            let packed = try weights.linear("packed", inputs: 64, outputs: 48, bias: true)
            #expect(kept.product is DenseProduct)
            #expect(packed.product is QuantizedProduct)
            #expect((packed.inputFeatures, packed.outputFeatures) == (64, 48))
            #expect(try packed.denseWeight().equal(weight))
            #expect(try packed.denseWeight(.bfloat16).equal(weight.to(.bfloat16)))
            #expect(source.unusedNames { _ in true }.isEmpty)

            let x = try noise([2, 5, 64], seed: 3)
            let exact = try x.linear(weight, bias: packed.bias)
            #expect(try kept(x).equal(x.linear(weight)))
            let error = try (packed(x) - exact).square().mean().item() / exact.square().mean().item()
            #expect(error.squareRoot() < 0.02)
            #expect(error > 0)
        }
    }

    @Test("Branches lie on top of the quantised product, and taking them off restores its bits")
    func branches() throws {
        let layer = Linear(path: "layer", product: try QuantizedProduct(quantizing: noise([48, 64], seed: 1)))
        let x = try noise([5, 64], seed: 3)
        let base = try layer(x)
        layer.attach([Offset(amount: 2), Offset(amount: -0.5)])
        #expect(try layer(x).equal(base + 2 + -0.5))
        layer.attach([])
        #expect(try layer(x).equal(base))
    }

    @Test("A weight of the wrong shape or name is refused before anything is quantised")
    func errors() throws {
        try withSource { source, _ in
            #expect(throws: LayerError.self) { try Weights(source).linear("packed", inputs: 65, outputs: 48) }
            #expect(throws: LayerError.self) { try Weights(source).linear("absent", inputs: 64, outputs: 48) }
        }
    }
}
