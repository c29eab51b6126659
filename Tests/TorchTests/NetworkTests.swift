// SPDX-License-Identifier: Apache-2.0
import Testing
import Torch

@Suite("Network operations")
struct NetworkTests {
    private func noise(_ shape: [Int], seed: UInt64, _ dtype: DType = .float32) throws -> Tensor {
        try Tensor.randn(shape, generator: Generator(seed: seed)).to(dtype)
    }

    /// The first six and the last two elements of `w * (h * rsqrt(h.pow(2).mean(-1, keepdim=True) + 1e-6)).to(dtype)`
    /// in Python, with h = x.to(float32) and x, w drawn as below.
    @Test("RMS norm is Python's composition, bit for bit")
    func rmsNorm() throws {
        let wide: [UInt32] = [
            0x3FCE_1349, 0xBEEE_47BD, 0xBD4A_0879, 0x3F4C_E8C2, 0xBDB2_04CF, 0xBE9C_B3EA, 0x3E18_CD80, 0x3F4D_423D,
        ]
        let narrow: [UInt32] = [0x3FCE, 0xBEF0, 0xBD4A, 0x3F4E, 0xBDB2, 0xBE9D, 0x3E18, 0x3F4D]
        for (dtype, golden) in [(DType.float32, wide), (.bfloat16, narrow.map { $0 << 16 })] {
            let generator = try Generator(seed: 1)
            let x = try (Tensor.randn([2, 24], generator: generator) * 3).to(dtype)
            let weight = try Tensor.randn([24], generator: generator).to(dtype)
            let y = try x.rmsNorm(weight: weight, eps: 1e-6)
            #expect(y.dtype == dtype)
            let bits = try y.floats().map(\.bitPattern)
            #expect(Array(bits.prefix(6) + bits.suffix(2)) == golden)
        }
        let x = try noise([3, 8], seed: 2)
        #expect(try x.rmsNorm(weight: nil, eps: 0.1).equal(x.rmsNorm(weight: Tensor.ones([8]), eps: 0.1)))
    }

    @Test("Layer norm has mean 0 and deviation 1")
    func layerNorm() throws {
        let x = try Tensor([1, 3, 5, 7] as [Double], shape: [1, 4])
        let y = try x.layerNorm(weight: nil, bias: nil, eps: 0).doubles()
        let expected = [-3, -1, 1, 3].map { $0 / 5.0.squareRoot() }
        #expect(zip(y, expected).allSatisfy { abs($0 - $1) < 1e-14 })
        let two = try Tensor.full([4], 2, dtype: .float64)
        let scaled = try x.layerNorm(weight: two, bias: two, eps: 0).doubles()
        #expect(zip(scaled, expected).allSatisfy { abs($0 - (2 * $1 + 2)) < 1e-14 })
    }

    @Test("Attention is softmax(q·kᵀ·scale + mask)·v, causal, masked and with shared heads")
    func attention() throws {
        let q = try noise([1, 4, 5, 8], seed: 1)
        let k = try noise([1, 2, 5, 8], seed: 2)
        let v = try noise([1, 2, 5, 8], seed: 3)
        let keys = try k.repeatInterleave(2, dimension: 1)
        let values = try v.repeatInterleave(2, dimension: 1)
        let future = try Tensor.ones([5, 5], dtype: .bool).triu(1)
        let lowest = DType.float32.lowest
        let scores = try q.matmul(keys.transpose(-1, -2)) * (1 / 8.0.squareRoot())
        let plain = try scores.softmax(dimension: -1).matmul(values)
        let causal = try scores.maskedFill(future, lowest).softmax(dimension: -1).matmul(values)

        let ours = try q.scaledDotProductAttention(key: k, value: v, groupedQuery: true)
        #expect(try (ours - plain).abs().max().item() < 1e-5)
        let oursCausal = try q.scaledDotProductAttention(key: keys, value: values, isCausal: true)
        #expect(try (oursCausal - causal).abs().max().item() < 1e-5)
        let oursMasked = try q.scaledDotProductAttention(key: keys, value: values, mask: future.logicalNot())
        #expect(try (oursMasked - causal).abs().max().item() < 1e-5)
        let scaled = try q.scaledDotProductAttention(key: keys, value: values, scale: 1)
        let expected = try q.matmul(keys.transpose(-1, -2)).softmax(dimension: -1).matmul(values)
        #expect(try (scaled - expected).abs().max().item() < 1e-5)
    }

    @Test("Embedding takes rows")
    func embedding() throws {
        let table = try Tensor.arange(6, dtype: .float32).reshape([3, 2])
        let rows = try table.embedding(Tensor([2, 0] as [Int64], shape: [1, 2]))
        #expect(rows.shape == [1, 2, 2])
        #expect(try rows.floats() == [4, 5, 0, 1])
    }
}

@Suite("Fused operations equal their plain composition")
struct FusedTests {
    private func noise(_ shape: [Int], seed: UInt64, _ dtype: DType = .float32) throws -> Tensor {
        try Tensor.randn(shape, generator: Generator(seed: seed)).to(dtype)
    }

    @Test("Gate of a feed-forward block", arguments: [DType.float32, .bfloat16])
    func gate(dtype: DType) throws {
        let a = try noise([3, 40], seed: 1, dtype)
        let b = try noise([3, 40], seed: 2, dtype)
        #expect(try a.silu(multipliedBy: b).equal(a.silu() * b))
        let wide = try a.silu(multipliedBy: b.to(.float64))
        #expect(wide.dtype == .float64)
        #expect(try wide.equal(a.silu() * b.to(.float64)))
        #expect(try a.silu(multipliedBy: b.unsqueeze(0)).equal(a.silu() * b.unsqueeze(0)))
    }

    @Test("Rotary embedding", arguments: [DType.float32, .bfloat16], [DType.float32, .bfloat16])
    func rotary(dtype: DType, tableType: DType) throws {
        let x = try noise([2, 3, 5, 16], seed: 1, dtype)
        let angles = try noise([5, 16], seed: 2)
        let cos = try angles.cos().to(tableType)
        let sin = try angles.sin().to(tableType)
        let turned = try Tensor.cat([-x.slice(-1, from: 8), x.slice(-1, to: 8)], dimension: -1)
        let y = try x.rotaryEmbedding(cos: cos, sin: sin)
        #expect(try y.equal(x * cos + turned * sin))
    }

    @Test("Rotary embedding refuses an odd width")
    func oddWidth() throws {
        let x = try Tensor.ones([2, 3])
        let error = try #require(throws: TorchError.self) { try x.rotaryEmbedding(cos: x, sin: x) }
        guard case .invalidArgument = error else {
            Issue.record("not an invalid argument: \(error)")
            return
        }
    }

    @Test("Modulation", arguments: [DType.float32, .bfloat16])
    func modulation(dtype: DType) throws {
        let x = try noise([2, 5, 16], seed: 1, dtype)
        let scale = try noise([2, 1, 16], seed: 2, dtype)
        let shift = try noise([2, 1, 16], seed: 3, dtype)
        #expect(try x.modulate(scale: scale, shift: shift).equal(x * (1 + scale) + shift))
    }

    @Test("Snake", arguments: [DType.float32, .bfloat16])
    func snake(dtype: DType) throws {
        let x = try noise([1, 6, 50], seed: 1, dtype)
        let alpha = try noise([1, 6, 1], seed: 2, dtype).exp()
        let beta = try noise([1, 6, 1], seed: 3, dtype).exp().reciprocal()
        let difference = try x.snake(alpha, beta) - (x + (x * alpha).sin().square() * beta)
        // float32 has a loop of its own, the others libtorch's operations.
        #expect(try difference.abs().max().item() <= (dtype == .float32 ? 2e-6 : 0))
        let wide = try x.snake(alpha, beta.to(.float64))
        #expect(try wide.equal(x + (x * alpha).sin().square() * beta.to(.float64)))
    }

    @Test("The low-rank addition changes its receiver", arguments: [DType.float32, .bfloat16])
    func lowRank(dtype: DType) throws {
        let x = try noise([2, 5, 12], seed: 1, dtype)
        let down = try noise([4, 12], seed: 2, dtype)
        let up = try noise([8, 4], seed: 3, dtype)
        let y = try noise([2, 5, 8], seed: 4, dtype)
        let hidden = try x.reshape([10, 12]).matmul(down.transpose(0, 1))
        let expected = try y.reshape([10, 8]).addmm(hidden, up.transpose(0, 1), alpha: 0.5).reshape([2, 5, 8])
        try y.loraAdd(x, down, up, scale: 0.5)
        #expect(try y.equal(expected))
        #expect(throws: TorchError.self) { try y.loraAdd(x, up, down) }
    }

    private typealias Operation = (Tensor, Tensor, Tensor) throws -> Tensor

    @Test("Gradients of the fused operations are those of the plain composition")
    func gradients() throws {
        try expectSameGradients({ try $0.snake($1, $2) }, { x, a, b in try x + (x * a).sin().square() * b })
        try expectSameGradients({ x, a, _ in try x.silu(multipliedBy: a) }, { x, a, _ in try x.silu() * a })
        try expectSameGradients({ try $0.modulate(scale: $1, shift: $2) }, { x, a, b in try x * (1 + a) + b })
        let rotary: Operation = { x, a, b in
            let turned = try Tensor.cat([-x.slice(-1, from: 4), x.slice(-1, to: 4)], dimension: -1)
            return try x * a + turned * b
        }
        try expectSameGradients({ try $0.rotaryEmbedding(cos: $1, sin: $2) }, rotary)
    }

    private func expectSameGradients(_ fused: Operation, _ plain: Operation) throws {
        let inputs = [
            try noise([1, 6, 8], seed: 1), try noise([1, 6, 1], seed: 2).exp(), try noise([1, 6, 1], seed: 3),
        ]
        let ours = try gradients(of: fused, at: inputs)
        let theirs = try gradients(of: plain, at: inputs)
        #expect(try ours.norm().item() > 1)
        #expect(try (ours - theirs).abs().max().item() < 1e-5)
    }

    /// The gradients of the squared result with respect to all inputs, one after the other.
    private func gradients(of function: Operation, at inputs: [Tensor]) throws -> Tensor {
        let leaves = try inputs.map { try $0.clone() }
        return try withGradients {
            for leaf in leaves {
                try leaf.setRequiresGradient(true)
            }
            try function(leaves[0], leaves[1], leaves[2]).square().sum().backward()
            let gradients = try leaves.map { try $0.gradient ?? Tensor.zeros($0.shape) }
            return try Tensor.cat(gradients.map { try $0.flatten() }, dimension: 0)
        }
    }
}
