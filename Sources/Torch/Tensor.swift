// SPDX-License-Identifier: Apache-2.0
import CTorchTable

/// An n-dimensional array held by libtorch.
///
/// A tensor stays in the isolation that made it: it is not Sendable, bytes cross instead. Operations throw
/// `TorchError`; one `try` covers everything to its right. Methods return new tensors, which may be views of the
/// same memory where libtorch's are; those with `inPlace` in their name, and `copy`, `fill`, `loraAdd`, change the
/// receiver and return nothing. A Double beside an integral tensor counts as an integer if it is whole, as a
/// number written without a point does in Python.
@safe
public final class Tensor {
    /// Owned.
    ///
    /// It is read only in the closure that an initialiser or `call` runs, while `self` is certainly alive.
    let pointer: OpaquePointer

    /// Makes a tensor by one call that writes a handle, and throws what it reports.
    @safe init(
        _ operation: StaticString,
        _ body: (UnsafePointer<CTTable>, UnsafeMutablePointer<OpaquePointer?>) -> OpaquePointer?
    ) throws(TorchError) {
        var result: OpaquePointer?
        try Library.call(operation) { table in unsafe body(table, &result) }
        guard let result = unsafe result else {
            throw TorchError.runtime(operation: operation.description, message: "libtorch gave no result")
        }
        unsafe pointer = unsafe result
    }

    /// Takes over a handle.
    init(adopting pointer: OpaquePointer) {
        unsafe self.pointer = unsafe pointer
    }

    deinit {
        Library.release { table in unsafe table.pointee.freeTensor(pointer) }
    }

    /// Makes two tensors by one call.
    @safe static func pair(
        _ operation: StaticString,
        _ body: (
            UnsafePointer<CTTable>, UnsafeMutablePointer<OpaquePointer?>, UnsafeMutablePointer<OpaquePointer?>
        ) -> OpaquePointer?
    ) throws(TorchError) -> (Tensor, Tensor) {
        var second: OpaquePointer?
        let first = try Tensor(operation) { table, out in unsafe body(table, out, &second) }
        guard let second = unsafe second else {
            throw TorchError.runtime(operation: operation.description, message: "libtorch gave no second result")
        }
        return (first, unsafe Tensor(adopting: second))
    }
}

extension Tensor {
    /// The size of each dimension; empty for a single number.
    public var shape: [Int] {
        Library.read { table in
            let rank = unsafe table.pointee.rank(pointer)
            guard let sizes = unsafe table.pointee.sizes(pointer) else { return [] }
            return (0..<rank).map { unsafe Int(sizes[$0]) }
        }
    }

    /// The number of dimensions.
    public var rank: Int { Library.read { unsafe $0.pointee.rank(pointer) } }

    /// The number of elements.
    public var count: Int { Library.read { unsafe Int($0.pointee.elementCount(pointer)) } }

    /// The size of one dimension; a negative index counts from the last.
    ///
    /// - Precondition: the dimension exists.
    public func dimension(_ index: Int) -> Int {
        let shape = shape
        return shape[index < 0 ? index + shape.count : index]
    }

    /// The type of the elements.
    public var dtype: DType {
        let raw = Library.read { unsafe $0.pointee.dtype(pointer) }
        guard let dtype = DType(rawValue: raw) else {
            preconditionFailure("libtorch made a tensor of type \(raw), which no operation here can give")
        }
        return dtype
    }

    /// Where the memory is.
    public var device: Device {
        let raw = Library.read { unsafe $0.pointee.device(pointer) }
        return Device(kind: raw.kind, index: raw.index)
    }

    /// Whether the elements lie in order without gaps.
    public var isContiguous: Bool { Library.read { unsafe $0.pointee.isContiguous(pointer) } }

    /// The size of the elements in bytes, whatever the strides.
    public var byteCount: Int { count * dtype.byteCount }

    /// The address of the first element; 0 if there is none.
    ///
    /// Two views that start alike have the same.
    public var dataAddress: UInt {
        Library.read { unsafe UInt(bitPattern: $0.pointee.dataPointer(pointer)) }
    }

    /// Whether both are views of the same memory.
    public func sharesStorage(with other: Tensor) -> Bool {
        Library.read { unsafe $0.pointee.sharesStorage(pointer, other.pointer) }
    }
}

extension Tensor: CustomStringConvertible {
    /// The dtype, shape and device; no elements.
    public var description: String { "Tensor(\(dtype) \(shape) \(device))" }
}
