// SPDX-License-Identifier: Apache-2.0
import Testing
import Torch

/// The bits at places 0, 1, n/2, n−2 and n−1 of what `torch.randn(shape, generator=torch.Generator()
/// .manual_seed(seed), dtype=…)` gives in Python, libtorch 2.11.0 on a CPU with AVX2 or AVX-512.
private struct Golden: Sendable, CustomTestStringConvertible {
    let seed: UInt64
    let shape: [Int]
    let float32: [UInt32]
    let bfloat16: [UInt16]

    var testDescription: String { "seed \(seed), \(shape)" }

    static let all = [
        Golden(
            seed: 0,
            shape: [5],
            float32: [0x3FC5_3F5C, 0xBE96_3C50, 0xC00B_7149, 0x3F11_84B6, 0xBF8A_D1A1],
            bfloat16: [0x3FC5, 0xBE96, 0xC00B, 0x3F12, 0xBF8B]
        ),
        Golden(
            seed: 0,
            shape: [2, 3, 4],
            float32: [0xBF90_1B85, 0xBF93_808A, 0x3E2A_7345, 0xBF57_5006, 0xC014_3A08],
            bfloat16: [0x3FBB, 0x3E95, 0x3F57, 0xBE79, 0xBFA8]
        ),
        Golden(
            seed: 0,
            shape: [1, 25, 64],
            float32: [0xBF90_1B85, 0xBF93_808A, 0xBFAD_ACB9, 0xBFD0_CC6F, 0x3FA6_6AB0],
            bfloat16: [0x3FBB, 0x3E95, 0x3F32, 0xBFC0, 0xBFD8]
        ),
        Golden(
            seed: 42,
            shape: [5],
            float32: [0x3EAC_62AE, 0x3E03_E69D, 0x3E70_16E7, 0x3E6B_DC6C, 0xBF8F_B9C2],
            bfloat16: [0x3EAC, 0x3E04, 0x3E70, 0x3E6C, 0xBF90]
        ),
        Golden(
            seed: 42,
            shape: [2, 3, 4],
            float32: [0x3FF6_A529, 0x3FBE_5F53, 0xBF8E_3219, 0xBF54_1C22, 0x3EA9_6B85],
            bfloat16: [0xBF4F, 0xBFC4, 0x3FBA, 0x3EC0, 0xBF91]
        ),
        Golden(
            seed: 42,
            shape: [1, 25, 64],
            float32: [0x3FF6_A529, 0x3FBE_5F53, 0x3F6B_DA49, 0x3F29_0723, 0xBF8D_CDA2],
            bfloat16: [0xBF4F, 0xBFC4, 0xBF02, 0x3E21, 0x3F92]
        ),
        Golden(
            seed: (1 << 63) + 7,
            shape: [5],
            float32: [0xBE16_5174, 0x3F49_408E, 0x3F72_62E7, 0xBF8E_A2D3, 0x3FD8_6BD0],
            bfloat16: [0xBE16, 0x3F49, 0x3F72, 0xBF8F, 0x3FD8]
        ),
        Golden(
            seed: (1 << 63) + 7,
            shape: [2, 3, 4],
            float32: [0xBF51_F456, 0x3ECA_902B, 0xBFA6_CFCE, 0x3FB3_0FC2, 0x3FB3_F2FD],
            bfloat16: [0xBF79, 0xBE9D, 0xC011, 0xBEC1, 0x3F1F]
        ),
        Golden(
            seed: (1 << 63) + 7,
            shape: [1, 25, 64],
            float32: [0xBF51_F456, 0x3ECA_902B, 0x3F08_C16B, 0xBFBD_FD6B, 0xBFB0_5BD7],
            bfloat16: [0xBF79, 0xBE9D, 0xBF3F, 0xBE2D, 0x3F81]
        ),
    ]
}

@Suite("Random numbers")
struct RandomTests {
    @Test("Normal numbers are Python's, bit for bit", arguments: Golden.all)
    private func normal(golden: Golden) throws {
        let wide = try Tensor.randn(golden.shape, generator: Generator(seed: golden.seed)).floats()
        #expect(places(in: wide.count).map { wide[$0].bitPattern } == golden.float32)
        let narrow = try Tensor.randn(golden.shape, generator: Generator(seed: golden.seed), dtype: .bfloat16)
        let bytes = try narrow.bytes()
        #expect(
            places(in: wide.count).map { UInt16(bytes[2 * $0]) | UInt16(bytes[2 * $0 + 1]) << 8 } == golden.bfloat16
        )
    }

    private func places(in count: Int) -> [Int] { [0, 1, count / 2, count - 2, count - 1] }

    @Test("Even numbers and whole numbers are Python's")
    func even() throws {
        let even = try Tensor.rand([3], generator: Generator(seed: 7)).floats()
        #expect(even.map(\.bitPattern) == [0x3F08_F0AF, 0x3E4B_9310, 0x3F28_C219])
        let whole = try Tensor.randint(low: 0, high: 1000, shape: [4], generator: Generator(seed: 7))
        #expect(try whole.int64s() == [615, 892, 721, 286])
    }

    @Test("A stream goes on from a state that was kept")
    func state() throws {
        let generator = try Generator(seed: 3)
        _ = try Tensor.randn([7], generator: generator)
        let state = try generator.state
        let first = try Tensor.randn([20], generator: generator)
        let other = try Generator(seed: 99)
        try other.setState(state)
        #expect(try Tensor.randn([20], generator: other).equal(first))
        #expect(throws: TorchError.self) { try other.setState([1, 2, 3]) }
    }
}
