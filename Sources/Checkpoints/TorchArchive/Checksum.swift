// SPDX-License-Identifier: Apache-2.0

/// The cyclic redundancy check of zip files: CRC-32, polynomial 0xEDB88320 (reflected), as in APPNOTE §4.4.7.
struct Checksum {
    private static let table: [UInt32] = (0..<256).map { index in
        var value = UInt32(index)
        for _ in 0..<8 { value = value & 1 == 0 ? value >> 1 : value >> 1 ^ 0xEDB8_8320 }
        return value
    }

    /// The checksum of some bytes.
    static func of(_ bytes: [UInt8]) -> UInt32 { ~bytes.reduce(UInt32.max, advance) }

    /// The checksum of some bytes of a file.
    static func of(_ range: Range<Int>, in file: MappedFile) -> UInt32 {
        ~range.reduce(UInt32.max) { advance($0, file.byte(at: $1)) }
    }

    private static func advance(_ value: UInt32, _ byte: UInt8) -> UInt32 {
        value >> 8 ^ table[Int(UInt8(truncatingIfNeeded: value) ^ byte)]
    }
}
