// SPDX-License-Identifier: Apache-2.0

/// The `post_processor` section: the special tokens around a text.
struct PostProcessor: Sendable, Hashable {
    /// Ids before the text.
    var prefix: [Int] = []
    /// Ids after the text.
    var suffix: [Int] = []

    private static let supported =
        "TemplateProcessing, ByteLevel, a Sequence with at most one TemplateProcessing, or null"

    /// Reads the section; `idCount` is how many ids the tokenizer has.
    init(_ field: Field, idCount: Int) throws(TokenizerError) {
        guard !field.isNull else { return }
        var templates: [Field] = []
        let steps = try field.type() == "Sequence" ? try field.member("processors").elements() : [field]
        for step in steps {
            switch try step.type() {
            case "TemplateProcessing": templates.append(step)
            case "ByteLevel": break  // moves offsets, which this module does not report
            case let other: throw step.unsupported("'\(other)'", supported: Self.supported)
            }
        }
        guard templates.count <= 1 else {
            throw field.unsupported("\(templates.count) templates in a row", supported: Self.supported)
        }
        if let template = templates.first { try read(template, idCount: idCount) }
    }

    private mutating func read(_ template: Field, idCount: Int) throws(TokenizerError) {
        let specials = try template.member("special_tokens")
        let single = try template.member("single")
        var textCount = 0
        for piece in try single.elements() {
            let sequence = try piece.member("Sequence")
            if !sequence.isNull {
                let name = try sequence.member("id").string()
                guard name == "A" else { throw sequence.invalid("names the text '\(name)'; a single text is 'A'") }
                textCount += 1
                continue
            }
            let name = try piece.member("SpecialToken").member("id").string()
            let ids = try Self.ids(try specials.member(name), idCount: idCount)
            if textCount == 0 { prefix += ids } else { suffix += ids }
        }
        guard textCount == 1 else { throw single.invalid("contains the text $A \(textCount) times instead of once") }
    }

    private static func ids(_ special: Field, idCount: Int) throws(TokenizerError) -> [Int] {
        guard !special.isNull else { throw special.invalid("is missing, though the template uses it") }
        var ids: [Int] = []
        for field in try special.member("ids").elements() {
            let id = try field.integer()
            guard 0..<idCount ~= id else { throw field.invalid("is \(id); the tokens are 0 to \(idCount - 1)") }
            ids.append(id)
        }
        return ids
    }
}
