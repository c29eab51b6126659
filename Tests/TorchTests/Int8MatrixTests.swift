// SPDX-License-Identifier: Apache-2.0
import Testing
import Torch

/// Where the processor has no VNNI there is nothing to test but that it says so.
private let isSupported = (try? Int8Matrix.isSupported) ?? false

@Suite("Int8 products", .enabled(if: isSupported, "this processor has no AVX-512 VNNI"))
struct Int8MatrixTests {
    private func noise(_ shape: [Int], seed: UInt64, _ dtype: DType = .float32) throws -> Tensor {
        try Tensor.randn(shape, generator: Generator(seed: seed)).to(dtype)
    }

    /// The same product in exact arithmetic: the integers that the rows become are multiplied and summed in float64, where
    /// every sum is exact, and scaled as the kernel scales them.
    private func emulated(_ x: Tensor, _ weight: Tensor, bias: Tensor? = nil) throws -> Tensor {
        let (activations, weights) = (try x.quantizedRows(), try weight.quantizedRows())
        let sums = try activations.values.to(.float64).matmul(weights.values.to(.float64).transpose(0, 1))
        let scaled = try sums * weights.scales.to(.float64) * activations.scales.to(.float64).unsqueeze(1)
        guard let bias else { return scaled }
        return try scaled + bias.to(.float64)
    }

    /// Largest difference in units of the largest magnitude.
    private func distance(_ a: Tensor, _ b: Tensor) throws -> Double {
        try (a.to(.float64) - b.to(.float64)).abs().max().item() / b.to(.float64).abs().max().item()
    }

    @Test("A row becomes integers of its own scale, as computed by hand")
    func rows() throws {
        let x = try Tensor([1, -2, 0.5, 127, -254, 63, 0, 0, 0] as [Float], shape: [3, 3])
        let (values, scales) = try x.quantizedRows()
        #expect(values.dtype == .int8)
        #expect(try values.to(.int64).doubles() == [64, -127, 32, 64, -127, 32, 0, 0, 0])  // 63.5, 31.75, 31.5 to even
        #expect(try scales.floats() == [2 / 127, 2, 0])
    }

    @Test("No element moves by more than half a step", arguments: [DType.float32, .bfloat16, .float16, .float64])
    func halfStep(dtype: DType) throws {
        let x = try noise([5, 131], seed: 1, dtype)
        let (values, scales) = try x.quantizedRows()
        let steps = try (x.to(.float64) / scales.to(.float64).unsqueeze(1) - values.to(.float64)).abs()
        #expect(try steps.max().item() <= 0.5 + 1e-4)  // 127·2⁻²⁴ from the float32 factor and scale
        #expect(try values.to(.int64).abs().amax(dimensions: [1]).doubles() == [127, 127, 127, 127, 127])
    }

    static let shapes = [
        [1, 1, 1], [3, 7, 5], [17, 64, 96], [5, 100, 33], [2, 65, 3], [1, 2048, 256], [130, 129, 257], [16, 300, 1],
    ]

    @Test("The result is that of integer arithmetic, up to one rounding", arguments: shapes)
    func isInteger(shape: [Int]) throws {
        let x = try noise([shape[0], shape[1]], seed: 1)
        let weight = try noise([shape[2], shape[1]], seed: 2)
        let y = try x.linear(Int8Matrix(quantizing: weight))
        #expect(y.shape == [shape[0], shape[2]])
        // Three float32 roundings of a result: 3·2⁻²⁴. Products in float would miss by the quantisation, some 1e-2.
        #expect(try distance(y, emulated(x, weight)) < 3e-7)
    }

    @Test("A bfloat16 result is rounded twice, a bias is added unrounded")
    func bfloat16() throws {
        let x = try noise([40, 512], seed: 1, .bfloat16)
        let weight = try noise([96, 512], seed: 2, .bfloat16)
        let bias = try noise([96], seed: 3, .bfloat16)
        let matrix = try Int8Matrix(quantizing: weight)
        let y = try x.linear(matrix, bias: bias)
        #expect(y.dtype == .bfloat16)
        // Eight significant bits: each rounding is off by up to 2⁻⁸.
        #expect(try distance(y, emulated(x, weight, bias: bias)) < 0x1p-7 + 0x1p-16)
        let wide = try x.to(.float32).linear(matrix, bias: bias)
        #expect(try distance(wide, emulated(x, weight, bias: bias)) < 3e-7)
    }

    /// Where the limit comes from.
    ///
    /// Of two Gaussian rows of n, each with steps s = max/127 and errors of s/√12 a number, the product is off by about
    /// √2 · (max/σ) / (127·√12) of its deviation: 1.2 % where the largest of 2048 is 3.6 σ. Twice that is allowed.
    @Test("It is as close to the exact product as steps of 1/127 allow", arguments: [1.0, 1e-4, 1e4])
    func accuracy(scale: Double) throws {
        let x = try noise([64, 2048], seed: 1) * scale
        let weight = try noise([128, 2048], seed: 2)
        let exact = try x.to(.float64).linear(weight.to(.float64))
        let error = try x.linear(Int8Matrix(quantizing: weight)).to(.float64) - exact
        let ratio = try error.square().mean().item() / exact.square().mean().item()
        #expect(ratio.squareRoot() < 0.024)
        #expect(ratio.squareRoot() > 0.005, "too good for eight bits: this was not quantised")
    }

    @Test("Rows do not touch each other: an outlier or a huge row costs only its own row's precision")
    func outliers() throws {
        let calm = try noise([4, 256], seed: 1)
        let weight = try noise([32, 256], seed: 2)
        let matrix = try Int8Matrix(quantizing: weight)
        let alone = try calm.linear(matrix)
        let wild = try noise([1, 256], seed: 3) * 1e6
        let together = try Tensor.cat([calm, wild], dimension: 0).linear(matrix)
        #expect(try together.slice(0, from: 0, to: 4).equal(alone))
        #expect(try together.slice(0, from: 4, to: 5).equal(wild.linear(matrix)))
    }

    @Test("Rows of zeros give zeros, or the bias")
    func zeros() throws {
        let matrix = try Int8Matrix(quantizing: noise([8, 32], seed: 1))
        let x = try Tensor.zeros([3, 32])
        #expect(try x.linear(matrix).floats().allSatisfy { $0 == 0 })
        let bias = try noise([8], seed: 2)
        #expect(try x.linear(matrix, bias: bias).equal(bias.expand([3, 8])))
        let none = try Int8Matrix(quantizing: Tensor.zeros([8, 32]))
        #expect(try noise([3, 32], seed: 3).linear(none).floats().allSatisfy { $0 == 0 })
    }

    @Test("Leading dimensions are kept, views are read as they are, and there may be no rows")
    func dimensions() throws {
        let matrix = try Int8Matrix(quantizing: noise([8, 32], seed: 1))
        let x = try noise([2, 3, 32], seed: 2)
        let y = try x.linear(matrix)
        #expect(y.shape == [2, 3, 8])
        #expect(y.isContiguous)
        #expect(try y.reshape([6, 8]).equal(x.reshape([6, 32]).linear(matrix)))
        #expect(try x.transpose(0, 1).linear(matrix).equal(y.transpose(0, 1)))
        #expect(try x.select(0, 1).select(0, 2).linear(matrix).shape == [8])
        #expect(try Tensor.zeros([2, 0, 32]).linear(matrix).shape == [2, 0, 8])
    }

    @Test("NaN and infinity are not hidden: their row is NaN, the others are not", arguments: [Float.nan, .infinity])
    func notFinite(value: Float) throws {
        let matrix = try Int8Matrix(quantizing: noise([8, 4], seed: 1))
        let x = try Tensor([1, 2, 3, 4, 1, value, 3, 4], shape: [2, 4])
        let y = try x.linear(matrix).floats()
        #expect(y[0..<8].allSatisfy { $0.isFinite })
        #expect(y[8...].allSatisfy { $0.isNaN })
        let broken = try Int8Matrix(quantizing: Tensor([1, value, 1, 1] as [Float], shape: [2, 2]))
        let z = try Tensor.ones([1, 2]).linear(broken).floats()
        #expect(!z[0].isFinite)
        #expect(z[1].isFinite)
    }

    @Test("The weight's memory is given back")
    func memory() throws {
        let before = TorchRuntime.liveTensorCount
        do {
            let matrix = try Int8Matrix(quantizing: noise([8, 32], seed: 1))
            #expect((matrix.inputFeatures, matrix.outputFeatures) == (32, 8))
        }
        #expect(TorchRuntime.liveTensorCount == before)
    }

    @Test("What does not fit is an error, not a wrong number")
    func errors() throws {
        let matrix = try Int8Matrix(quantizing: noise([8, 32], seed: 1))
        #expect(throws: TorchError.self) { try Tensor.ones([2, 31]).linear(matrix) }
        #expect(throws: TorchError.self) { try Tensor.ones([2, 32], dtype: .float16).linear(matrix) }
        #expect(throws: TorchError.self) { try Tensor.ones([2, 32]).linear(matrix, bias: Tensor.ones([7])) }
        #expect(throws: TorchError.self) { try Tensor.ones([2, 32], dtype: .int64).quantizedRows() }
        #expect(throws: TorchError.self) { try Tensor.full([], 1).quantizedRows() }
        #expect(throws: TorchError.self) { try Int8Matrix(quantizing: Tensor.ones([32])) }
        #expect(throws: TorchError.self) { try Int8Matrix(quantizing: Tensor.ones([0, 32])) }
        #expect(throws: TorchError.self) { try Int8Matrix(quantizing: Tensor.ones([1, 65_537])) }
    }

    @Test("A packed matrix taken from its bytes gives the same bits, wherever they lie", arguments: [0, 8, 64])
    func packedForm(offset: Int) throws {
        for (outputs, inputs) in [(8, 32), (96, 70), (1, 1), (257, 129)] {
            let matrix = try Int8Matrix(quantizing: noise([outputs, inputs], seed: 1))
            let form = try matrix.packedForm
            let room = try Tensor.zeros([form.bytes.count + offset], dtype: .uint8)
            let bytes = try room.slice(0, from: offset, to: room.count)
            try bytes.copy(from: form.bytes)
            let layout = try form.layout.clone()
            let copy = try Int8Matrix(.init(bytes: bytes, layout: layout), scales: matrix.scales, inputFeatures: inputs)
            #expect((copy.inputFeatures, copy.outputFeatures) == (inputs, outputs))
            for rows in [1, 5, 33] {
                let x = try noise([rows, inputs], seed: 2)
                #expect(try x.linear(copy).equal(x.linear(matrix)))
            }
            #expect(throws: TorchError.self, "a byte too few") {
                let short = try form.bytes.slice(0, from: 0, to: form.bytes.count - 1)
                _ = try Int8Matrix(.init(bytes: short, layout: layout), scales: matrix.scales, inputFeatures: inputs)
            }
        }
    }

    @Test("A gradient is refused rather than lost")
    func gradient() throws {
        let matrix = try Int8Matrix(quantizing: noise([8, 32], seed: 1))
        let x = try noise([2, 32], seed: 2)
        try x.setRequiresGradient(true)
        let error = try #require(throws: TorchError.self) { try x.linear(matrix) }
        #expect(error.description.contains("no gradient"))
        let free = try withoutGradients { () throws(TorchError) in try x.linear(matrix) }
        #expect(free.shape == [2, 8])
    }
}
