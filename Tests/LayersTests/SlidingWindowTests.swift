// SPDX-License-Identifier: Apache-2.0

import Layers
import Testing
import Torch

@Suite("Sliding windows")
struct SlidingWindowTests {
    /// The band as a dense additive mask, written out here a second time.
    private func reference(_ q: Tensor, _ k: Tensor, _ v: Tensor, window: Int, scale: Double) throws -> Tensor {
        let length = q.dimension(2)
        let values = (0..<length).flatMap { row in
            (0..<length).map { column in abs(row - column) <= window ? Float(0) : -Float.greatestFiniteMagnitude }
        }
        let mask = try Tensor(values, shape: [length, length])
        let heads = q.dimension(1) / k.dimension(1)
        let (keys, queries) = (try k.repeatInterleave(heads, dimension: 1), q)
        let scores = try queries.matmul(keys.transpose(2, 3)) * scale + mask
        return try scores.softmax(dimension: -1).matmul(v.repeatInterleave(heads, dimension: 1))
    }

    @Test(
        "Dense and blockwise agree with the definition",
        arguments: [(5, 8), (9, 8), (10, 8), (33, 8), (200, 8), (257, 16), (64, 1), (500, 30)],
        [0, 4096]
    )
    func agreement(shape: (length: Int, window: Int), densest: Int) throws {
        let generator = try Generator(seed: UInt64(shape.length * 31 + shape.window))
        func noise(_ heads: Int) throws -> Tensor {
            try Tensor.randn([2, heads, shape.length, 8], generator: generator, dtype: .float32, device: .cpu)
        }
        let (q, k, v) = (try noise(4), try noise(2), try noise(2))
        let window = try SlidingWindow(
            length: shape.length,
            window: shape.window,
            dtype: .float32,
            device: .cpu,
            densestLength: densest
        )
        let got = try window.attend(query: q, key: k, value: v, scale: 0.35)
        let expected = try reference(q, k, v, window: shape.window, scale: 0.35)
        #expect(try (got - expected).abs().max().item() < 2e-6)
    }
}
