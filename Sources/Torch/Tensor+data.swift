// SPDX-License-Identifier: Apache-2.0
import CTorchTable

extension Tensor {
    /// The elements as Float, in row-major order, whatever the dtype and device.
    public func floats() throws(TorchError) -> [Float] { try elements(as: .float32, zero: 0) }

    /// The elements as Double, in row-major order, whatever the dtype and device.
    public func doubles() throws(TorchError) -> [Double] { try elements(as: .float64, zero: 0) }

    /// The elements as Int64, in row-major order; fractions are cut off.
    public func int64s() throws(TorchError) -> [Int64] { try elements(as: .int64, zero: 0) }

    /// The elements' own bytes, in row-major order.
    public func bytes() throws(TorchError) -> [UInt8] { try elements(as: dtype, zero: 0) }

    /// The only element as a Double.
    ///
    /// - Throws: an error if there is not exactly one.
    public func item() throws(TorchError) -> Double {
        var value = 0.0
        try Library.call("item") { unsafe $0.pointee.item(&value, pointer) }
        return value
    }

    private func elements<Element: BitwiseCopyable>(
        as dtype: DType,
        zero: Element
    ) throws(TorchError) -> [Element] {
        let byteCount = count * dtype.byteCount
        var values = [Element](repeating: zero, count: byteCount / MemoryLayout<Element>.stride)
        try Library.call("copyOut") { table in
            unsafe values.withUnsafeMutableBytes { destination in
                unsafe table.pointee.copyOut(destination.baseAddress, byteCount, pointer, dtype.rawValue)
            }
        }
        return values
    }

    /// Lends the elements' memory, in row-major order.
    ///
    /// - Throws: `invalidArgument` unless the tensor is contiguous and on the host, and what the body throws.
    public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result {
        try checkLendable()
        return try withExtendedLifetime(self) { try unsafe body(memory) }
    }

    /// What `withBytes` lends; valid while this tensor lives.
    private var memory: UnsafeRawBufferPointer {
        let start = Library.read { unsafe $0.pointee.dataPointer(pointer) }
        return unsafe UnsafeRawBufferPointer(start: start, count: byteCount)
    }

    private func checkLendable() throws(TorchError) {
        guard device.isCPU, isContiguous else {
            throw Shape.invalid("withBytes", "the tensor must be contiguous and on the CPU, not \(self)")
        }
    }
}
