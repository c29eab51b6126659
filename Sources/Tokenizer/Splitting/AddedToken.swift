// SPDX-License-Identifier: Apache-2.0

/// An entry of `added_tokens`: text that is one token wherever it stands.
struct AddedToken: Sendable, Hashable {
    /// The text, UTF-8.
    var content: [UInt8]
    /// Its id.
    var id: Int
    /// Left out by `decode` when asked; the same as any other in `encode`.
    var isSpecial: Bool
    /// Looked for after normalization, in normalized spelling.
    var isNormalized: Bool
    /// Takes the white space before it along.
    var stripsLeft: Bool
    /// Takes the white space after it along.
    var stripsRight: Bool

    /// Reads one entry.
    init(_ field: Field) throws(TokenizerError) {
        id = try field.member("id").integer()
        content = Array(try field.member("content").string().utf8)
        guard !content.isEmpty else { throw try field.member("content").invalid("is empty") }
        isSpecial = try field.member("special").bool(ifMissing: false)
        isNormalized = try field.member("normalized").bool(ifMissing: !isSpecial)
        stripsLeft = try field.member("lstrip").bool(ifMissing: false)
        stripsRight = try field.member("rstrip").bool(ifMissing: false)
        let singleWord = try field.member("single_word")
        if try singleWord.bool(ifMissing: false) {
            throw singleWord.unsupported("true", supported: "tokens that are found inside words too")
        }
    }
}
