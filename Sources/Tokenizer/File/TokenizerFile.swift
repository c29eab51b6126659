// SPDX-License-Identifier: Apache-2.0

/// A tokenizer.json read into its parts, each checked by itself; `BytePairTokenizer` checks them against one another.
struct TokenizerFile {
    let path: String
    private(set) var addedTokens: [AddedToken] = []
    private(set) var normalizesNFC = false
    private(set) var preTokenizer: PreTokenizer?
    private(set) var postProcessor: JSONValue = .null
    private(set) var model: BytePairModel?
    private var sections: Set<String> = []

    /// Reads the whole file; the order of its sections does not matter.
    init(bytes: [UInt8], path: String) throws(TokenizerError) {
        self.path = path
        var scanner = try JSONScanner(bytes: bytes, path: path)
        guard try scanner.kind() == .object else { throw scanner.error("a tokenizer.json is an object") }
        try scanner.distinctMembers { (scanner, name) throws(TokenizerError) in
            sections.insert(name)
            try readSection(name, &scanner)
        }
        try scanner.finish()
        for name in ["model", "pre_tokenizer", "decoder"] where !sections.contains(name) {
            throw .invalidField(path: path, field: name, problem: "is missing")
        }
    }

    /// The post-processor's section, for `PostProcessor`, which has to know the number of ids.
    var postProcessorField: Field { Field(path: path, name: "post_processor", value: postProcessor) }

    private mutating func readSection(_ name: String, _ scanner: inout JSONScanner) throws(TokenizerError) {
        switch name {
        case "version": try Self.checkVersion(try field(name, &scanner))
        case "added_tokens": try readAddedTokens(&scanner)
        case "normalizer": normalizesNFC = try Self.readNormalizer(try field(name, &scanner))
        case "pre_tokenizer": preTokenizer = try PreTokenizer(try field(name, &scanner))
        case "post_processor": postProcessor = try scanner.value()
        case "decoder": try Self.checkDecoder(try field(name, &scanner))
        case "model": model = try ModelReader.read(&scanner)
        default: try scanner.skipValue()  // truncation and padding are the caller's; others are not known to change ids
        }
    }

    private func field(_ name: String, _ scanner: inout JSONScanner) throws(TokenizerError) -> Field {
        Field(path: path, name: name, value: try scanner.value())
    }

    private static func checkVersion(_ field: Field) throws(TokenizerError) {
        guard try field.string() == "1.0" else {
            throw field.unsupported("'\(try field.string())'", supported: "version 1.0 of the format")
        }
    }

    private mutating func readAddedTokens(_ scanner: inout JSONScanner) throws(TokenizerError) {
        guard try scanner.kind() != .null else { return try scanner.null() }
        var tokens: [AddedToken] = []
        try scanner.array { (scanner) throws(TokenizerError) in
            let value = try scanner.value()
            tokens.append(try AddedToken(Field(path: path, name: "added_tokens[\(tokens.count)]", value: value)))
        }
        addedTokens = tokens
    }

    private static func readNormalizer(_ field: Field) throws(TokenizerError) -> Bool {
        guard !field.isNull else { return false }
        switch try field.type() {
        case "NFC": return true
        case "Sequence":
            var composes = false
            for step in try field.member("normalizers").elements() {
                guard try step.type() == "NFC" else {
                    throw step.unsupported("'\(try step.type())'", supported: "NFC, a Sequence of NFC, or null")
                }
                composes = true
            }
            return composes
        case let other: throw field.unsupported("'\(other)'", supported: "NFC, a Sequence of NFC, or null")
        }
    }

    private static func checkDecoder(_ field: Field) throws(TokenizerError) {
        guard !field.isNull else { throw field.unsupported("null", supported: "ByteLevel") }
        var steps = [field]
        if try field.type() == "Sequence" { steps = try field.member("decoders").elements() }
        guard steps.count == 1, try steps[0].type() == "ByteLevel" else {
            throw field.unsupported("not ByteLevel", supported: "ByteLevel")
        }
    }
}
