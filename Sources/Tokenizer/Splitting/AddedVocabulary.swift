// SPDX-License-Identifier: Apache-2.0

/// All added tokens of a file, beside the model's vocabulary.
struct AddedVocabulary: Sendable {
    /// Finds those that are looked for in the text as it came.
    let verbatim: AddedTokenMatcher
    /// Finds those that are looked for in normalized text.
    let normalized: AddedTokenMatcher
    /// How many ids there are, the model's included.
    let idCount: Int

    private let byID: [Int: AddedToken]
    private let idByContent: [[UInt8]: Int]

    /// Puts added tokens beside a vocabulary.
    ///
    /// The library ignores the ids in the file: it takes the vocabulary's id for a token that is in it, and counts on
    /// from the vocabulary's size for others. A file that says otherwise is refused, since its ids would be ambiguous.
    init(
        _ tokens: [AddedToken],
        beside vocabulary: Vocabulary,
        path: String,
        normalize: ([UInt8]) -> [UInt8]
    ) throws(TokenizerError) {
        var byID: [Int: AddedToken] = [:]
        var idByContent: [[UInt8]: Int] = [:]
        var idCount = vocabulary.count
        for (index, token) in tokens.enumerated() {
            let known = vocabulary.id(of: token.content, token.content.indices)
            let text = String(decoding: token.content, as: UTF8.self)
            guard idByContent.updateValue(token.id, forKey: token.content) == nil else {
                throw .invalidField(path: path, field: "added_tokens[\(index)]", problem: "repeats the token '\(text)'")
            }
            guard token.id == known ?? idCount else {
                let problem = "gives '\(text)' the id \(token.id), where \(known ?? idCount) is its place"
                throw .invalidField(path: path, field: "added_tokens[\(index)].id", problem: problem)
            }
            if known == nil { idCount += 1 }
            byID[token.id] = token
        }
        self.idCount = idCount
        self.byID = byID
        self.idByContent = idByContent
        verbatim = AddedTokenMatcher(tokens.filter { !$0.isNormalized })
        normalized = AddedTokenMatcher(Self.normalized(tokens.filter(\.isNormalized), normalize))
    }

    /// Tokens in normalized spelling; of two that become the same the later one counts.
    private static func normalized(_ tokens: [AddedToken], _ normalize: ([UInt8]) -> [UInt8]) -> [AddedToken] {
        var byContent: [[UInt8]: AddedToken] = [:]
        for var token in tokens {
            token.content = normalize(token.content)
            byContent[token.content] = token
        }
        return Array(byContent.values)
    }

    /// The id of an added token.
    func id(of content: [UInt8]) -> Int? { idByContent[content] }

    /// The added token with this id.
    subscript(id: Int) -> AddedToken? { byID[id] }
}
