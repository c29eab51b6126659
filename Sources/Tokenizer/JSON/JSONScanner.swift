// SPDX-License-Identifier: Apache-2.0

/// A strict forward reader of JSON bytes (RFC 8259).
///
/// A tokenizer.json is 7 to 12 MB of two lists; a tree of values would cost more than everything else. This reader hands
/// out strings as byte ranges, and the few small sections are read as a `JSONValue`. Duplicate keys are refused.
struct JSONScanner {
    /// Deeper than any tokenizer.json; keeps hostile nesting off the stack.
    static let maximumDepth = 64

    let bytes: [UInt8]
    let path: String
    private(set) var position = 0
    private var depth = 0

    /// A string as it stands in the file: the bytes between its quotes.
    struct StringToken {
        var range: Range<Int>
        var hasEscapes: Bool
    }

    /// What a value begins with.
    enum Kind: String {
        case object = "an object"
        case array = "a list"
        case string = "a string"
        case number = "a number"
        case bool = "true or false"
        case null = "null"
    }

    /// A reader at the first byte.
    ///
    /// Throws where the bytes are not UTF-8.
    init(bytes: [UInt8], path: String) throws(TokenizerError) {
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw .invalidJSON(path: path, offset: Self.firstInvalidOffset(bytes), problem: "the bytes are not UTF-8")
        }
        self.bytes = bytes
        self.path = path
    }

    private static func firstInvalidOffset(_ bytes: [UInt8]) -> Int {
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var offset = 0
        while case .scalarValue(let scalar) = decoder.decode(&iterator) {
            offset += UTF8.width(scalar)
        }
        return offset
    }

    func error(_ problem: String, at offset: Int? = nil) -> TokenizerError {
        .invalidJSON(path: path, offset: offset ?? position, problem: problem)
    }

    // MARK: Values

    /// The kind of the next value; the reader stands on its first byte.
    mutating func kind() throws(TokenizerError) -> Kind {
        skipWhitespace()
        guard position < bytes.count else { throw error("the file ends where a value should be") }
        switch bytes[position] {
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
        case UInt8(ascii: "n"): return .null
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
        default: throw error("no value begins with this byte")
        }
    }

    /// Reads an object; `member` gets each key and must read its value.
    mutating func object(
        _ member: (inout JSONScanner, StringToken) throws(TokenizerError) -> Void
    ) throws(TokenizerError) {
        try open(UInt8(ascii: "{"))
        var first = true
        while try next(&first, closing: UInt8(ascii: "}")) {
            let key = try string()
            skipWhitespace()
            try expect(UInt8(ascii: ":"), "a ':' after the key")
            try member(&self, key)
        }
    }

    /// Reads an object of few members; `member` gets each key, none of them twice, and must read its value.
    mutating func distinctMembers(
        _ member: (inout JSONScanner, String) throws(TokenizerError) -> Void
    ) throws(TokenizerError) {
        var seen: Set<[UInt8]> = []  // of bytes, since strings that look the same are equal in Swift
        try object { (scanner, token) throws(TokenizerError) in
            let key = try scanner.text(token)
            guard seen.insert(Array(key.utf8)).inserted else {
                throw scanner.error("the key '\(key)' occurs twice in one object", at: token.range.lowerBound)
            }
            try member(&scanner, key)
        }
    }

    /// Reads a list; `element` must read one value at each call.
    mutating func array(
        _ element: (inout JSONScanner) throws(TokenizerError) -> Void
    ) throws(TokenizerError) {
        try open(UInt8(ascii: "["))
        var first = true
        while try next(&first, closing: UInt8(ascii: "]")) {
            try element(&self)
        }
    }

    /// Reads any value and forgets it.
    mutating func skipValue() throws(TokenizerError) {
        switch try kind() {
        case .object:
            try object { (scanner, _) throws(TokenizerError) in try scanner.skipValue() }
        case .array:
            try array { (scanner) throws(TokenizerError) in try scanner.skipValue() }
        case .string: _ = try string()
        case .number: _ = try number()
        case .bool: _ = try bool()
        case .null: try null()
        }
    }

    /// Nothing but white space may follow the outermost value.
    mutating func finish() throws(TokenizerError) {
        skipWhitespace()
        guard position == bytes.count else { throw error("something follows the end of the object") }
    }

    // MARK: Structure

    mutating func skipWhitespace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    mutating func expect(_ byte: UInt8, _ what: @autoclosure () -> String) throws(TokenizerError) {
        guard position < bytes.count else { throw error("the file ends where \(what()) should be") }
        guard bytes[position] == byte else { throw error("expected \(what())") }
        position += 1
    }

    /// Stands on another byte: after a scalar value, or back where a value began.
    mutating func move(to offset: Int) {
        position = offset
    }

    private mutating func open(_ bracket: UInt8) throws(TokenizerError) {
        skipWhitespace()
        try expect(bracket, "'\(Unicode.Scalar(bracket))'")
        depth += 1
        guard depth <= Self.maximumDepth else {
            throw error("values are nested more than \(Self.maximumDepth) deep")
        }
    }

    private mutating func next(_ first: inout Bool, closing bracket: UInt8) throws(TokenizerError) -> Bool {
        skipWhitespace()
        guard position < bytes.count else { throw error("the file ends inside a list or an object") }
        if bytes[position] == bracket {
            position += 1
            depth -= 1
            return false
        }
        if !first {
            try expect(UInt8(ascii: ","), "',' or '\(Unicode.Scalar(bracket))'")
            skipWhitespace()
        }
        first = false
        return true
    }
}
