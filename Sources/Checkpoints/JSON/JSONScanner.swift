// SPDX-License-Identifier: Apache-2.0

/// A strict JSON reader (RFC 8259) over a part of a mapped file, driven by what the caller expects to find.
///
/// It builds no tree, copies nothing but the strings that are asked for, and never recurses on the input's behalf, so a
/// hostile header costs neither memory nor stack: each nested value is either expected by the caller or skipped by a
/// loop that counts its depth.
package struct JSONScanner {
    /// The file that is read, named in errors.
    package let file: MappedFile
    /// The offset of the next byte, from the start of the file.
    package private(set) var position: Int
    private let end: Int

    /// The deepest nesting that ``skipValue()`` accepts.
    package static let maximumDepth = 64

    /// Starts at the first byte of `range`, which must lie in the file.
    package init(_ file: MappedFile, range: Range<Int>) {
        self.file = file
        position = range.lowerBound
        end = range.upperBound
    }

    /// Reads an object and hands each member's name to `member`, which must read the value.
    ///
    /// Duplicate names are not noticed here: what the caller stores the values in tells it.
    package mutating func object(
        _ member: (String, inout JSONScanner) throws(CheckpointError) -> Void
    ) throws(CheckpointError) {
        try expect(UInt8(ascii: "{"), "an object")
        if try accept(UInt8(ascii: "}")) { return }
        repeat {
            let name = try string()
            try expect(UInt8(ascii: ":"), "':'")
            try member(name, &self)
        } while try accept(UInt8(ascii: ","))
        try expect(UInt8(ascii: "}"), "',' or '}'")
    }

    /// Reads an array; `element` must read one element.
    package mutating func array(
        _ element: (inout JSONScanner) throws(CheckpointError) -> Void
    ) throws(CheckpointError) {
        try expect(UInt8(ascii: "["), "an array")
        if try accept(UInt8(ascii: "]")) { return }
        repeat { try element(&self) } while try accept(UInt8(ascii: ","))
        try expect(UInt8(ascii: "]"), "',' or ']'")
    }

    /// Reads a whole number that is not negative and fits an `Int`.
    package mutating func count() throws(CheckpointError) -> Int {
        skipWhitespace()
        let start = position
        var value = 0
        while let digit = peek(), digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") {
            let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tens.addingReportingOverflow(Int(digit - UInt8(ascii: "0")))
            if overflow || carry { throw malformed("a number is larger than \(Int.max)") }
            if position > start && value == 0 { throw malformed("a number has a leading zero") }
            value = sum
            position += 1
        }
        let next = peek()
        if next == UInt8(ascii: "-") && position == start { throw malformed("a negative number where a count belongs") }
        if position == start { throw malformed("expected a whole number") }
        if next == UInt8(ascii: ".") || next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            throw malformed("a fraction or exponent where a whole number belongs")
        }
        return value
    }

    /// Checks that nothing but white space is left.
    package mutating func finish() throws(CheckpointError) {
        skipWhitespace()
        if position != end { throw malformed("there is text after the end of the JSON value") }
    }

    /// The next byte after white space, without taking it.
    package mutating func nextSignificantByte() -> UInt8? {
        skipWhitespace()
        return peek()
    }

    /// An error at the current position.
    package func malformed(_ reason: String) -> CheckpointError {
        CheckpointError(.malformed, path: file.path, reason: "JSON at byte \(position): \(reason)")
    }

    /// The next byte, or nil at the end.
    func peek() -> UInt8? {
        position < end ? file.byte(at: position) : nil
    }

    /// Takes the next byte.
    mutating func next() throws(CheckpointError) -> UInt8 {
        guard let byte = peek() else { throw malformed("it ends in the middle of a value") }
        position += 1
        return byte
    }

    /// Takes the next byte after white space if it is `byte`.
    mutating func accept(_ byte: UInt8) throws(CheckpointError) -> Bool {
        skipWhitespace()
        guard let found = peek() else { throw malformed("it ends in the middle of a value") }
        if found != byte { return false }
        position += 1
        return true
    }

    /// Takes the next byte after white space, which must be `byte`.
    mutating func expect(_ byte: UInt8, _ what: String) throws(CheckpointError) {
        if try !accept(byte) { throw malformed("expected \(what)") }
    }

    private mutating func skipWhitespace() {
        while let byte = peek(), byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }
}
