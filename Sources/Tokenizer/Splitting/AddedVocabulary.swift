// SPDX-License-Identifier: Apache-2.0

/// All added tokens of a file, beside the model's vocabulary.
struct AddedVocabulary: Sendable {
    /// Finds those that are looked for in the text as it came.
    let verbatim: AddedTokenMatcher
    /// Finds those that are looked for in normalized text.
    let normalized: AddedTokenMatcher
    /// How many ids there are, the model's included.
    let idCount: Int

    /// By id; `content` is normalized where the token is.
    private let byID: [Int: AddedToken]
    /// By the text in the file.
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
        var normalizedContents: Set<[UInt8]> = []
        var idCount = vocabulary.count
        for (index, token) in tokens.enumerated() {
            func invalid(_ problem: String) -> TokenizerError {
                .invalidField(path: path, field: "added_tokens[\(index)]", problem: problem)
            }
            let text = String(decoding: token.content, as: UTF8.self)
            guard idByContent.updateValue(token.id, forKey: token.content) == nil else {
                throw invalid("repeats the token '\(text)'")
            }
            let known = vocabulary.id(of: token.content, token.content.indices)
            guard token.id == known ?? idCount else {
                throw invalid("gives '\(text)' the id \(token.id), where \(known ?? idCount) is its place")
            }
            if known == nil { idCount += 1 }
            var found = token
            if token.isNormalized {
                found.content = normalize(token.content)
                // The library takes one of them by chance.
                guard normalizedContents.insert(found.content).inserted else {
                    throw invalid("becomes the same text as another token when '\(text)' is normalized")
                }
            }
            byID[token.id] = found
        }
        self.idCount = idCount
        self.byID = byID
        self.idByContent = idByContent
        verbatim = AddedTokenMatcher(byID.values.filter { !$0.isNormalized })
        normalized = AddedTokenMatcher(byID.values.filter(\.isNormalized))
    }

    /// The id of an added token.
    func id(of content: [UInt8]) -> Int? { idByContent[content] }

    /// The added token with this id.
    subscript(id: Int) -> AddedToken? { byID[id] }
}
