// SPDX-License-Identifier: Apache-2.0

extension JSONScanner {
    /// Reads a string.
    ///
    /// It must be UTF-8; escapes of half a surrogate pair are errors.
    package mutating func string() throws(CheckpointError) -> String {
        try expect(UInt8(ascii: "\""), "a string")
        let start = position
        while true {
            let byte = try next()
            switch byte {
            case UInt8(ascii: "\""):
                return try text(start..<position - 1)
            case UInt8(ascii: "\\"):
                return try stringWithEscapes(from: start)
            case 0..<0x20:
                throw malformed("a control character in a string is not escaped")
            default:
                continue
            }
        }
    }

    /// Continues a string after its first backslash, with a copy.
    private mutating func stringWithEscapes(from start: Int) throws(CheckpointError) -> String {
        var result = try text(start..<position - 1)
        try appendEscape(to: &result)
        var runStart = position
        while true {
            let byte = try next()
            switch byte {
            case UInt8(ascii: "\""):
                return try result + text(runStart..<position - 1)
            case UInt8(ascii: "\\"):
                result += try text(runStart..<position - 1)
                try appendEscape(to: &result)
                runStart = position
            case 0..<0x20:
                throw malformed("a control character in a string is not escaped")
            default:
                continue
            }
        }
    }

    private mutating func appendEscape(to result: inout String) throws(CheckpointError) {
        switch try next() {
        case UInt8(ascii: "\""): result += "\""
        case UInt8(ascii: "\\"): result += "\\"
        case UInt8(ascii: "/"): result += "/"
        case UInt8(ascii: "b"): result += "\u{8}"
        case UInt8(ascii: "f"): result += "\u{C}"
        case UInt8(ascii: "n"): result += "\n"
        case UInt8(ascii: "r"): result += "\r"
        case UInt8(ascii: "t"): result += "\t"
        case UInt8(ascii: "u"): result.unicodeScalars.append(try unicodeEscape())
        default: throw malformed("an unknown escape in a string")
        }
    }

    private mutating func unicodeEscape() throws(CheckpointError) -> Unicode.Scalar {
        let high = try fourHexadecimalDigits()
        if let scalar = Unicode.Scalar(high) { return scalar }
        guard high < 0xDC00, try next() == UInt8(ascii: "\\"), try next() == UInt8(ascii: "u") else {
            throw malformed("half of a surrogate pair in a string")
        }
        let low = try fourHexadecimalDigits()
        guard (0xDC00..<0xE000).contains(low),
            let scalar = Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
        else { throw malformed("half of a surrogate pair in a string") }
        return scalar
    }

    private mutating func fourHexadecimalDigits() throws(CheckpointError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Character(Unicode.Scalar(try next())).hexDigitValue else {
                throw malformed("\\u wants four hexadecimal digits")
            }
            value = value << 4 | UInt32(digit)
        }
        return value
    }

    private func text(_ range: Range<Int>) throws(CheckpointError) -> String {
        guard let text = file.text(range) else { throw malformed("a string is not UTF-8") }
        return text
    }
}
