// SPDX-License-Identifier: Apache-2.0
import Testing
import Torch

/// Memory with an end that tests can see.
@safe
private final class Memory {
    let bytes: UnsafeMutableRawBufferPointer
    let atEnd: () -> Void

    init(byteCount: Int, atEnd: @escaping () -> Void = {}) {
        unsafe bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 64)
        unsafe bytes.initializeMemory(as: UInt8.self, repeating: 0)
        self.atEnd = atEnd
    }

    deinit {
        unsafe bytes.deallocate()
        atEnd()
    }

    func view(at offset: Int, count: Int) -> UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
    }
}

@Suite("Tensors over foreign memory")
struct MappingTests {
    @Test("The owner lives until the last view is gone")
    func owner() throws {
        var ended = false
        var view: Tensor? = try mapped { ended = true }.narrow(0, from: 1, length: 2)
        #expect(!ended)
        #expect(try view?.floats() == [Float](repeating: 0, count: 8))
        view = nil
        #expect(ended)
    }

    /// A tensor that is the only one to keep its memory.
    private func mapped(atEnd: @escaping () -> Void) throws -> Tensor {
        let memory = Memory(byteCount: 64, atEnd: atEnd)
        return try unsafe Tensor(
            mapping: memory.view(at: 0, count: 64),
            shape: [4, 4],
            dtype: .float32,
            owner: memory
        )
    }

    @Test("The memory itself is used, not a copy")
    func noCopy() throws {
        let memory = Memory(byteCount: 16)
        let x = try unsafe Tensor(mapping: memory.view(at: 0, count: 16), shape: [4], dtype: .float32, owner: memory)
        unsafe memory.bytes.storeBytes(of: Float(5), toByteOffset: 8, as: Float.self)
        #expect(try x.floats() == [0, 0, 5, 0])
        #expect(unsafe x.dataAddress == UInt(bitPattern: memory.bytes.baseAddress))
    }

    @Test("Addresses need the elements' alignment, not 16 bytes", arguments: [4, 8, 12, 20, 36])
    func oddAlignment(offset: Int) throws {
        let memory = Memory(byteCount: 8192)
        let shape = [16, 32]
        let count = 16 * 32
        for index in 0..<count {
            unsafe memory.bytes.storeBytes(of: Float(index % 7) - 3, toByteOffset: offset + 4 * index, as: Float.self)
        }
        let weight = try unsafe Tensor(
            mapping: memory.view(at: offset, count: 4 * count),
            shape: shape,
            dtype: .float32,
            owner: memory
        )
        let x = try Tensor.arange(32, dtype: .float32)
        #expect(try x.linear(weight).equal(x.linear(weight.clone())))
        let half = try unsafe Tensor(
            mapping: memory.view(at: offset + 2, count: 2 * count),
            shape: shape,
            dtype: .bfloat16,
            owner: memory
        )
        #expect(try half.equal(half.clone()))
    }

    @Test("An address between elements is refused")
    func misaligned() throws {
        let memory = Memory(byteCount: 64)
        let error = try #require(throws: TorchError.self) {
            try unsafe Tensor(mapping: memory.view(at: 2, count: 16), shape: [4], dtype: .float32, owner: memory)
        }
        guard case .invalidArgument(operation: "mapping", let message) = error else {
            Issue.record("not an invalid argument: \(error)")
            return
        }
        #expect(message.contains("multiples of 4"))
    }

    @Test("Another number of bytes is refused, and the owner is let go", arguments: [0, 15, 17, 32])
    func wrongSize(count: Int) throws {
        var ended = false
        do {
            let memory = Memory(byteCount: 64) { ended = true }
            let error = try #require(throws: TorchError.self) {
                try unsafe Tensor(
                    mapping: memory.view(at: 0, count: count),
                    shape: [4],
                    dtype: .float32,
                    owner: memory
                )
            }
            #expect(error.description.contains("float32 [4] takes 16 bytes, not \(count)"))
        }
        #expect(ended)
    }

    @Test("Shapes that overflow are refused before anything is multiplied", arguments: [[Int.max, 2], [-1, -4]])
    func hostileShape(shape: [Int]) throws {
        let memory = Memory(byteCount: 64)
        #expect(throws: TorchError.self) {
            try unsafe Tensor(mapping: memory.view(at: 0, count: 4), shape: shape, dtype: .uint8, owner: memory)
        }
    }

    @Test("A tensor without elements maps nothing")
    func empty() throws {
        let memory = Memory(byteCount: 16)
        let x = try unsafe Tensor(mapping: memory.view(at: 0, count: 0), shape: [0, 4], dtype: .float32, owner: memory)
        #expect(x.shape == [0, 4])
        #expect(x.dataAddress == 0)
    }
}
