// SPDX-License-Identifier: Apache-2.0

import Tokenizer

/// A tokenizer.json put together from text, so that a test can break one place of it.
struct MinimalTokenizer {
    var version = #""1.0""#
    var addedTokens = "[]"
    var normalizer = "null"
    var preTokenizer = #"{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}"#
    var postProcessor = "null"
    var decoder = #"{"type":"ByteLevel"}"#
    var modelType = #""BPE""#
    /// Entries after the 256 bytes, whose ids are 0 to 255.
    var moreVocabulary = #","ab":256,"abc":257"#
    var merges = #"["a b",["ab","c"]]"#
    /// More members of the model.
    var options = ""

    /// The characters that stand for bytes, in order of the bytes, as JSON strings.
    static let alphabet: [String] = {
        var next: UInt32 = 0x100
        return (UInt32(0)..<0x100).compactMap { byte in
            let isVisible = 0x21...0x7E ~= byte || 0xA1...0xAC ~= byte || byte >= 0xAE
            defer { next += isVisible ? 0 : 1 }
            let text = Unicode.Scalar(isVisible ? byte : next).map(String.init) ?? ""
            return text == "\"" || text == "\\" ? "\"\\\(text)\"" : "\"\(text)\""
        }
    }()

    /// The 256 first entries of the vocabulary.
    static let bytes = alphabet.enumerated().map { "\($0.element):\($0.offset)" }.joined(separator: ",")

    var model: String {
        "{\"type\":\(modelType),\(options)\"vocab\":{\(Self.bytes)\(moreVocabulary)},\"merges\":\(merges)}"
    }

    var json: String {
        """
        {"version": \(version), "truncation": null, "added_tokens": \(addedTokens), "normalizer": \(normalizer),
        "pre_tokenizer": \(preTokenizer), "post_processor": \(postProcessor), "decoder": \(decoder),
        "model": \(model)}
        """
    }

    /// Reads the file under the name "t.json".
    func read() throws(TokenizerError) -> BytePairTokenizer {
        try BytePairTokenizer(json: Array(json.utf8), path: "t.json")
    }
}
