// SPDX-License-Identifier: Apache-2.0

/// The cyclic redundancy check of zip files: CRC-32, polynomial 0xEDB88320 (reflected), as in APPNOTE §4.4.7.
struct Checksum {
    private static let table: [UInt32] = (0..<256).map { index in
        var value = UInt32(index)
        for _ in 0..<8 { value = value & 1 == 0 ? value >> 1 : value >> 1 ^ 0xEDB8_8320 }
        return value
    }

    /// The checksum of some bytes of a file.
    static func of(_ range: Range<Int>, in file: MappedFile) -> UInt32 {
        var value = UInt32.max
        for offset in range {
            value = value >> 8 ^ table[Int(UInt8(truncatingIfNeeded: value) ^ file.byte(at: offset))]
        }
        return ~value
    }
}
