// SPDX-License-Identifier: Apache-2.0

/// Scalars in and out of UTF-8 that is known to be well formed.
enum UTF8Scalar {
    /// How many bytes the scalar with this first byte has.
    static func width(leading byte: UInt8) -> Int {
        byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4
    }

    /// The scalar that begins at `position`, and its bytes.
    static func decode(_ utf8: [UInt8], at position: Int) -> (scalar: UInt32, width: Int) {
        let first = utf8[position]
        let width = width(leading: first)
        guard width > 1 else { return (UInt32(first), 1) }
        var scalar = UInt32(first) & (0x7F >> UInt32(width))
        for offset in position + 1..<position + width {
            scalar = scalar << 6 | UInt32(utf8[offset] & 0x3F)
        }
        return (scalar, width)
    }

    /// Appends the bytes of a scalar.
    static func append(_ scalar: UInt32, to utf8: inout [UInt8]) {
        switch scalar {
        case 0..<0x80: utf8.append(UInt8(scalar))
        case 0x80..<0x800:
            utf8.append(0xC0 | UInt8(scalar >> 6))
            utf8.append(continuation(scalar))
        case 0x800..<0x10000:
            utf8.append(0xE0 | UInt8(scalar >> 12))
            utf8.append(continuation(scalar >> 6))
            utf8.append(continuation(scalar))
        default:
            utf8.append(0xF0 | UInt8(scalar >> 18 & 7))
            utf8.append(continuation(scalar >> 12))
            utf8.append(continuation(scalar >> 6))
            utf8.append(continuation(scalar))
        }
    }

    private static func continuation(_ bits: UInt32) -> UInt8 { 0x80 | UInt8(bits & 0x3F) }
}
