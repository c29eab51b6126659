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
    ///
    /// The copy is checked as a whole: an escape never completes a broken sequence of bytes before it.
    private mutating func stringWithEscapes(from start: Int) throws(CheckpointError) -> String {
        var bytes = file.copy(start..<position - 1)
        try appendEscape(to: &bytes)
        while true {
            let byte = try next()
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: bytes, as: UTF8.self) else {
                    throw malformed("a string is not UTF-8")
                }
                return text
            case UInt8(ascii: "\\"):
                try appendEscape(to: &bytes)
            case 0..<0x20:
                throw malformed("a control character in a string is not escaped")
            default:
                bytes.append(byte)
            }
        }
    }

    private mutating func appendEscape(to bytes: inout [UInt8]) throws(CheckpointError) {
        let escaped = try next()
        switch escaped {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): bytes.append(escaped)
        case UInt8(ascii: "b"): bytes.append(0x08)
        case UInt8(ascii: "f"): bytes.append(0x0C)
        case UInt8(ascii: "n"): bytes.append(0x0A)
        case UInt8(ascii: "r"): bytes.append(0x0D)
        case UInt8(ascii: "t"): bytes.append(0x09)
        case UInt8(ascii: "u"): bytes += String(try unicodeEscape()).utf8
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
