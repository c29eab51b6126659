// SPDX-License-Identifier: Apache-2.0
import CTorchTable

/// The type of a tensor's elements.
///
/// The raw value is libtorch's `c10::ScalarType`.
public enum DType: Int32, Sendable, CaseIterable {
    /// IEEE 754 single precision.
    case float32 = 6
    /// IEEE 754 double precision.
    case float64 = 7
    /// IEEE 754 half precision.
    case float16 = 5
    /// The upper half of a float32: 8 bits of exponent, 7 of fraction.
    case bfloat16 = 15
    /// Signed, one byte.
    case int8 = 1
    /// Unsigned, one byte.
    case uint8 = 0
    /// Signed, two bytes.
    case int16 = 2
    /// Signed, four bytes.
    case int32 = 3
    /// Signed, eight bytes: indices.
    case int64 = 4
    /// One byte, 0 or 1.
    case bool = 11
}

extension DType: CustomStringConvertible {
    /// The size of one element in bytes.
    public var byteCount: Int {
        switch self {
        case .int8, .uint8, .bool: 1
        case .float16, .bfloat16, .int16: 2
        case .float32, .int32: 4
        case .float64, .int64: 8
        }
    }

    /// The name that Python uses, such as `bfloat16`.
    public var name: String {
        switch self {
        case .float32: "float32"
        case .float64: "float64"
        case .float16: "float16"
        case .bfloat16: "bfloat16"
        case .int8: "int8"
        case .uint8: "uint8"
        case .int16: "int16"
        case .int32: "int32"
        case .int64: "int64"
        case .bool: "bool"
        }
    }

    /// Whether elements have a fraction and can have gradients.
    public var isFloatingPoint: Bool {
        switch self {
        case .float32, .float64, .float16, .bfloat16: true
        case .int8, .uint8, .int16, .int32, .int64, .bool: false
        }
    }

    /// The most negative finite value, what `torch.finfo(dtype).min` gives; used to mask attention.
    ///
    /// An int64's is exact: −2⁶³ is a Double.
    public var lowest: Double {
        switch self {
        case .float32: -Double(Float.greatestFiniteMagnitude)
        case .float64: -Double.greatestFiniteMagnitude
        case .float16: -65504
        case .bfloat16: -0x1.fep127
        case .int8: -0x1p7
        case .int16: -0x1p15
        case .int32: -0x1p31
        case .int64: -0x1p63
        case .uint8, .bool: 0
        }
    }

    /// The name.
    public var description: String { name }
}

extension DType {
    /// What libtorch calls the type of this raw value and how large it says that an element is; nil if it has none.
    package var inLibtorch: (name: String, byteCount: Int)? {
        get throws(TorchError) {
            let table = unsafe try Library.loaded().table
            guard let name = unsafe table.pointee.dtypeName(rawValue) else { return nil }
            return unsafe (String(cString: name), table.pointee.dtypeByteCount(rawValue))
        }
    }
}
