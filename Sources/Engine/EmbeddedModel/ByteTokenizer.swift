// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials

/// A `tokenizer.json` whose tokens are the 256 bytes and `<|endoftext|>`, in the form of Qwen's: byte-level BPE without merges.
enum ByteTokenizer {
    static let endOfText = 256
    static let vocabularySize = 257

    /// Qwen2's pre-tokenizer pattern, a published constant of the format.
    private static let pattern =
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#

    /// The file's contents.
    static func json() throws -> Data {
        var vocabulary: [String: Int] = [:]
        for (token, character) in alphabet().enumerated() { vocabulary[character] = token }
        return try JSONEncoder.sorted.encode(File(vocabulary: vocabulary, pattern: pattern, endOfText: endOfText))
    }

    /// The printable character that stands for each byte (GPT-2's table).
    private static func alphabet() -> [String] {
        var next: UInt32 = 256
        return (0..<256).map { (byte: UInt32) in
            let isVisible = (33...126).contains(byte) || (161...172).contains(byte) || (174...255).contains(byte)
            var value = byte
            if !isVisible {
                value = next
                next += 1
            }
            return Unicode.Scalar(value).map { String(Character($0)) } ?? ""
        }
    }
}

/// The parts of `tokenizer.json` under the names of the format.
private struct File: Encodable {
    struct AddedToken: Encodable {
        let id: Int
        let content = "<|endoftext|>"
        let singleWord = false
        let lstrip = false
        let rstrip = false
        let normalized = false
        let special = true

        private enum CodingKeys: String, CodingKey {
            case id, content, lstrip, rstrip, normalized, special
            case singleWord = "single_word"
        }
    }

    struct Model: Encodable {
        let type = "BPE"
        let vocab: [String: Int]
        let merges: [[String]] = []
    }

    struct Kind: Encodable { let type: String }

    struct PreTokenizer: Encodable {
        struct Part: Encodable {
            struct Pattern: Encodable {
                let regex: String

                private enum CodingKeys: String, CodingKey { case regex = "Regex" }
            }
            let type: String
            var pattern: Pattern?
            var behavior: String?
            var invert: Bool?
            var addPrefixSpace: Bool?
            var trimOffsets: Bool?
            var useRegex: Bool?

            private enum CodingKeys: String, CodingKey {
                case type, pattern, behavior, invert
                case addPrefixSpace = "add_prefix_space"
                case trimOffsets = "trim_offsets"
                case useRegex = "use_regex"
            }
        }
        let type = "Sequence"
        let pretokenizers: [Part]
    }

    struct PostProcessor: Encodable {
        struct Piece: Encodable {
            struct Item: Encodable {
                let id: String
                let typeID = 0

                private enum CodingKeys: String, CodingKey {
                    case id
                    case typeID = "type_id"
                }
            }
            var sequence: Item?
            var specialToken: Item?

            private enum CodingKeys: String, CodingKey {
                case sequence = "Sequence"
                case specialToken = "SpecialToken"
            }
        }
        struct Special: Encodable {
            let id = "<|endoftext|>"
            let ids: [Int]
            let tokens = ["<|endoftext|>"]
        }
        let type = "TemplateProcessing"
        let single = [Piece(sequence: .init(id: "A")), Piece(specialToken: .init(id: "<|endoftext|>"))]
        let pair = [
            Piece(sequence: .init(id: "A")), Piece(sequence: .init(id: "B")),
            Piece(specialToken: .init(id: "<|endoftext|>")),
        ]
        let specialTokens: [String: Special]

        private enum CodingKeys: String, CodingKey {
            case type, single, pair
            case specialTokens = "special_tokens"
        }
    }

    let version = "1.0"
    let addedTokens: [AddedToken]
    let normalizer = Kind(type: "NFC")
    let preTokenizer: PreTokenizer
    let postProcessor: PostProcessor
    let decoder = Kind(type: "ByteLevel")
    let model: Model

    private enum CodingKeys: String, CodingKey {
        case version, normalizer, decoder, model
        case addedTokens = "added_tokens"
        case preTokenizer = "pre_tokenizer"
        case postProcessor = "post_processor"
    }

    init(vocabulary: [String: Int], pattern: String, endOfText: Int) {
        addedTokens = [AddedToken(id: endOfText)]
        preTokenizer = PreTokenizer(pretokenizers: [
            .init(type: "Split", pattern: .init(regex: pattern), behavior: "Isolated", invert: false),
            .init(type: "ByteLevel", addPrefixSpace: false, trimOffsets: true, useRegex: false),
        ])
        postProcessor = PostProcessor(specialTokens: ["<|endoftext|>": .init(ids: [endOfText])])
        model = Model(vocab: vocabulary)
    }
}

extension JSONEncoder {
    /// Writes keys in order, so that the same value is always the same bytes.
    static var sorted: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        return encoder
    }
}
