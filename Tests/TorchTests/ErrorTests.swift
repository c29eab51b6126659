// SPDX-License-Identifier: Apache-2.0
import Testing
import Torch

@Suite("Errors of operations")
struct ErrorTests {
    @Test("Matrices that do not match are a runtime error with libtorch's sentence and no backtrace")
    func runtime() throws {
        let a = try Tensor.zeros([2, 3])
        let b = try Tensor.zeros([4, 5])
        let error = try #require(throws: TorchError.self) { try a.matmul(b) }
        let expected = "mat1 and mat2 shapes cannot be multiplied (2x3 and 4x5)"
        #expect(error == .runtime(operation: "matmul", message: expected))
        #expect(error.description == "matmul: \(expected)")
    }

    @Test("More memory than there can be is out of memory, and the process goes on")
    func outOfMemory() throws {
        let error = try #require(throws: TorchError.self) { try Tensor.empty([1 << 50]) }
        guard case .outOfMemory(operation: "empty", _) = error else {
            Issue.record("not out of memory: \(error)")
            return
        }
        #expect(try Tensor.ones([2]).floats() == [1, 1])
    }

    @Test("An index outside a dimension is an index error")
    func index() throws {
        let error = try #require(throws: TorchError.self) { try Tensor.zeros([3]).select(0, 3) }
        guard case .index(operation: "select", let message) = error else {
            Issue.record("not an index error: \(error)")
            return
        }
        #expect(message.contains("3"))
    }

    @Test("A token id outside the table is an index error")
    func embeddingIndex() throws {
        let table = try Tensor.zeros([4, 2])
        let error = try #require(throws: TorchError.self) {
            try table.embedding(Tensor([4] as [Int64], shape: [1]))
        }
        guard case .index(operation: "embedding", _) = error else {
            Issue.record("not an index error: \(error)")
            return
        }
    }

    @Test("A generator's state of another dtype is a type error")
    func type() throws {
        let generator = try Generator(seed: 0)
        let error = try #require(throws: TorchError.self) { try generator.setState(Tensor.zeros([5056])) }
        guard case .type(operation: "setGeneratorState", _) = error else {
            Issue.record("not a type error: \(error)")
            return
        }
    }

    @Test("An operation that libtorch has no kernel for is not implemented")
    func notImplemented() throws {
        let flags = try Tensor([true, false], shape: [1, 2])
        let error = try #require(throws: TorchError.self) { try flags.matmul(flags.transpose(0, 1)) }
        guard case .notImplemented(operation: "matmul", _) = error else {
            Issue.record("not a missing kernel: \(error)")
            return
        }
    }

    @Test("Bytes that are not the shape's are an invalid argument that names both counts")
    func invalidArgument() throws {
        let error = try #require(throws: TorchError.self) {
            try Tensor([1, 2, 3] as [Float], shape: [2, 2])
        }
        guard case .invalidArgument(operation: "copying", let message) = error else {
            Issue.record("not an invalid argument: \(error)")
            return
        }
        #expect(message.contains("16") && message.contains("12"))
    }

    @Test("Shapes that cannot be counted are refused", arguments: [[-1], [1 << 62, 4], [Int.max, Int.max]])
    func shapes(shape: [Int]) throws {
        let error = try #require(throws: TorchError.self) { try Tensor([Float](), shape: shape) }
        guard case .invalidArgument = error else {
            Issue.record("not an invalid argument: \(error)")
            return
        }
    }

    @Test("An operator's error carries the operator's name")
    func operatorName() throws {
        let error = try #require(throws: TorchError.self) { try Tensor.zeros([2]) + Tensor.zeros([3]) }
        guard case .runtime(operation: "+", _) = error else {
            Issue.record("not a runtime error: \(error)")
            return
        }
    }
}
