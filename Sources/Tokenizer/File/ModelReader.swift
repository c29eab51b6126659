// SPDX-License-Identifier: Apache-2.0

/// Reads the `model` section straight from the bytes: nearly all of the file is its two lists.
struct ModelReader {
    private var vocabulary: Vocabulary?
    private var mergesOffset: Int?
    private var merges: MergeTable?
    private var ignoresMerges = false
    private var type: String?

    /// Reads the section at the scanner's place.
    static func read(_ scanner: inout JSONScanner) throws(TokenizerError) -> BytePairModel {
        guard try scanner.kind() == .object else { throw invalid(scanner, "model", "is not an object") }
        var reader = ModelReader()
        try scanner.distinctMembers { (scanner, name) throws(TokenizerError) in
            try reader.readMember(name, &scanner)
        }
        return try reader.finish(&scanner)
    }

    private mutating func readMember(_ name: String, _ scanner: inout JSONScanner) throws(TokenizerError) {
        switch name {
        case "vocab": try readVocabulary(&scanner)
        case "merges":
            if vocabulary != nil { return try readMerges(&scanner) }
            mergesOffset = scanner.position
            try scanner.skipValue()
        default:
            let field = Field(path: scanner.path, name: "model.\(name)", value: try scanner.value())
            try readOption(name, field)
        }
    }

    private mutating func readOption(_ name: String, _ field: Field) throws(TokenizerError) {
        switch name {
        case "type":
            type = try field.string()
            guard type == "BPE" else { throw field.unsupported("'\(try field.string())'", supported: "BPE") }
        case "ignore_merges": ignoresMerges = try field.bool(ifMissing: false)
        case "byte_fallback":
            if try field.bool(ifMissing: false) { throw field.unsupported("true", supported: "byte-level BPE") }
        case "dropout":
            // Null, or 0 which some files have: anything else makes encoding random.
            if case .integer(0) = field.value { return }
            guard field.isNull else { throw field.unsupported("set", supported: "encoding without dropout") }
        case "continuing_subword_prefix", "end_of_word_suffix":
            guard try field.isNull ? true : field.string().isEmpty else {
                throw field.unsupported("'\(try field.string())'", supported: "tokens without marks")
            }
        default: return  // unk_token and fuse_unk: with all 256 bytes in the vocabulary nothing is unknown
        }
    }

    private mutating func readVocabulary(_ scanner: inout JSONScanner) throws(TokenizerError) {
        guard try scanner.kind() == .object else { throw Self.invalid(scanner, "model.vocab", "is not an object") }
        var read = Vocabulary()
        try scanner.object { (scanner, token) throws(TokenizerError) in
            guard try scanner.kind() == .number, let id = try scanner.number() else {
                throw Self.invalid(
                    scanner,
                    "model.vocab",
                    "gives '\(try scanner.text(token))' an id that is no integer"
                )
            }
            let source = scanner
            try read.add(id: id) { (text) throws(TokenizerError) in try source.append(token, to: &text) }
        }
        do {
            try read.finish()
        } catch {
            throw Self.invalid(scanner, "model.vocab", error.problem)
        }
        vocabulary = read
    }

    private mutating func readMerges(_ scanner: inout JSONScanner) throws(TokenizerError) {
        guard let vocabulary else { return }
        guard try scanner.kind() == .array else { throw Self.invalid(scanner, "model.merges", "is not a list") }
        // Each merge makes a token; a file with more merges than tokens repeats itself and is refused on the way.
        var table = MergeTable(capacity: vocabulary.count)
        var line = MergeLine()
        try scanner.array { (scanner) throws(TokenizerError) in
            let index = table.count
            try line.read(&scanner, index)
            guard index < vocabulary.count else {
                throw Self.invalid(scanner, "model.merges", "has more entries than there are tokens")
            }
            guard let left = vocabulary.id(of: line.text, line.left),
                let right = vocabulary.id(of: line.text, line.right),
                let joined = vocabulary.id(of: line.text, line.text.indices)
            else {
                throw Self.invalid(
                    scanner,
                    "model.merges[\(index)]",
                    "joins \(line), which are not all in the vocabulary"
                )
            }
            guard table.append(Int32(left), Int32(right), into: Int32(joined)) else {
                throw Self.invalid(scanner, "model.merges[\(index)]", "repeats the pair \(line)")
            }
        }
        merges = table
    }

    private mutating func finish(_ scanner: inout JSONScanner) throws(TokenizerError) -> BytePairModel {
        if let mergesOffset, vocabulary != nil {
            let end = scanner.position
            scanner.move(to: mergesOffset)
            try readMerges(&scanner)
            scanner.move(to: end)
        }
        for (name, isMissing) in [("type", type == nil), ("vocab", vocabulary == nil), ("merges", merges == nil)]
        where isMissing {
            throw Self.invalid(scanner, "model.\(name)", "is missing")
        }
        guard let vocabulary, let merges else { throw Self.invalid(scanner, "model", "is incomplete") }
        var byteIDs: [Int32] = []
        for byte in UInt8.min...UInt8.max {
            let spelling = ByteAlphabet.spelling(of: byte)
            guard let id = vocabulary.id(of: spelling, spelling.indices) else {
                throw Self.invalid(scanner, "model.vocab", "has no token for the byte \(byte)")
            }
            byteIDs.append(Int32(id))
        }
        return BytePairModel(
            vocabulary: vocabulary,
            merges: merges,
            byteIDs: byteIDs,
            ignoresMerges: ignoresMerges
        )
    }

    private static func invalid(_ scanner: JSONScanner, _ field: String, _ problem: String) -> TokenizerError {
        .invalidField(path: scanner.path, field: field, problem: problem)
    }
}

extension Vocabulary.Flaw {
    /// The rule that the vocabulary breaks.
    fileprivate var problem: String {
        switch self {
        case .idOutOfRange(let token, let id, let count):
            "gives '\(token)' the id \(id); \(count) tokens have the ids 0 to \(count - 1)"
        case .duplicateToken(let token): "contains the token '\(token)' twice"
        case .duplicateID(let id): "gives the id \(id) to two tokens"
        }
    }
}
