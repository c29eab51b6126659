// SPDX-License-Identifier: Apache-2.0

import Layers
import TestSupport
import Testing
import Torch

@Suite("Layouts of weights")
struct WeightLayoutTests {
    private func random(_ shape: [Int], seed: UInt64) throws -> Tensor {
        var generator = SeededGenerator(seed: seed)
        return try Tensor(
            (0..<shape.reduce(1, *)).map { _ in Float.random(in: -1...1, using: &generator) },
            shape: shape
        )
    }

    @Test("Patches give what the strided convolution gives")
    func patches() throws {
        let layout = WeightLayout.patches(channels: 3, size: 2)
        let (weight, bias) = (try random([5, 3, 2], seed: 1), try random([5], seed: 2))
        let x = try random([2, 8, 3], seed: 3)
        let layer = Linear(path: "p", weight: try layout.matrix(weight), bias: try layout.bias(bias), layout: layout)
        let found = try layer(x.reshape([2, 4, 6]))
        let expected = try x.transpose(1, 2).conv1d(weight, bias: bias, stride: 2).transpose(1, 2).contiguous()
        #expect(Agreement("patches", try found.floats(), try expected.floats(), shape: expected.shape).error < 1e-6)
        #expect(layer.storedShape == [5, 3, 2])
        #expect(try layout.stored(layer.weight).floats() == weight.floats())
        #expect(
            try layer.storedRows(from: 1, to: 3).floats() == weight.reshape([5, 6]).slice(0, from: 1, to: 3).floats()
        )
    }

    @Test("Transposed patches give what the transposed convolution gives")
    func transposedPatches() throws {
        let layout = WeightLayout.transposedPatches(channels: 3, size: 2)
        let (weight, bias) = (try random([5, 3, 2], seed: 1), try random([3], seed: 2))
        let x = try random([2, 4, 5], seed: 3)
        let layer = Linear(path: "p", weight: try layout.matrix(weight), bias: try layout.bias(bias), layout: layout)
        let found = try layer(x).reshape([2, 8, 3])
        let expected = try x.transpose(1, 2).convTranspose1d(weight, bias: bias, stride: 2).transpose(1, 2).contiguous()
        #expect(Agreement("patches", try found.floats(), try expected.floats(), shape: expected.shape).error < 1e-6)
        #expect(layer.storedShape == [5, 3, 2])
        #expect(layout.storedBiasCount(outputs: 6) == 3)
        #expect(try layout.stored(layer.weight).floats() == weight.floats())
    }
}
