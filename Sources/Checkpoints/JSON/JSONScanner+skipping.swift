// SPDX-License-Identifier: Apache-2.0

extension JSONScanner {
    /// Reads any value and forgets it.
    ///
    /// Nesting is counted, not recursed into.
    ///
    /// Brackets must match; the grammar inside is checked for strings, numbers and words, and commas and colons are
    /// checked to stand where they may.
    package mutating func skipValue() throws(CheckpointError) {
        var closers: [UInt8] = []
        repeat {
            guard let byte = nextSignificantByte() else { throw malformed("it ends in the middle of a value") }
            if let closer = closers.last, byte == closer {
                // Only an opening bracket leaves a closer as what may come next; see `open`.
                _ = try next()
                closers.removeLast()
            } else if try open(byte, &closers) {
                continue
            }
            try closeAndSeparate(&closers)
        } while !closers.isEmpty
    }

    /// Takes one scalar, or an opening bracket (and the first member's name after it).
    ///
    /// True if something is now open whose first value comes next.
    private mutating func open(_ byte: UInt8, _ closers: inout [UInt8]) throws(CheckpointError) -> Bool {
        switch byte {
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            if closers.count == Self.maximumDepth {
                throw malformed("values are nested more than \(Self.maximumDepth) deep")
            }
            _ = try next()
            let isObject = byte == UInt8(ascii: "{")
            closers.append(UInt8(ascii: isObject ? "}" : "]"))
            if isObject, nextSignificantByte() != UInt8(ascii: "}") { try memberName() }
            return true
        case UInt8(ascii: "\""): _ = try string()
        case UInt8(ascii: "t"): try word("true")
        case UInt8(ascii: "f"): try word("false")
        case UInt8(ascii: "n"): try word("null")
        default: try skipNumber()
        }
        return false
    }

    /// After a complete value: takes the brackets that close here, or the comma (and name) before the next value.
    private mutating func closeAndSeparate(_ closers: inout [UInt8]) throws(CheckpointError) {
        while let closer = closers.last {
            if try accept(closer) {
                closers.removeLast()
                continue
            }
            try expect(UInt8(ascii: ","), "',' or a closing bracket")
            if closer == UInt8(ascii: "}") { try memberName() }
            if let byte = nextSignificantByte(), byte == closer { throw malformed("expected a value after ','") }
            return
        }
    }

    private mutating func memberName() throws(CheckpointError) {
        _ = try string()
        try expect(UInt8(ascii: ":"), "':'")
        if let byte = nextSignificantByte(), byte == UInt8(ascii: "}") { throw malformed("expected a value after ':'") }
    }

    private mutating func word(_ word: StaticString) throws(CheckpointError) {
        for index in 0..<word.utf8CodeUnitCount {
            let expected = unsafe word.utf8Start[index]
            if try next() != expected { throw malformed("expected '\(word)'") }
        }
    }

    private mutating func skipNumber() throws(CheckpointError) {
        try acceptByte(UInt8(ascii: "-"))
        if try !acceptByte(UInt8(ascii: "0")) { try digits() }
        if try acceptByte(UInt8(ascii: ".")) { try digits() }
        var hasExponent = try acceptByte(UInt8(ascii: "e"))
        if !hasExponent { hasExponent = try acceptByte(UInt8(ascii: "E")) }
        if hasExponent {
            if try !acceptByte(UInt8(ascii: "+")) { try acceptByte(UInt8(ascii: "-")) }
            try digits()
        }
    }

    private mutating func digits() throws(CheckpointError) {
        var count = 0
        while let byte = peek(), byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
            _ = try next()
            count += 1
        }
        if count == 0 { throw malformed("expected a value") }
    }

    @discardableResult
    private mutating func acceptByte(_ byte: UInt8) throws(CheckpointError) -> Bool {
        guard peek() == byte else { return false }
        _ = try next()
        return true
    }
}
