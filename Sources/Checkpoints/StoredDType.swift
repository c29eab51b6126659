// SPDX-License-Identifier: Apache-2.0

/// An element type that a checkpoint can hold.
///
/// The raw value is its name in a safetensors header.
public enum StoredDType: String, Sendable, Hashable, CaseIterable {
    /// IEEE 754 binary64.
    case float64 = "F64"
    /// IEEE 754 binary32.
    case float32 = "F32"
    /// IEEE 754 binary16.
    case float16 = "F16"
    /// The upper half of a binary32.
    case bfloat16 = "BF16"
    /// Signed, 64 bits.
    case int64 = "I64"
    /// Signed, 32 bits.
    case int32 = "I32"
    /// Signed, 16 bits.
    case int16 = "I16"
    /// Signed, 8 bits.
    case int8 = "I8"
    /// Unsigned, 8 bits.
    case uint8 = "U8"
    /// Unsigned, 16 bits.
    case uint16 = "U16"
    /// Unsigned, 32 bits.
    case uint32 = "U32"
    /// Unsigned, 64 bits.
    case uint64 = "U64"
    /// One byte, 0 or 1.
    case bool = "BOOL"
    /// 4 exponent bits, 3 mantissa bits, finite (OCP E4M3).
    case float8e4m3 = "F8_E4M3"
    /// 5 exponent bits, 2 mantissa bits (OCP E5M2).
    case float8e5m2 = "F8_E5M2"

    /// Bytes of one element.
    public var byteCount: Int {
        switch self {
        case .float64, .int64, .uint64: 8
        case .float32, .int32, .uint32: 4
        case .float16, .bfloat16, .int16, .uint16: 2
        case .int8, .uint8, .bool, .float8e4m3, .float8e5m2: 1
        }
    }

    /// Bytes of a tensor of this type, or nil where they do not fit an `Int`.
    ///
    /// Dimensions of zero do not hide an overflow of the others: what computes strides multiplies without them.
    package func byteCount(ofShape shape: [Int]) -> Int? {
        var product = byteCount
        for dimension in shape where dimension != 0 {
            let (next, overflow) = product.multipliedReportingOverflow(by: dimension)
            if overflow || dimension < 0 { return nil }
            product = next
        }
        return shape.contains(0) ? 0 : product
    }
}
