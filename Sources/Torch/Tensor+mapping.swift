// SPDX-License-Identifier: Apache-2.0
import CTorchTable

extension Tensor {
    /// A view of memory that somebody else owns, such as a mapped file.
    ///
    /// Nothing is copied.
    ///
    /// The memory may be read-only; writing to the tensor in place then ends the process, so it is for weights that
    /// nobody changes. It needs the elements' natural alignment, no more.
    ///
    /// - Parameters:
    ///   - bytes: the elements in row-major order, as many as the shape takes.
    ///   - shape: the size of each dimension.
    ///   - dtype: the type of the elements.
    ///   - owner: kept until the last tensor that uses the memory, views included, is gone.
    /// - Throws: `invalidArgument` for another number of bytes, or an address that does not suit the dtype.
    public convenience init(
        mapping bytes: UnsafeRawBufferPointer,
        shape: [Int],
        dtype: DType,
        owner: AnyObject
    ) throws(TorchError) {
        let expected = try Shape.byteCount(shape, dtype, operation: "mapping")
        guard bytes.count == expected else {
            throw Shape.invalid("mapping", "\(dtype) \(shape) takes \(expected) bytes, not \(bytes.count)")
        }
        let address = UInt(bitPattern: bytes.baseAddress)
        guard address.isMultiple(of: UInt(dtype.byteCount)) else {
            throw Shape.invalid(
                "mapping",
                "\(dtype) needs addresses that are multiples of \(dtype.byteCount), not \(address)"
            )
        }
        let retained = unsafe Unmanaged.passRetained(owner)
        do throws(TorchError) {
            try self.init("mapping") { table, out in
                unsafe table.pointee.mapBytes(
                    out,
                    bytes.baseAddress,
                    bytes.count,
                    shape,
                    shape.count,
                    dtype.rawValue,
                    retained.toOpaque()
                ) { owner in unsafe Unmanaged<AnyObject>.fromOpaque(owner).release() }
            }
        } catch {
            // The table promises not to have called the closure when it fails.
            unsafe retained.release()
            throw error
        }
    }
}
