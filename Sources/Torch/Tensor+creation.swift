// SPDX-License-Identifier: Apache-2.0
import CTorchTable

extension Tensor {
    /// Memory as it comes, for a tensor that is written as a whole before it is read.
    public static func empty(
        _ shape: [Int],
        dtype: DType = .float32,
        device: Device = .cpu
    ) throws(TorchError) -> Tensor {
        try Tensor("empty") { unsafe $0.pointee.empty($1, shape, shape.count, device.options(dtype)) }
    }

    /// All elements 0.
    public static func zeros(
        _ shape: [Int],
        dtype: DType = .float32,
        device: Device = .cpu
    ) throws(TorchError) -> Tensor {
        try Tensor("zeros") { unsafe $0.pointee.zeros($1, shape, shape.count, device.options(dtype)) }
    }

    /// All elements 1.
    public static func ones(
        _ shape: [Int],
        dtype: DType = .float32,
        device: Device = .cpu
    ) throws(TorchError) -> Tensor {
        try Tensor("ones") { unsafe $0.pointee.ones($1, shape, shape.count, device.options(dtype)) }
    }

    /// All elements the same.
    public static func full(
        _ shape: [Int],
        _ value: Double,
        dtype: DType = .float32,
        device: Device = .cpu
    ) throws(TorchError) -> Tensor {
        try Tensor("full") { unsafe $0.pointee.full($1, shape, shape.count, value, device.options(dtype)) }
    }

    /// The whole numbers from 0 up to, not including, `end`.
    public static func arange(
        _ end: Int,
        dtype: DType = .int64,
        device: Device = .cpu
    ) throws(TorchError) -> Tensor {
        try arange(from: 0, to: Double(end), step: 1, dtype: dtype, device: device)
    }

    /// Numbers from `start` up to, not including, `end`.
    public static func arange(
        from start: Double,
        to end: Double,
        step: Double = 1,
        dtype: DType = .float32,
        device: Device = .cpu
    ) throws(TorchError) -> Tensor {
        try Tensor("arange") { unsafe $0.pointee.arange($1, start, end, step, device.options(dtype)) }
    }

    /// `count` numbers at equal distances, both ends included.
    public static func linspace(
        from start: Double,
        to end: Double,
        count: Int,
        dtype: DType = .float32,
        device: Device = .cpu
    ) throws(TorchError) -> Tensor {
        try Tensor("linspace") { unsafe $0.pointee.linspace($1, start, end, count, device.options(dtype)) }
    }
}

extension Tensor {
    /// A float32 tensor of these numbers, in row-major order.
    public convenience init(_ values: [Float], shape: [Int]) throws(TorchError) {
        try self.init(elements: values, shape: shape, dtype: .float32)
    }

    /// A float64 tensor of these numbers, in row-major order.
    public convenience init(_ values: [Double], shape: [Int]) throws(TorchError) {
        try self.init(elements: values, shape: shape, dtype: .float64)
    }

    /// An int64 tensor of these numbers, in row-major order.
    public convenience init(_ values: [Int64], shape: [Int]) throws(TorchError) {
        try self.init(elements: values, shape: shape, dtype: .int64)
    }

    /// A tensor of booleans, in row-major order.
    public convenience init(_ values: [Bool], shape: [Int]) throws(TorchError) {
        try self.init(elements: values, shape: shape, dtype: .bool)
    }

    private convenience init<Element: BitwiseCopyable>(
        elements: [Element],
        shape: [Int],
        dtype: DType
    ) throws(TorchError) {
        try unsafe self.init(copying: elements.span.bytes, shape: shape, dtype: dtype)
    }

    /// A copy of raw elements in row-major order.
    ///
    /// - Throws: `invalidArgument` if the bytes are not as many as the shape takes.
    public convenience init(
        copying bytes: UnsafeRawBufferPointer,
        shape: [Int],
        dtype: DType
    ) throws(TorchError) {
        let pointer = try unsafe Tensor.copy(bytes, shape: shape, dtype: dtype)
        unsafe self.init(adopting: pointer)
    }

    /// A copy of raw elements in row-major order.
    ///
    /// - Throws: `invalidArgument` if the bytes are not as many as the shape takes.
    public convenience init(copying bytes: RawSpan, shape: [Int], dtype: DType) throws(TorchError) {
        let pointer = try unsafe bytes.withUnsafeBytes { bytes throws(TorchError) in
            try unsafe Tensor.copy(bytes, shape: shape, dtype: dtype)
        }
        unsafe self.init(adopting: pointer)
    }

    private static func copy(
        _ bytes: UnsafeRawBufferPointer,
        shape: [Int],
        dtype: DType
    ) throws(TorchError) -> OpaquePointer {
        _ = try Shape.byteCount(shape, dtype, operation: "copying")
        var result: OpaquePointer?
        try Library.call("copying") {
            unsafe $0.pointee.copyBytes(
                &result,
                bytes.baseAddress,
                bytes.count,
                shape,
                shape.count,
                dtype.rawValue
            )
        }
        guard let result = unsafe result else { throw Shape.invalid("copying", "libtorch gave no result") }
        return unsafe result
    }
}
