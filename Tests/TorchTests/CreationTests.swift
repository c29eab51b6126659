// SPDX-License-Identifier: Apache-2.0
import Testing
import Torch

@Suite("Making tensors and reading them")
struct CreationTests {
    @Test("Factories give what they are named for")
    func factories() throws {
        #expect(try Tensor.zeros([2]).floats() == [0, 0])
        #expect(try Tensor.ones([2], dtype: .int64).int64s() == [1, 1])
        #expect(try Tensor.full([], 2.5).item() == 2.5)
        #expect(try Tensor.full([1], 3, dtype: .int32).dtype == .int32)
        #expect(try Tensor.arange(4).int64s() == [0, 1, 2, 3])
        #expect(try Tensor.arange(3, dtype: .float32).floats() == [0, 1, 2])
        #expect(try Tensor.arange(from: 1, to: 0, step: -0.25).floats() == [1, 0.75, 0.5, 0.25])
        #expect(try Tensor.linspace(from: 0, to: 1, count: 5).floats() == [0, 0.25, 0.5, 0.75, 1])
        #expect(try Tensor.empty([2, 0, 3]).shape == [2, 0, 3])
    }

    @Test("Arrays make tensors of their type, in row-major order")
    func arrays() throws {
        let x = try Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3])
        #expect(x.dtype == .float32)
        #expect(try x.transpose(0, 1).floats() == [1, 4, 2, 5, 3, 6])
        #expect(try Tensor([1, 2] as [Double], shape: [2]).dtype == .float64)
        #expect(try Tensor([Int64.max] as [Int64], shape: [1]).int64s() == [.max])
        #expect(try Tensor([true, false], shape: [2]).dtype == .bool)
        #expect(try Tensor([Float](), shape: [0]).floats().isEmpty)
    }

    @Test("Bytes are copied, in and out")
    func bytes() throws {
        let bytes: [UInt8] = [0x80, 0x3F, 0x00, 0xC0]
        let x = try unsafe Tensor(copying: bytes.span.bytes, shape: [2], dtype: .bfloat16)
        #expect(try x.floats() == [1, -2])
        #expect(try x.bytes() == bytes)
        let y = try unsafe bytes.withUnsafeBytes { try unsafe Tensor(copying: $0, shape: [2], dtype: .bfloat16) }
        #expect(try y.equal(x))
        let first = try unsafe y.withBytes { unsafe $0.first }
        #expect(first == 0x80)
    }

    @Test("Memory that is not in order is not lent")
    func lending() throws {
        let x = try Tensor.zeros([2, 3]).transpose(0, 1)
        let error = try #require(throws: TorchError.self) { try unsafe x.withBytes { $0.count } }
        guard case .invalidArgument(operation: "withBytes", _) = error else {
            Issue.record("not an invalid argument: \(error)")
            return
        }
    }

    @Test("Properties tell shape, strides and place")
    func properties() throws {
        let x = try Tensor.zeros([2, 3, 4], dtype: .float16)
        #expect(x.shape == [2, 3, 4])
        #expect(x.rank == 3)
        #expect(x.count == 24)
        #expect(x.byteCount == 48)
        #expect(x.dimension(0) == 2)
        #expect(x.dimension(-1) == 4)
        #expect(x.isContiguous)
        #expect(x.device.isCPU)
        #expect(x.description == "Tensor(float16 [2, 3, 4] cpu)")
        let turned = try x.transpose(0, 2)
        #expect(!turned.isContiguous)
        #expect(turned.dataAddress == x.dataAddress)
        #expect(try x.clone().dataAddress != x.dataAddress)
    }

    @Test("Conversion rounds to nearest even, and keeps the memory where nothing changes")
    func conversion() throws {
        let x = try Tensor([1.001_953_125, -3.7, 300] as [Float], shape: [3])
        #expect(try x.to(.bfloat16).floats() == [1, -3.703_125, 300])
        #expect(try x.to(.int64).int64s() == [1, -3, 300])
        #expect(try x.to(.float32).dataAddress == x.dataAddress)
        #expect(try x.to(.cpu).dataAddress == x.dataAddress)
        #expect(try x.to(.cpu, .float64).dtype == .float64)
    }

    @Test("More than one element is no item")
    func item() throws {
        #expect(try Tensor([7] as [Int64], shape: [1, 1]).item() == 7)
        #expect(throws: TorchError.self) { try Tensor.zeros([2]).item() }
    }
}
