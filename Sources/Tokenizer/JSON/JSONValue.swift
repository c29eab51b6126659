// SPDX-License-Identifier: Apache-2.0

/// One of the small sections of a tokenizer.json, in memory.
enum JSONValue: Sendable {
    case null
    case bool(Bool)
    case integer(Int)
    case otherNumber
    case string(String)
    case array([JSONValue])
    case object([(key: String, value: JSONValue)])
}

extension JSONScanner {
    /// No normalizer, pre-tokenizer, post-processor or added token is near this; bounds the memory of a hostile one.
    static let maximumNodeCount = 20_000

    /// Reads a small value whole.
    ///
    /// Throws on duplicate keys and on more than `maximumNodeCount` values.
    mutating func value() throws(TokenizerError) -> JSONValue {
        var nodeCount = 0
        return try value(&nodeCount)
    }

    private mutating func value(_ nodeCount: inout Int) throws(TokenizerError) -> JSONValue {
        nodeCount += 1
        guard nodeCount <= Self.maximumNodeCount else {
            throw error("a section of more than \(Self.maximumNodeCount) values")
        }
        switch try kind() {
        case .object: return try .object(members(&nodeCount))
        case .array:
            var elements: [JSONValue] = []
            var count = nodeCount
            try array { (scanner) throws(TokenizerError) in elements.append(try scanner.value(&count)) }
            nodeCount = count
            return .array(elements)
        case .string: return .string(try text(string()))
        case .number: return try number().map(JSONValue.integer) ?? .otherNumber
        case .bool: return .bool(try bool())
        case .null:
            try null()
            return .null
        }
    }

    private mutating func members(_ nodeCount: inout Int) throws(TokenizerError) -> [(key: String, value: JSONValue)] {
        var members: [(key: String, value: JSONValue)] = []
        var count = nodeCount
        try distinctMembers { (scanner, key) throws(TokenizerError) in
            members.append((key, try scanner.value(&count)))
        }
        nodeCount = count
        return members
    }
}
