// SPDX-License-Identifier: Apache-2.0

/// The arguments that follow an opcode.
extension PickleMachine {
    /// The next byte.
    mutating func byte() throws(CheckpointError) -> UInt8 {
        archive.file.byte(at: try take(1).lowerBound)
    }

    /// The next little-endian integer.
    mutating func integer<Integer: FixedWidthInteger>(_ type: Integer.Type) throws(CheckpointError) -> Integer {
        archive.file.integer(at: try take(MemoryLayout<Integer>.size).lowerBound, as: type)
    }

    /// The next bytes as text.
    mutating func text(_ byteCount: Int) throws(CheckpointError) -> String {
        guard let text = archive.file.text(try take(byteCount)) else {
            throw failure(.malformed, "a string is not UTF-8")
        }
        return text
    }

    /// The next bytes.
    mutating func bytes(_ byteCount: Int) throws(CheckpointError) -> [UInt8] {
        archive.file.copy(try take(byteCount))
    }

    /// The text up to the next newline, which is taken too.
    mutating func line() throws(CheckpointError) -> String {
        var length = 0
        while position + length < end, archive.file.byte(at: position + length) != UInt8(ascii: "\n") { length += 1 }
        let line = try text(length)
        _ = try byte()
        return line
    }

    /// A length in one byte and as many bytes of two's complement.
    mutating func longInteger() throws(CheckpointError) -> Int {
        let byteCount = Int(try byte())
        guard byteCount <= 8 else { throw failure(.unsupported, "an integer has more than 64 bits") }
        let range = try take(byteCount)
        var value: UInt64 = 0
        for offset in range.reversed() { value = value << 8 | UInt64(archive.file.byte(at: offset)) }
        // The sign is in the highest bit that is there; a shift of 64, for no bytes, gives 0.
        let unused = 64 - 8 * byteCount
        return Int(Int64(bitPattern: value << unused) >> unused)
    }

    /// PROTO's argument.
    mutating func checkProtocol() throws(CheckpointError) {
        let version = try byte()
        guard (2...5).contains(version) else { throw failure(.unsupported, "protocol \(version) is not one of 2 to 5") }
    }

    /// The range of the next bytes, which are taken.
    mutating func take(_ byteCount: Int) throws(CheckpointError) -> Range<Int> {
        guard byteCount <= end - position else { throw failure(.malformed, "it ends in the middle of an object") }
        let start = position
        position += byteCount
        return start..<position
    }
}
