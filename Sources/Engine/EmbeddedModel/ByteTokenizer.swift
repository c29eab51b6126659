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
        let single_word = false
        let lstrip = false
        let rstrip = false
        let normalized = false
        let special = true
    }

    struct Model: Encodable {
        let type = "BPE"
        let vocab: [String: Int]
        let merges: [[String]] = []
    }

    struct Kind: Encodable { let type: String }

    struct PreTokenizer: Encodable {
        struct Part: Encodable {
            struct Pattern: Encodable { let Regex: String }
            let type: String
            var pattern: Pattern?
            var behavior: String?
            var invert: Bool?
            var add_prefix_space: Bool?
            var trim_offsets: Bool?
            var use_regex: Bool?
        }
        let type = "Sequence"
        let pretokenizers: [Part]
    }

    struct PostProcessor: Encodable {
        struct Piece: Encodable {
            struct Item: Encodable {
                let id: String
                let type_id = 0
            }
            var Sequence: Item?
            var SpecialToken: Item?
        }
        struct Special: Encodable {
            let id = "<|endoftext|>"
            let ids: [Int]
            let tokens = ["<|endoftext|>"]
        }
        let type = "TemplateProcessing"
        let single = [Piece(Sequence: .init(id: "A")), Piece(SpecialToken: .init(id: "<|endoftext|>"))]
        let pair = [
            Piece(Sequence: .init(id: "A")), Piece(Sequence: .init(id: "B")),
            Piece(SpecialToken: .init(id: "<|endoftext|>")),
        ]
        let special_tokens: [String: Special]
    }

    let version = "1.0"
    let added_tokens: [AddedToken]
    let normalizer = Kind(type: "NFC")
    let pre_tokenizer: PreTokenizer
    let post_processor: PostProcessor
    let decoder = Kind(type: "ByteLevel")
    let model: Model

    init(vocabulary: [String: Int], pattern: String, endOfText: Int) {
        added_tokens = [AddedToken(id: endOfText)]
        pre_tokenizer = PreTokenizer(pretokenizers: [
            .init(type: "Split", pattern: .init(Regex: pattern), behavior: "Isolated", invert: false),
            .init(type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false),
        ])
        post_processor = PostProcessor(special_tokens: ["<|endoftext|>": .init(ids: [endOfText])])
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
