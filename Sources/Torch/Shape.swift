// SPDX-License-Identifier: Apache-2.0

/// Arithmetic on shapes that come from outside: it reports what would overflow.
enum Shape {
    /// The number of elements of a shape.
    ///
    /// - Throws: `invalidArgument` for a negative size or a product beyond Int.
    static func elementCount(_ shape: [Int], operation: StaticString) throws(TorchError) -> Int {
        var count = 1
        var overflows = false
        for size in shape {
            guard size >= 0 else { throw invalid(operation, "\(shape) has a negative size") }
            let (product, overflow) = count.multipliedReportingOverflow(by: size)
            // A size of 0 further on makes the product 0 whatever came before, but libtorch refuses such shapes too.
            overflows = overflows || overflow
            count = product
        }
        guard !overflows else { throw invalid(operation, "\(shape) has more elements than can be counted") }
        return count
    }

    /// The number of bytes of a shape.
    static func byteCount(_ shape: [Int], _ dtype: DType, operation: StaticString) throws(TorchError) -> Int {
        let count = try elementCount(shape, operation: operation)
        let (bytes, overflow) = count.multipliedReportingOverflow(by: dtype.byteCount)
        guard !overflow else { throw invalid(operation, "\(shape) has more bytes than can be counted") }
        return bytes
    }

    /// An error of a value that is wrong before anything is computed.
    static func invalid(_ operation: StaticString, _ message: String) -> TorchError {
        .invalidArgument(operation: operation.description, message: message)
    }
}
