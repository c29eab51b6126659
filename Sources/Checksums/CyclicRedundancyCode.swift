// SPDX-License-Identifier: Apache-2.0

import CObjectStore

/// A reflected CRC of up to 64 bits with all-ones start and end: by carry-less multiplication where the processor has it,
/// else 16 bytes a step by tables.
///
/// One routine serves the three polynomials: a 32-bit state simply leaves the upper half of the word empty.
package struct CyclicRedundancyCode: Sendable, Equatable {
    /// A generator polynomial in reflected form, and its tables.
    package struct Polynomial: Sendable {
        /// CRC-64/NVME; the check value of "123456789" is ae8b14860a799888.
        package static let nvme64 = Polynomial(width: 64, reflected: 0x9A6C_9329_AC4B_C9B5)
        /// CRC-32/ISCSI (Castagnoli); the check value is e3069283.
        package static let castagnoli32 = Polynomial(width: 32, reflected: 0x82F6_3B78)
        /// CRC-32/ISO-HDLC (zip, gzip); the check value is cbf43926.
        package static let zip32 = Polynomial(width: 32, reflected: 0xEDB8_8320)

        fileprivate let width: Int
        fileprivate let reflected: UInt64
        /// 16 tables of 256: table t is what a byte does to the state t bytes later.
        fileprivate let tables: [UInt64]
        /// What `co_fold` multiplies by.
        fileprivate let powers: [UInt64]

        private init(width: Int, reflected: UInt64) {
            self.width = width
            self.reflected = reflected
            var tables = [UInt64](repeating: 0, count: 16 * 256)
            for byte in 0..<256 {
                var value = UInt64(byte)
                for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ reflected : value >> 1 }
                tables[byte] = value
            }
            for index in 256..<tables.count {
                let before = tables[index - 256]
                tables[index] = before >> 8 ^ tables[Int(before & 0xFF)]
            }
            self.tables = tables
            // x^n modulo the polynomial, the lowest power in the highest bit of 64, one power at a time.
            let modulus = reflected << UInt64(64 - width)
            let used = UInt64.max << UInt64(64 - width)
            var (power, found) = (UInt64(1) << 63, [UInt64]())
            for exponent in 0...(1024 + 63) {
                if [127, 128 + 63, 1023, 1024 + 63].contains(exponent) { found.append(power) }
                let isReduced = power & 1 << UInt64(64 - width) != 0
                power = isReduced ? power >> 1 & used ^ modulus : power >> 1 & used
            }
            powers = [found[3], found[2], found[1], found[0]]
        }

        fileprivate var mask: UInt64 { width == 64 ? .max : (1 << UInt64(width)) - 1 }

        /// The product of two polynomials modulo this one; the highest bit is x⁰.
        fileprivate func product(_ left: UInt64, _ right: UInt64) -> UInt64 {
            var (bit, factor, sum) = (UInt64(1) << UInt64(width - 1), right, UInt64(0))
            while bit != 0 {
                if left & bit != 0 { sum ^= factor }
                factor = factor & 1 == 1 ? factor >> 1 ^ reflected : factor >> 1
                bit >>= 1
            }
            return sum
        }

        /// What `byteCount` zero bytes multiply a state by: x^(8·byteCount).
        fileprivate func shift(byteCount: Int) -> UInt64 {
            var (result, square, rest) = (UInt64(1) << UInt64(width - 1), UInt64(1) << UInt64(width - 9), byteCount)
            while rest > 0 {
                if rest & 1 == 1 { result = product(result, square) }
                square = product(square, square)
                rest >>= 1
            }
            return result
        }
    }

    private static let canFold = co_can_fold()

    private let polynomial: Polynomial
    private var state: UInt64

    /// The code of no bytes.
    package init(_ polynomial: Polynomial) {
        self.polynomial = polynomial
        state = polynomial.mask
    }

    /// The code of the bytes so far.
    package var value: UInt64 { state ^ polynomial.mask }

    /// The value as S3 encodes it.
    package var bigEndianBytes: [UInt8] {
        (1...polynomial.width / 8).reversed().map { UInt8(truncatingIfNeeded: value >> UInt64(8 * ($0 - 1))) }
    }

    /// Takes more bytes in.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard Self.canFold, bytes.count >= 128, let start = bytes.baseAddress else { return unsafe step(bytes) }
        let whole = bytes.count & ~15
        var rest = (UInt64(0), UInt64(0))
        unsafe withUnsafeMutableBytes(of: &rest) { rest in
            unsafe polynomial.powers.withUnsafeBufferPointer { powers in
                guard let powers = powers.baseAddress, let rest = rest.baseAddress else { return }
                unsafe co_fold(
                    start.assumingMemoryBound(to: UInt8.self),
                    whole,
                    state,
                    powers,
                    rest.assumingMemoryBound(to: UInt8.self)
                )
            }
        }
        state = 0
        unsafe withUnsafeBytes(of: &rest) { unsafe step($0) }
        unsafe step(UnsafeRawBufferPointer(rebasing: bytes[whole...]))
    }

    /// Takes bytes in by the tables; for tests beside the other way, and where there is none.
    package mutating func step(_ bytes: UnsafeRawBufferPointer) {
        var state = self.state
        unsafe polynomial.tables.withUnsafeBufferPointer { tables in
            var offset = 0
            while offset + 16 <= bytes.count {
                let first =
                    unsafe state ^ UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
                let second = unsafe UInt64(
                    littleEndian: bytes.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self)
                )
                state = unsafe Self.folded(first, tables, from: 15) ^ Self.folded(second, tables, from: 7)
                offset += 16
            }
            while offset < bytes.count {
                state = unsafe state >> 8 ^ tables[Int((state ^ UInt64(bytes[offset])) & 0xFF)]
                offset += 1
            }
        }
        self.state = state
    }

    /// Joins the code of bytes that follow these, without seeing them.
    package mutating func append(value next: UInt64, byteCount: Int) {
        state = polynomial.product(polynomial.shift(byteCount: byteCount), value) ^ next ^ polynomial.mask
    }

    /// Two codes are equal when they are of the same polynomial and value.
    package static func == (left: CyclicRedundancyCode, right: CyclicRedundancyCode) -> Bool {
        left.state == right.state && left.polynomial.reflected == right.polynomial.reflected
    }

    @inline(__always)
    private static func folded(_ word: UInt64, _ tables: UnsafeBufferPointer<UInt64>, from table: Int) -> UInt64 {
        var sum: UInt64 = 0
        for byte in 0..<8 {
            let index = (table - byte) << 8 | Int(truncatingIfNeeded: word >> UInt64(8 * byte) & 0xFF)
            // The index is below 16 · 256 whatever the word: table - byte is 0…15 and the rest one byte.
            sum ^= unsafe tables.baseAddress.map { unsafe $0[index] } ?? 0
        }
        return sum
    }
}
