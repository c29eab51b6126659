// SPDX-License-Identifier: Apache-2.0

/// Two running sums over the 64-bit words of some bytes, the second of which tells where each word was.
///
/// It takes no longer than reading memory does, and finds damage, not malice: what a failing disk or a half-written file
/// leaves. Source: Fletcher 1982, An Arithmetic Checksum for Serial Transmissions.
package struct WordSums: Equatable {
    private var sum: UInt64 = 0
    private var sumOfSums: UInt64 = 0

    /// The sums of nothing.
    package init() {}

    /// Adds bytes; those of an incomplete last word count as if zeros followed.
    package mutating func add(_ bytes: UnsafeRawBufferPointer) {
        var (first, second) = (sum, sumOfSums)
        let words = bytes.count / 8
        for index in 0..<words {
            first &+= unsafe UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self))
            second &+= first
        }
        var rest: UInt64 = 0
        for index in (8 * words)..<bytes.count { rest |= unsafe UInt64(bytes[index]) << (8 * (index - 8 * words)) }
        first &+= rest
        // Zeros at the end count as well.
        second &+= first &+ UInt64(bytes.count)
        (sum, sumOfSums) = (first, second)
    }

    /// Both as 32 hexadecimal digits.
    package var text: String { [sum, sumOfSums].map(Self.digits).joined() }

    private static func digits(_ word: UInt64) -> String {
        let text = String(word, radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }
}
