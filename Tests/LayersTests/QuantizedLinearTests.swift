// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Foundation
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
    private func withSource<R>(
        _ method: QuantizationMethod = .dynamic,
        seed: UInt64 = 1,
        packed: PackedWeights? = nil,
        _ body: (WeightSource, Tensor) throws -> R
    ) throws -> R {
        let directory = try TemporaryDirectory()
        let weight = try noise([48, 64], seed: seed)
        let tensors = ["kept.weight": weight, "packed.weight": weight, "packed.bias": try noise([48], seed: 2)]
        let specifications = tensors.sorted { $0.key < $1.key }.map { name, tensor in
            TensorSpecification(name: name, dtype: .float32, shape: tensor.shape)
        }
        try SafetensorsWriter.write(to: directory.path(of: "model.safetensors"), tensors: specifications) {
            try tensors[$0]?.bytes() ?? []
        }
        let store = try TensorStore(directory: directory.path, baseName: "model")
        let source = WeightSource(
            store: store,
            dtype: .float32,
            device: .cpu,
            index: LinearIndex(),
            quantization: .init(method, packed: packed) { $0 == "packed" }
        )
        return try body(source, weight)
    }

    /// The root mean square of a difference, as a share of what is exact.
    private func error(_ y: Tensor, _ exact: Tensor) throws -> Double {
        (try (y - exact).square().mean().item() / exact.square().mean().item()).squareRoot()
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
            #expect(packed.storedShape == [48, 64])
            #expect(try packed.weight.equal(weight))
            #expect(try packed.storedRows(from: 5, to: 9).equal(weight.slice(0, from: 5, to: 9)))
            #expect(source.unusedNames { _ in true }.isEmpty)

            let x = try noise([2, 5, 64], seed: 3)
            let exact = try x.linear(weight, bias: packed.bias)
            #expect(try kept(x).equal(x.linear(weight)))
            #expect(try error(packed(x), exact) < 0.02)
            #expect(try error(packed(x), exact) > 0.001, "too good for eight bits: this was not quantised")
        }
    }

    @Test("Weights alone are quantised as both are, and activations are not", arguments: [DType.float32, .bfloat16])
    func weightsOnly(dtype: DType) throws {
        try withSource(.weightsOnly) { source, weight in
            let layer = try Weights(source).linear("packed", inputs: 64, outputs: 48, bias: true)
            #expect(layer.product is WeightOnlyProduct)
            let (values, scales) = try weight.quantizedRows()
            let rounded = try values.to(.float32) * scales.unsqueeze(1)
            let x = try noise([2, 5, 64], seed: 3).to(dtype)
            let expected = try x.to(.float32).linear(rounded, bias: layer.bias)
            let y = try layer(x)
            #expect(y.dtype == dtype)
            #expect(y.isContiguous)
            // bfloat16: the sum and the result are rounded to 8 bits each, 1/√3 of half a step on average.
            #expect(try error(y.to(.float32), expected) < (dtype == .float32 ? 1e-6 : 4e-3))
            #expect(try layer.weight.equal(weight))
        }
        let none = try WeightOnlyProduct(quantizing: Tensor.zeros([3, 4]), device: .cpu)
        #expect(try none(noise([2, 4], seed: 1)).floats() == [Float](repeating: 0, count: 6))
    }

    @Test("Branches lie on top of the quantised product, and taking them off restores its bits")
    func branches() throws {
        let layer = Linear(path: "layer", product: try QuantizedProduct(quantizing: noise([48, 64], seed: 1)))
        let x = try noise([5, 64], seed: 3)
        let base = try layer(x)
        #expect(try layer.product(x).equal(base))
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

    @Test("Weights that were packed into a file give the same bits, without the checkpoint's being read")
    func packedFile() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path(of: "packed.safetensors")
        let x = try noise([7, 64], seed: 3)
        let expected = try withSource { source, _ in
            let layer = try Weights(source).linear("packed", inputs: 64, outputs: 48)
            try PackedWeights.write(try #require(source.index), to: path, metadata: ["of": "this test"])
            return try layer(x)
        }
        let packed = try PackedWeights(path: path)
        #expect(packed.metadata["of"] == "this test")
        try withSource(seed: 9, packed: packed) { source, weight in
            let layer = try Weights(source).linear("packed", inputs: 64, outputs: 48)
            #expect(try layer(x).equal(expected), "not what the other weights in this checkpoint would give")
            #expect(try layer.weight.equal(weight))
        }
    }

    @Test("One changed byte of a packed file is noticed, wherever it is")
    func damagedFile() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path(of: "packed.safetensors")
        let index = LinearIndex()
        index.add(Linear(path: "a", product: try QuantizedProduct(quantizing: noise([48, 64], seed: 1))))
        try PackedWeights.write(index, to: path)
        let whole = try Data(contentsOf: URL(filePath: path))
        let file = try SafetensorsFile(path: path)
        for name in ["a.packed", "a.scales"] {
            let range = try file.description(name).byteRange
            for offset in [range.lowerBound, (range.lowerBound + range.upperBound) / 2, range.upperBound - 1] {
                var broken = whole
                broken[offset] ^= 0x10
                let brokenPath = directory.path(of: "broken.safetensors")
                try broken.write(to: URL(filePath: brokenPath))
                let error = #expect(throws: PackedWeights.Failure.self) { try PackedWeights(path: brokenPath) }
                #expect(error?.description.contains("'a' are damaged") == true)
            }
        }
    }
}
