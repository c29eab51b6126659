// SPDX-License-Identifier: Apache-2.0

import Checksums

/// A record of an event file: its length and its bytes, each with a checksum behind it.
package enum EventRecord {
    /// What stands before the bytes: the length in 8 bytes and its checksum in 4.
    package static let headerByteCount = 12
    /// What stands behind them.
    package static let footerByteCount = 4

    /// The bytes of a record.
    ///
    /// - Parameter content: what the record holds.
    /// - Returns: the record.
    package static func encode(_ content: [UInt8]) -> [UInt8] {
        let length = littleEndian(UInt64(content.count))
        return length + littleEndian(checksum(length)) + content + littleEndian(checksum(content))
    }

    /// The CRC-32C of some bytes, turned and moved as TensorFlow does so that a checksum of checksums says something.
    ///
    /// - Parameter bytes: the bytes.
    /// - Returns: the masked code.
    package static func checksum(_ bytes: [UInt8]) -> UInt32 {
        var code = CyclicRedundancyCode(.castagnoli32)
        unsafe bytes.withUnsafeBytes { unsafe code.update($0) }
        let value = UInt32(truncatingIfNeeded: code.value)
        return (value >> 15 | value << 17) &+ 0xA282_EAD8
    }

    private static func littleEndian<Integer: FixedWidthInteger>(_ value: Integer) -> [UInt8] {
        (0..<MemoryLayout<Integer>.size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
}
