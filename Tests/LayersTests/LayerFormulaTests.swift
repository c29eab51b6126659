// SPDX-License-Identifier: Apache-2.0

import Foundation
import Layers
import Testing
import Torch

@Suite("Layers against their formulas")
struct LayerFormulaTests {
    private static func noise(_ shape: [Int], seed: UInt64 = 9) throws -> Tensor {
        try Tensor.randn(shape, generator: Generator(seed: seed), dtype: .float32, device: .cpu)
    }

    @Test("RMSNorm divides by the root of the mean square and multiplies by the weight", arguments: [1e-6, 0.1])
    func rmsNorm(epsilon: Double) throws {
        let weights = try LayerWeights(["norm.weight": [10]])
        let norm = try RMSNorm(weights.cursor()["norm"], dimension: 10, epsilon: epsilon)
        let x = try Self.noise([3, 4, 10])
        let (values, scale) = (try x.doubles(), try weights["norm.weight"].doubles())
        let expected = values.indices.map { index in
            let row = values[index / 10 * 10..<index / 10 * 10 + 10]
            let meanSquare = row.reduce(0) { $0 + $1 * $1 } / 10
            return values[index] / (meanSquare + epsilon).squareRoot() * scale[index % 10]
        }
        #expect(try norm(x).distance(from: Tensor(expected, shape: x.shape)) < 1e-5)
    }

    @Test("RMSNorm of zeros is zero, not NaN")
    func rmsNormOfZeros() throws {
        let norm = try RMSNorm(LayerWeights(["weight": [4]]).cursor(), dimension: 4, epsilon: 1e-6)
        #expect(try norm(Tensor.zeros([1, 4])).floats() == [0, 0, 0, 0])
    }

    @Test("Snake is x + sin²(αx) / β with both stored as logarithms")
    func snake() throws {
        let weights = try LayerWeights(["alpha": [1, 6, 1], "beta": [1, 6, 1]])
        let x = try Self.noise([2, 6, 11])
        let (values, alpha, beta) = (
            try x.doubles(), try weights["alpha"].doubles(), try weights["beta"].doubles()
        )
        let expected = values.indices.map { index in
            let channel = index / 11 % 6
            let sine = sin(exp(alpha[channel]) * values[index])
            return values[index] + sine * sine / (exp(beta[channel]) + 1e-9)
        }
        let got = try Snake(weights.cursor(), channels: 6)(x)
        #expect(try got.distance(from: Tensor(expected, shape: x.shape)) < 1e-4)
    }

    @Test("A convolution's weight norm runs over each output channel; a plain weight is taken as it is")
    func weightNorm() throws {
        let weights = try LayerWeights(["weight_v": [4, 3, 5], "weight_g": [4, 1, 1], "bias": [4]])
        let direction = try weights["weight_v"]
        let norms = try (0..<4).map { channel in
            try direction.select(0, channel).doubles().reduce(0) { $0 + $1 * $1 }.squareRoot()
        }
        let magnitudes = try weights["weight_g"].doubles()
        let factor = try Tensor(zip(magnitudes, norms).map { Float($0 / $1) }, shape: [4, 1, 1])
        let x = try Self.noise([2, 3, 20])
        let convolution = try Convolution(
            weights.cursor(),
            inputs: 3,
            outputs: 4,
            kernel: 5,
            padding: 6,
            dilation: 3
        )
        let expected = try x.conv1d(direction * factor, bias: weights["bias"], stride: 1, padding: 6, dilation: 3)
        let got = try convolution(x)
        #expect(got.shape == [2, 4, 20])
        #expect(try got.distance(from: expected) < 1e-5)

        let plain = try LayerWeights(["weight": [4, 3, 5]])
        let bare = try Convolution(plain.cursor(), inputs: 3, outputs: 4, kernel: 5, padding: 2, bias: false)
        let unchanged = try x.conv1d(plain["weight"], bias: nil, stride: 1, padding: 2, dilation: 1)
        #expect(try bare(x).floats() == unchanged.floats())
    }

    @Test(
        "Upsampling is exactly stride times as long, and its weight norm runs over the input channels",
        arguments: [2, 4, 10]
    )
    func upsampling(stride: Int) throws {
        let weights = try LayerWeights(["weight_v": [3, 2, 2 * stride], "weight_g": [3, 1, 1], "bias": [2]])
        let x = try Self.noise([1, 3, 7])
        let got = try UpsamplingConvolution(weights.cursor(), inputs: 3, outputs: 2, stride: stride)(x)
        #expect(got.shape == [1, 2, 7 * stride])
        let direction = try weights["weight_v"].doubles()
        let (magnitudes, bias, input) = (
            try weights["weight_g"].doubles(), try weights["bias"].doubles(), try x.doubles()
        )
        let kernel = 2 * stride
        var expected = (0..<2 * 7 * stride).map { bias[$0 / (7 * stride)] }
        for channel in 0..<3 {
            let row = direction[channel * 2 * kernel..<(channel + 1) * 2 * kernel]
            let scale = magnitudes[channel] / row.reduce(0) { $0 + $1 * $1 }.squareRoot()
            for (output, frame, tap) in (0..<2).flatMap({ output in
                (0..<7).flatMap { frame in (0..<kernel).map { (output, frame, $0) } }
            }) {
                let sample = frame * stride + tap - stride / 2
                guard (0..<7 * stride).contains(sample) else { continue }
                let weight = direction[(channel * 2 + output) * kernel + tap] * scale
                expected[output * 7 * stride + sample] += input[channel * 7 + frame] * weight
            }
        }
        #expect(try got.distance(from: Tensor(expected, shape: got.shape)) < 1e-4)
    }

    @Test("The gated feed-forward block is down(silu(gate) · up)")
    func gatedMLP() throws {
        let weights = try LayerWeights([
            "gate_proj.weight": [7, 4], "up_proj.weight": [7, 4], "down_proj.weight": [4, 7],
        ])
        let x = try Self.noise([2, 3, 4])
        func product(_ x: Tensor, _ name: String) throws -> Tensor { try x.matmul(weights[name].transpose(0, 1)) }
        let gate = try product(x, "gate_proj.weight")
        let expected = try product(gate * gate.sigmoid() * product(x, "up_proj.weight"), "down_proj.weight")
        let got = try GatedMLP(weights.cursor(), dimension: 4, intermediate: 7)(x)
        #expect(try got.distance(from: expected) < 1e-5)
    }
}
