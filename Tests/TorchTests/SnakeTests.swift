// SPDX-License-Identifier: Apache-2.0
import Testing
import Torch

/// The autoencoder's activation has a kernel of its own; the same composed of other operations in float64 says what it should do.
@Suite("Snake")
struct SnakeTests {
    private struct Case {
        let x: Tensor
        let alpha: Tensor
        let beta: Tensor

        init(_ shape: [Int], scale: Double, seed: UInt64 = 5) throws {
            let generator = try Generator(seed: seed)
            x = try Tensor.randn(shape, generator: generator) * scale
            alpha = try Tensor.rand([1, shape[1], 1], generator: generator) + 0.5
            beta = try Tensor.rand([1, shape[1], 1], generator: generator) + 0.5
        }

        /// `x + sin²(αx)·β` in float64.
        func composed() throws -> Tensor {
            let wide = try (x.to(.float64), alpha.to(.float64), beta.to(.float64))
            return try wide.0 + (wide.0 * wide.1).sin().square() * wide.2
        }
    }

    @Test(
        "Values are the composition's, for lengths around a vector's",
        arguments: [(1, 1.0), (15, 1), (16, 1), (17, 1), (1000, 1), (63, 30), (63, 1000), (63, 0.001)]
    )
    func values(length: Int, scale: Double) throws {
        let given = try Case([2, 3, length], scale: scale)
        let found = try given.x.snake(given.alpha, given.beta)
        // The angle itself is rounded: an error of half its last bit.
        let limit = 4e-7 + 1.5 * scale * 4 * 6e-8
        #expect(try (found.to(.float64) - given.composed()).abs().max().item() < limit * max(1, scale))
        #expect(found.shape == given.x.shape && found.dtype == .float32)
    }

    @Test(
        "All three derivatives are the composition's",
        arguments: [(1, 1.0), (17, 1), (4096, 1), (9001, 3), (40, 20)]
    )
    func gradients(length: Int, scale: Double) throws {
        let given = try Case([3, 4, length], scale: scale)
        let start = try Tensor.randn([3, 4, length], generator: Generator(seed: 9))
        var found: [[Double]] = []
        for dtype in [DType.float32, .float64] {
            let leaves = try [given.x, given.alpha, given.beta].map { try $0.to(dtype).clone() }
            for leaf in leaves { try leaf.setRequiresGradient(true) }
            try withGradients { () throws(TorchError) in
                try leaves[0].snake(leaves[1], leaves[2]).backward(gradient: start.to(dtype))
            }
            for leaf in leaves { found.append(try #require(try leaf.gradient).doubles()) }
        }
        for (single, double) in zip(found.prefix(3), found.suffix(3)) {
            let largest = double.reduce(0) { max($0, abs($1)) }
            for (a, b) in zip(single, double) { #expect(abs(a - b) <= 4e-6 * scale * largest) }
        }
    }

    @Test("A tensor that is no contiguous float32 is computed all the same")
    func otherLayouts() throws {
        let given = try Case([2, 3, 40], scale: 1)
        let expected = try given.x.snake(given.alpha, given.beta)
        let turned = try given.x.transpose(1, 2).contiguous().transpose(1, 2)
        #expect(try (turned.snake(given.alpha, given.beta) - expected).abs().max().item() < 1e-6)
        let half = try given.x.to(.bfloat16).snake(given.alpha.to(.bfloat16), given.beta.to(.bfloat16))
        #expect(half.dtype == .bfloat16)
        #expect(try (half.to(.float32) - expected).abs().max().item() < 0.1)
        try turned.setRequiresGradient(true)
        try withGradients { () throws(TorchError) in try turned.snake(given.alpha, given.beta).sum().backward() }
        #expect(try turned.gradient != nil)
    }

    @Test("Numbers that are none stay so, and angles beyond all measure stay sines")
    func extremes() throws {
        let x = try Tensor([.nan, .infinity, -.infinity, 1e30, -1e30, 3e7, 0] as [Float], shape: [1, 1, 7])
        let one = try Tensor.ones([1, 1, 1])
        let found = try (x.snake(one, one) - x).floats()
        #expect(found[0].isNaN && found[1].isNaN && found[2].isNaN)
        for value in found[3...] { #expect(value >= 0 && value <= 1.0001 || value == 0) }
        #expect(found[6] == 0)
    }

    @Test("Gradients are the same bits on one thread and on two")
    func threads() throws {
        let given = try Case([4, 5, 20_000], scale: 1)
        let before = try TorchRuntime.threadCount
        defer { #expect(throws: Never.self) { try TorchRuntime.setThreadCount(before) } }
        let found = try [1, 2].map { (threads: Int) -> [[Float]] in
            try TorchRuntime.setThreadCount(threads)
            let leaves = try [given.x, given.alpha, given.beta].map { try $0.clone() }
            for leaf in leaves { try leaf.setRequiresGradient(true) }
            try withGradients { () throws(TorchError) in
                try leaves[0].snake(leaves[1], leaves[2]).square().sum().backward()
            }
            return try leaves.map { try #require(try $0.gradient).floats() }
        }
        #expect(found[0] == found[1])
    }
}
