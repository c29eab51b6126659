// SPDX-License-Identifier: Apache-2.0

/// Byte-level BPE as a Hugging Face `tokenizer.json` describes it: Qwen's, and others built from the same steps.
///
/// Gives the ids that the Python library `tokenizers` gives (checked against 0.23.3). A file that asks for a step which
/// cannot be followed exactly is refused when it is read, so that encoding cannot fail.
///
/// ```swift
/// let tokenizer = try BytePairTokenizer(path: "Qwen3-Embedding-0.6B/tokenizer.json")
/// let encoding = tokenizer.encode("# Caption\nwarm lo-fi piano", maximumLength: 256)
/// ```
public struct BytePairTokenizer: Sendable {
    private let model: BytePairModel
    private let preTokenizer: PreTokenizer
    private let postProcessor: PostProcessor
    private let normalizesNFC: Bool
    private let addedTokens: AddedVocabulary

    /// Reads a file.
    ///
    /// - Parameter path: a tokenizer.json.
    /// - Throws: `TokenizerError`, which names the file and what is wrong in it.
    public init(path: String) throws(TokenizerError) {
        try self.init(json: try FileContents.read(path: path), path: path)
    }

    /// Reads the bytes of a file.
    ///
    /// - Parameters:
    ///   - bytes: the contents of a tokenizer.json.
    ///   - path: what errors call the file.
    /// - Throws: `TokenizerError`, which names the file and what is wrong in it.
    public init(json bytes: [UInt8], path: String) throws(TokenizerError) {
        let file = try TokenizerFile(bytes: bytes, path: path)
        guard let model = file.model, let preTokenizer = file.preTokenizer else {
            throw .invalidField(path: path, field: "model", problem: "is missing")
        }
        let normalizesNFC = file.normalizesNFC
        let addedTokens = try AddedVocabulary(file.addedTokens, beside: model.vocabulary, path: path) { content in
            normalizesNFC ? CanonicalComposition.normalize(content) : content
        }
        postProcessor = try PostProcessor(file.postProcessorField, idCount: addedTokens.idCount)
        self.model = model
        self.preTokenizer = preTokenizer
        self.normalizesNFC = normalizesNFC
        self.addedTokens = addedTokens
    }

    /// How many ids there are, added tokens included.
    public var vocabularySize: Int { addedTokens.idCount }

    /// The id of a token in the spelling of the file (a space is `Ġ`), or of an added token.
    public func id(of token: String) -> Int? {
        let spelling = Array(token.utf8)
        return addedTokens.id(of: spelling) ?? model.vocabulary.id(of: spelling, spelling.indices)
    }

    /// The tokens of a text.
    ///
    /// - Parameters:
    ///   - text: any text; added tokens written in it become those tokens.
    ///   - addSpecialTokens: whether to put the post-processor's tokens around it.
    ///   - maximumLength: the most ids to give, special tokens included: the text is cut at its end, the special tokens
    ///     stay, even where they alone are more. Nil: no limit.
    /// - Returns: the ids, and how many the limit cut off.
    public func encode(_ text: String, addSpecialTokens: Bool = true, maximumLength: Int? = nil) -> Encoding {
        encode(wellFormed: Array(text.utf8), addSpecialTokens, maximumLength)
    }

    /// The tokens of a text that came as bytes.
    ///
    /// - Parameters:
    ///   - bytes: UTF-8; each ill-formed sequence counts as one U+FFFD, as in Python's `errors="replace"`.
    ///   - addSpecialTokens: as for a `String`.
    ///   - maximumLength: as for a `String`.
    /// - Returns: the ids, and how many the limit cut off.
    public func encode(utf8 bytes: [UInt8], addSpecialTokens: Bool = true, maximumLength: Int? = nil) -> Encoding {
        encode(String(decoding: bytes, as: UTF8.self), addSpecialTokens: addSpecialTokens, maximumLength: maximumLength)
    }

    /// The text of tokens; ids that do not exist count as nothing, ill-formed UTF-8 as U+FFFD.
    ///
    /// - Parameters:
    ///   - ids: tokens, from a model as well as from `encode`.
    ///   - skipSpecialTokens: leave out added tokens that are marked special.
    /// - Returns: the text, normalized as it was encoded.
    public func decode(_ ids: [Int], skipSpecialTokens: Bool = true) -> String {
        var utf8: [UInt8] = []
        for id in ids {
            if let added = addedTokens[id] {
                if skipSpecialTokens, added.isSpecial { continue }
                utf8 += ByteAlphabet.bytes(spelledBy: added.content)
            } else if let spelling = model.vocabulary.spelling(of: id) {
                utf8 += ByteAlphabet.bytes(spelledBy: spelling)
            }
        }
        return String(decoding: utf8, as: UTF8.self)
    }

    /// The words into which a text without added tokens is cut, as it stands: not normalized.
    package func words(of text: String) -> [[UInt8]] {
        var words: [[UInt8]] = []
        preTokenizer.forEachWord(of: Array(text.utf8)) { buffer, word in words.append(Array(buffer[word])) }
        return words
    }

    private func encode(wellFormed utf8: [UInt8], _ addSpecialTokens: Bool, _ maximumLength: Int?) -> Encoding {
        var ids: [Int] = []
        var workspace = BytePairModel.Workspace()
        for segment in addedTokens.verbatim.segments(of: utf8) {
            if let id = segment.id {
                ids.append(id)
            } else {
                encodeText(Array(utf8[segment.range]), &ids, &workspace)
            }
        }
        return finish(ids, addSpecialTokens, maximumLength)
    }

    private func encodeText(_ utf8: [UInt8], _ ids: inout [Int], _ workspace: inout BytePairModel.Workspace) {
        let text = normalizesNFC ? CanonicalComposition.normalize(utf8) : utf8
        for segment in addedTokens.normalized.segments(of: text) {
            if let id = segment.id {
                ids.append(id)
                continue
            }
            let part = segment.range == text.indices ? text : Array(text[segment.range])
            preTokenizer.forEachWord(of: part) { buffer, word in
                model.encode(buffer, word, into: &ids, &workspace)
            }
        }
    }

    private func finish(_ ids: [Int], _ addSpecialTokens: Bool, _ maximumLength: Int?) -> Encoding {
        let prefix = addSpecialTokens ? postProcessor.prefix : []
        let suffix = addSpecialTokens ? postProcessor.suffix : []
        let room = max(0, max(0, maximumLength ?? .max) - prefix.count - suffix.count)
        return Encoding(ids: prefix + ids.prefix(room) + suffix, cutTokenCount: max(0, ids.count - room))
    }
}
