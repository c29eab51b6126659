// SPDX-License-Identifier: Apache-2.0

/// A strict JSON parser for small hostile files: bounded depth, order kept, byte offsets in its errors.
///
/// It takes what Python's `json` writes, hence `NaN` and `Infinity` too; the users of the numbers refuse them with a
/// message that names the key.
package struct JSONParser {
    /// Deeper nesting is an error: no adapter's configuration has more than three levels.
    package static let maximumDepth = 32

    private let source: String
    private let bytes: [UInt8]
    private var position = 0

    private init(_ bytes: [UInt8], source: String) {
        self.bytes = bytes
        self.source = source
    }

    /// Parses a whole document.
    ///
    /// - Parameters:
    ///   - bytes: the document in UTF-8.
    ///   - source: what the document is, for messages.
    /// - Returns: the document.
    /// - Throws: `AdapterFormatError.malformedJSON`.
    package static func parse(_ bytes: [UInt8], source: String) throws(AdapterFormatError) -> JSONValue {
        var parser = JSONParser(bytes, source: source)
        parser.skipByteOrderMark()
        let value = try parser.value(depth: 0)
        parser.skipSpace()
        guard parser.position == bytes.count else { throw parser.failure("unexpected text after the document") }
        return value
    }

    /// Parses a document that must be an object.
    package static func parseObject(_ bytes: [UInt8], source: String) throws(AdapterFormatError) -> JSONObject {
        guard case .object(let object) = try parse(bytes, source: source) else {
            throw .malformedJSON(source: source, offset: 0, reason: "the document is not an object")
        }
        return object
    }

    private func failure(_ reason: String) -> AdapterFormatError {
        .malformedJSON(source: source, offset: position, reason: reason)
    }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipByteOrderMark() {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    }

    private mutating func skipSpace() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard current == byte else { return false }
        position += 1
        return true
    }

    private mutating func takeWord(_ word: StaticString) -> Bool {
        let text = Array(String(describing: word).utf8)
        guard bytes[position...].starts(with: text) else { return false }
        position += text.count
        return true
    }

    private mutating func value(depth: Int) throws(AdapterFormatError) -> JSONValue {
        guard depth < Self.maximumDepth else { throw failure("nested deeper than \(Self.maximumDepth) levels") }
        skipSpace()
        switch current {
        case UInt8(ascii: "{"): return .object(try object(depth: depth))
        case UInt8(ascii: "["): return .array(try array(depth: depth))
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t") where takeWord("true"): return .bool(true)
        case UInt8(ascii: "f") where takeWord("false"): return .bool(false)
        case UInt8(ascii: "n") where takeWord("null"): return .null
        case UInt8(ascii: "N") where takeWord("NaN"): return .number(.nan)
        case UInt8(ascii: "I") where takeWord("Infinity"): return .number(.infinity)
        case UInt8(ascii: "-") where takeWord("-Infinity"): return .number(-.infinity)
        case nil: throw failure("the text ends where a value should be")
        default: return .number(try number())
        }
    }

    private mutating func object(depth: Int) throws(AdapterFormatError) -> JSONObject {
        var result = JSONObject()
        position += 1
        skipSpace()
        if take(UInt8(ascii: "}")) { return result }
        while true {
            skipSpace()
            guard current == UInt8(ascii: "\"") else { throw failure("expected a key in quotes") }
            let key = try string()
            skipSpace()
            guard take(UInt8(ascii: ":")) else { throw failure("expected ':'") }
            result.set(key, try value(depth: depth + 1))
            skipSpace()
            if take(UInt8(ascii: "}")) { return result }
            guard take(UInt8(ascii: ",")) else { throw failure("expected ',' or '}'") }
        }
    }

    private mutating func array(depth: Int) throws(AdapterFormatError) -> [JSONValue] {
        var result: [JSONValue] = []
        position += 1
        skipSpace()
        if take(UInt8(ascii: "]")) { return result }
        while true {
            result.append(try value(depth: depth + 1))
            skipSpace()
            if take(UInt8(ascii: "]")) { return result }
            guard take(UInt8(ascii: ",")) else { throw failure("expected ',' or ']'") }
        }
    }

    private mutating func number() throws(AdapterFormatError) -> Double {
        let start = position
        _ = take(UInt8(ascii: "-"))
        var isWellFormed = take(UInt8(ascii: "0")) || takeDigits()
        if isWellFormed, take(UInt8(ascii: ".")) { isWellFormed = takeDigits() }
        if isWellFormed, take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            _ = take(UInt8(ascii: "+")) || take(UInt8(ascii: "-"))
            isWellFormed = takeDigits()
        }
        guard isWellFormed, let number = Double(String(decoding: bytes[start..<position], as: UTF8.self)) else {
            position = start
            throw failure("expected a value")
        }
        return number
    }

    /// Passes over a run of digits; false if there is none.
    private mutating func takeDigits() -> Bool {
        let start = position
        while let byte = current, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
        return position > start
    }

    private mutating func string() throws(AdapterFormatError) -> String {
        let start = position
        position += 1
        var text: [UInt8] = []
        while let byte = current {
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let string = String(validating: text, as: UTF8.self) else {
                    position = start
                    throw failure("the string is not valid UTF-8")
                }
                return string
            case UInt8(ascii: "\\"): text.append(contentsOf: String(Character(try escape())).utf8)
            case 0..<0x20: throw failure("a control character inside a string")
            default: text.append(byte)
            }
        }
        position = start
        throw failure("the string does not end")
    }

    private mutating func escape() throws(AdapterFormatError) -> Unicode.Scalar {
        guard let byte = current else { throw failure("the string does not end") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try unicodeEscape()
        default: throw failure("unknown escape in a string")
        }
    }

    /// `\uXXXX`, or two of them that form a surrogate pair.
    ///
    /// A lone surrogate becomes U+FFFD.
    private mutating func unicodeEscape() throws(AdapterFormatError) -> Unicode.Scalar {
        let high = try hexadecimal()
        if let scalar = Unicode.Scalar(high) { return scalar }
        let mark = position
        if high < 0xDC00, takeWord("\\u") {
            let low = try hexadecimal()
            if (0xDC00..<0xE000).contains(low),
                let scalar = Unicode.Scalar(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
            {
                return scalar
            }
            position = mark
        }
        return "\u{FFFD}"
    }

    private mutating func hexadecimal() throws(AdapterFormatError) -> UInt32 {
        var result: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = current, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw failure("expected four hexadecimal digits")
            }
            position += 1
            result = result << 4 | UInt32(digit)
        }
        return result
    }
}
