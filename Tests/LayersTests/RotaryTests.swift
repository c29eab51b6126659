// SPDX-License-Identifier: Apache-2.0

import Foundation
import Layers
import Testing
import Torch

@Suite("Rotary position embedding")
struct RotaryTests {
    /// Channel `j` and channel `j + half` are the two coordinates that position `p` turns by `p · base^(-2j / channels)`.
    static func rotated(_ x: Tensor, base: Double) throws -> Tensor {
        let (length, channels) = (x.dimension(2), x.dimension(3))
        let half = channels / 2
        var values = try x.doubles()
        for start in stride(from: 0, to: values.count, by: channels) {
            let position = Double(start / channels % length)
            for channel in 0..<half {
                let angle = position * pow(base, -2 * Double(channel) / Double(channels))
                let (first, second) = (values[start + channel], values[start + channel + half])
                values[start + channel] = first * cos(angle) - second * sin(angle)
                values[start + channel + half] = second * cos(angle) + first * sin(angle)
            }
        }
        return try Tensor(values, shape: x.shape).to(x.dtype)
    }

    @Test(
        "Halves turn against each other by the position",
        arguments: [(1, 2, 10_000.0), (40, 8, 1e6), (300, 64, 1e6)]
    )
    func rotation(length: Int, channels: Int, base: Double) throws {
        let x = try Tensor.randn(
            [2, 3, length, channels],
            generator: Generator(seed: 5),
            dtype: .float32,
            device: .cpu
        )
        let rotary = try RotaryEmbedding(
            length: length,
            headDimension: channels,
            base: base,
            dtype: .float32,
            device: .cpu
        )
        #expect(rotary.cosine.shape == [length, channels])
        #expect(try rotary(x).distance(from: Self.rotated(x, base: base)) < 1e-4)
    }

    @Test("The first position does not turn, and lengths are kept")
    func invariants() throws {
        let x = try Tensor.randn([1, 1, 30, 16], generator: Generator(seed: 5), dtype: .float32, device: .cpu)
        let rotary = try RotaryEmbedding(length: 30, headDimension: 16, base: 1e4, dtype: .float32, device: .cpu)
        let turned = try rotary(x)
        #expect(try turned.slice(2, from: 0, to: 1).floats() == x.slice(2, from: 0, to: 1).floats())
        let (before, after) = (
            try x.norm(dimensions: [3], keepDimension: false), try turned.norm(dimensions: [3], keepDimension: false)
        )
        #expect(try before.distance(from: after) < 1e-5)
    }
}
