// SPDX-License-Identifier: Apache-2.0

import Checkpoints

extension SafetensorsFile {
    /// The value of a tensor that holds one number, of shape `[]` or `[1]`.
    ///
    /// - Throws: `AdapterFormatError.unexpectedShape`, `.unexpectedType`, or `.invalidAlpha` if it is not finite.
    func scalar(of tensor: TensorDescription) throws(AdapterFormatError) -> Double {
        guard tensor.elementCount == 1, tensor.shape.count <= 1 else {
            throw .unexpectedShape(tensor: tensor.name, shape: tensor.shape, expected: "[] or [1]")
        }
        let offset = tensor.byteRange.lowerBound
        let value: Double
        switch tensor.dtype {
        case .float64: value = Double(bitPattern: file.integer(at: offset, as: UInt64.self))
        case .float32: value = Double(Float(bitPattern: file.integer(at: offset, as: UInt32.self)))
        case .float16: value = Double(Float16(bitPattern: file.integer(at: offset, as: UInt16.self)))
        case .bfloat16: value = Double(Float(bitPattern: UInt32(file.integer(at: offset, as: UInt16.self)) << 16))
        case .int64: value = Double(file.integer(at: offset, as: Int64.self))
        case .int32: value = Double(file.integer(at: offset, as: Int32.self))
        case .int16, .int8, .uint8, .uint16, .uint32, .uint64, .bool, .float8e4m3, .float8e5m2:
            throw .unexpectedType(tensor: tensor.name, type: tensor.dtype.rawValue, expected: "a floating-point number")
        }
        guard value.isFinite else { throw .invalidAlpha(tensor: tensor.name, value: "\(value)") }
        return value
    }
}
