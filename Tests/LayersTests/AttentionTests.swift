// SPDX-License-Identifier: Apache-2.0

import Layers
import Testing
import Torch

@Suite("Attention")
struct AttentionTests {
    private static let shape = Attention.Shape(
        dimension: 12,
        heads: 4,
        keyValueHeads: 2,
        headDimension: 8,
        epsilon: 1e-6
    )
    private static let names: [String: [Int]] = [
        "q_proj.weight": [32, 12], "k_proj.weight": [16, 12], "v_proj.weight": [16, 12], "o_proj.weight": [12, 32],
        "q_norm.weight": [8], "k_norm.weight": [8],
    ]

    private static func sequence(_ length: Int, seed: UInt64 = 9) throws -> Tensor {
        try Tensor.randn([2, length, 12], generator: Generator(seed: seed), dtype: .float32, device: .cpu)
    }

    /// Attention written out: projections, norms, rotation, scores, softmax, mixture.
    private func explicit(
        _ weights: LayerWeights,
        _ x: Tensor,
        _ context: Tensor,
        isRotated: Bool,
        isVisible: (Int, Int) -> Bool
    ) throws -> Tensor {
        func heads(_ x: Tensor, _ name: String, _ count: Int) throws -> Tensor {
            try x.matmul(weights[name + "_proj.weight"].transpose(0, 1))
                .reshape([x.dimension(0), x.dimension(1), count, 8]).transpose(1, 2)
        }
        func normed(_ x: Tensor, _ name: String) throws -> Tensor {
            let square = try (x * x).mean(dimensions: [-1], keepDimension: true) + 1e-6
            let result = try x * square.sqrt().reciprocal() * weights[name + "_norm.weight"]
            return isRotated ? try RotaryTests.rotated(result, base: 10_000) : result
        }
        let queries = try normed(heads(x, "q", 4), "q")
        let keys = try normed(heads(context, "k", 2), "k").repeatInterleave(2, dimension: 1)
        let values = try heads(context, "v", 2).repeatInterleave(2, dimension: 1)
        let (rows, columns) = (x.dimension(1), context.dimension(1))
        let mask = try Tensor(
            (0..<rows).flatMap { row in (0..<columns).map { isVisible(row, $0) ? Float(0) : -1e30 } },
            shape: [rows, columns]
        )
        let scores = try queries.matmul(keys.transpose(2, 3)) / 8.0.squareRoot() + mask
        let mixed = try scores.softmax(dimension: -1).matmul(values).transpose(1, 2).reshape([x.dimension(0), rows, 32])
        return try mixed.matmul(weights["o_proj.weight"].transpose(0, 1))
    }

    @Test("Self-attention agrees with the formula for each pattern", arguments: ["full", "causal", "sliding"])
    func selfAttention(pattern: String) throws {
        let weights = try LayerWeights(Self.names)
        let attention = try Attention(weights.cursor(), shape: Self.shape)
        let x = try Self.sequence(21)
        let rotary = try RotaryEmbedding(length: 21, headDimension: 8, base: 10_000, dtype: .float32, device: .cpu)
        let window = try SlidingWindow(length: 21, window: 3, dtype: .float32, device: .cpu)
        let patterns: [String: (AttentionPattern, (Int, Int) -> Bool)] = [
            "full": (.full, { _, _ in true }), "causal": (.causal, { $1 <= $0 }),
            "sliding": (.sliding(window), { abs($0 - $1) <= 3 }),
        ]
        let (wanted, isVisible) = try #require(patterns[pattern])
        let got = try attention(x, rotary: rotary, pattern: wanted)
        let expected = try explicit(weights, x, x, isRotated: true, isVisible: isVisible)
        #expect(try got.distance(from: expected) < 1e-5)
    }

    @Test("Cross-attention is not rotated and sees every position")
    func crossAttention() throws {
        let weights = try LayerWeights(Self.names)
        let attention = try Attention(weights.cursor(), shape: Self.shape)
        let (x, context) = (try Self.sequence(5), try Self.sequence(17, seed: 4))
        let got = try attention(x, attendingTo: attention.keysAndValues(of: context))
        let expected = try explicit(weights, x, context, isRotated: false) { _, _ in true }
        #expect(try got.distance(from: expected) < 1e-5)
    }

    /// What the unconditional branch of guidance relies on.
    @Test("Attention to one position equals attention to many copies of it")
    func equalKeys() throws {
        let attention = try Attention(LayerWeights(Self.names).cursor(), shape: Self.shape)
        let (x, one) = (try Self.sequence(5), try Self.sequence(1, seed: 4))
        let many = try Tensor.cat(Array(repeating: one, count: 40), dimension: 1)
        let got = try attention(x, attendingTo: attention.keysAndValues(of: one))
        let expected = try attention(x, attendingTo: attention.keysAndValues(of: many))
        #expect(try got.distance(from: expected) < 2e-6 * expected.abs().max().item())
    }
}
