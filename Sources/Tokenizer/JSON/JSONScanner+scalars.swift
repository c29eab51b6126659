// SPDX-License-Identifier: Apache-2.0

/// Strings, numbers and the three names.
extension JSONScanner {
    /// Reads a string; its escapes are checked when it is asked for its text.
    mutating func string() throws(TokenizerError) -> StringToken {
        skipWhitespace()
        try expect(UInt8(ascii: "\""), "a string")
        let start = position
        var cursor = start
        var hasEscapes = false
        while cursor < bytes.count {
            let byte = bytes[cursor]
            if byte == UInt8(ascii: "\"") {
                move(to: cursor + 1)
                return StringToken(range: start..<cursor, hasEscapes: hasEscapes)
            }
            guard byte >= 0x20 else { throw error("a control character inside a string", at: cursor) }
            if byte == UInt8(ascii: "\\") {
                hasEscapes = true
                cursor += 1
            }
            cursor += 1
        }
        throw error("the file ends inside a string", at: start - 1)
    }

    /// Appends the text of a string, as UTF-8 without escapes.
    func append(_ token: StringToken, to text: inout [UInt8]) throws(TokenizerError) {
        guard token.hasEscapes else {
            text.append(contentsOf: bytes[token.range])
            return
        }
        var cursor = token.range.lowerBound
        while cursor < token.range.upperBound {
            let byte = bytes[cursor]
            cursor += 1
            if byte == UInt8(ascii: "\\") {
                try appendEscape(at: &cursor, limit: token.range.upperBound, to: &text)
            } else {
                text.append(byte)
            }
        }
    }

    /// The text of a string.
    func text(_ token: StringToken) throws(TokenizerError) -> String {
        var utf8: [UInt8] = []
        try append(token, to: &utf8)
        return String(decoding: utf8, as: UTF8.self)
    }

    private func appendEscape(
        at cursor: inout Int,
        limit: Int,
        to text: inout [UInt8]
    ) throws(TokenizerError) {
        guard cursor < limit else { throw error("an escape without its letter", at: cursor) }
        let letter = bytes[cursor]
        cursor += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(letter)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            let scalar = try escapedScalar(at: &cursor, limit: limit)
            text.append(contentsOf: UTF8.encode(scalar).map(Array.init) ?? [])
        default: throw error("an unknown escape", at: cursor - 1)
        }
    }

    private func escapedScalar(at cursor: inout Int, limit: Int) throws(TokenizerError) -> Unicode.Scalar {
        let start = cursor
        let high = try hexadecimal(at: &cursor, limit: limit)
        if let scalar = Unicode.Scalar(high) { return scalar }
        if high < 0xDC00, cursor + 1 < limit, bytes[cursor] == UInt8(ascii: "\\"),
            bytes[cursor + 1] == UInt8(ascii: "u")
        {
            cursor += 2
            let low = try hexadecimal(at: &cursor, limit: limit)
            let joined = 0x10000 + ((high & 0x3FF) << 10 | low & 0x3FF)
            if 0xDC00..<0xE000 ~= low, let scalar = Unicode.Scalar(joined) { return scalar }
        }
        throw error("half of a surrogate pair", at: start)
    }

    private func hexadecimal(at cursor: inout Int, limit: Int) throws(TokenizerError) -> UInt32 {
        guard cursor + 4 <= limit else { throw error("\\u without four digits", at: cursor) }
        var value: UInt32 = 0
        for offset in cursor..<cursor + 4 {
            guard let digit = Character(Unicode.Scalar(bytes[offset])).hexDigitValue else {
                throw error("\\u without four digits", at: offset)
            }
            value = value << 4 | UInt32(digit)
        }
        cursor += 4
        return value
    }

    /// Reads a number; nil where it is no integer or too large for `Int`.
    mutating func number() throws(TokenizerError) -> Int? {
        skipWhitespace()
        let start = position
        var cursor = position
        if byte(at: cursor) == UInt8(ascii: "-") { cursor += 1 }
        let whole = cursor
        skipDigits(&cursor)
        guard cursor > whole, bytes[whole] != UInt8(ascii: "0") || cursor == whole + 1 else {
            throw error("a malformed number", at: start)
        }
        let integerEnd = cursor
        if byte(at: cursor) == UInt8(ascii: ".") {
            try skipDigits(after: 1, &cursor)
        }
        if let exponent = byte(at: cursor), exponent | 0x20 == UInt8(ascii: "e") {
            let hasSign = byte(at: cursor + 1) == UInt8(ascii: "+") || byte(at: cursor + 1) == UInt8(ascii: "-")
            try skipDigits(after: hasSign ? 2 : 1, &cursor)
        }
        move(to: cursor)
        guard cursor == integerEnd else { return nil }
        return integer(in: start..<cursor)
    }

    private func integer(in range: Range<Int>) -> Int? {
        let isNegative = bytes[range.lowerBound] == UInt8(ascii: "-")
        var value = 0
        for byte in bytes[range].dropFirst(isNegative ? 1 : 0) {
            let (product, first) = value.multipliedReportingOverflow(by: 10)
            let (sum, second) = product.addingReportingOverflow(Int(byte) - 0x30)
            guard !first, !second else { return nil }
            value = sum
        }
        return isNegative ? -value : value
    }

    private func byte(at offset: Int) -> UInt8? {
        offset < bytes.count ? bytes[offset] : nil
    }

    private func skipDigits(_ cursor: inout Int) {
        while cursor < bytes.count, UInt8(ascii: "0")...UInt8(ascii: "9") ~= bytes[cursor] { cursor += 1 }
    }

    private func skipDigits(after prefix: Int, _ cursor: inout Int) throws(TokenizerError) {
        cursor += prefix
        let start = cursor
        skipDigits(&cursor)
        guard cursor > start else { throw error("a malformed number", at: start) }
    }

    /// Reads `true` or `false`.
    mutating func bool() throws(TokenizerError) -> Bool {
        skipWhitespace()
        if byte(at: position) == UInt8(ascii: "t") {
            try name("true")
            return true
        }
        try name("false")
        return false
    }

    /// Reads `null`.
    mutating func null() throws(TokenizerError) {
        skipWhitespace()
        try name("null")
    }

    private mutating func name(_ text: StaticString) throws(TokenizerError) {
        for byte in "\(text)".utf8 {
            try expect(byte, "'\(text)'")
        }
    }
}
