// SPDX-License-Identifier: Apache-2.0
import Testing
import Torch

@Suite("Linear algebra and convolution")
struct LinearAlgebraTests {
    private func matrix(_ rows: [[Float]]) throws -> Tensor {
        try Tensor(rows.flatMap(\.self), shape: [rows.count, rows[0].count])
    }

    @Test("Products")
    func products() throws {
        let a = try matrix([[1, 2], [3, 4]])
        let b = try matrix([[0, 1], [1, 0]])
        #expect(try a.matmul(b).floats() == [2, 1, 4, 3])
        #expect(try a.unsqueeze(0).bmm(b.unsqueeze(0)).shape == [1, 2, 2])
        #expect(try a.addmm(a, b, beta: 2, alpha: 10).floats() == [22, 14, 46, 38])
        #expect(try a.unsqueeze(0).baddbmm(a.unsqueeze(0), b.unsqueeze(0)).floats() == [3, 3, 7, 7])
        let v = try Tensor([1, 2] as [Float], shape: [2])
        #expect(try v.outer(v).floats() == [1, 2, 2, 4])
        #expect(try v.linear(a).floats() == [5, 11])
        #expect(try v.linear(a, bias: v).floats() == [6, 13])
        #expect(try v.unsqueeze(0).kron(v.unsqueeze(1)).floats() == [1, 2, 2, 4])
    }

    @Test("Inverse, solution and decompositions give the matrix back")
    func decompositions() throws {
        let a = try Tensor([4, 1, 2, 3, 0, 5] as [Double], shape: [2, 3])
        let square = try a.matmul(a.transpose(0, 1))
        let one = try square.matmul(square.inverse()).doubles()
        #expect(zip(one, [1, 0, 0, 1]).allSatisfy { abs($0 - $1) < 1e-12 })
        let solution = try square.matmul(square.solve(a))
        #expect(try (solution - a).abs().max().item() < 1e-12)

        let (u, s, v) = try a.svd()
        #expect(u.shape == [2, 2] && s.shape == [2] && v.shape == [3, 2])
        #expect(try ((u * s).matmul(v.transpose(0, 1)) - a).abs().max().item() < 1e-12)
        let (q, r) = try a.qr()
        #expect(try (q.matmul(r) - a).abs().max().item() < 1e-12)
        #expect(try r.select(0, 1).select(0, 0).item() == 0)
    }

    @Test("Convolution along one dimension")
    func convolution() throws {
        let x = try Tensor([1, 2, 3, 4, 5] as [Float], shape: [1, 1, 5])
        let kernel = try Tensor([1, 0, -1] as [Float], shape: [1, 1, 3])
        #expect(try x.conv1d(kernel).floats() == [-2, -2, -2])
        #expect(try x.conv1d(kernel, bias: Tensor.ones([1]), stride: 2, padding: 1).floats() == [-1, -1, 5])
        #expect(try x.conv1d(kernel, dilation: 2).floats() == [-4])
        #expect(try x.repeated([1, 2, 1]).conv1d(kernel.repeated([2, 1, 1]), groups: 2).shape == [1, 2, 3])
        let up = try x.convTranspose1d(Tensor.ones([1, 1, 2]), stride: 2)
        #expect(try up.floats() == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5])
        #expect(
            try x.convTranspose1d(Tensor.ones([1, 1, 2]), stride: 2, padding: 1, outputPadding: 1).shape == [1, 1, 9]
        )
    }

    @Test("Convolution over two dimensions")
    func planes() throws {
        let x = try Tensor.arange(12, dtype: .float32).reshape([1, 1, 3, 4])
        #expect(try x.conv2d(Tensor.ones([1, 1, 1, 2]), stride: (1, 2)).floats() == [1, 5, 9, 13, 17, 21])
        #expect(try x.conv2d(Tensor.ones([1, 1, 3, 3]), padding: (1, 0)).shape == [1, 1, 3, 2])
        #expect(try x.convTranspose2d(Tensor.ones([1, 1, 2, 1]), stride: (2, 1)).shape == [1, 1, 6, 4])
    }
}
