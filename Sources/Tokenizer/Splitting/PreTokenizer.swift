// SPDX-License-Identifier: Apache-2.0

/// The `pre_tokenizer` section: cuts text into the words that merges never cross.
struct PreTokenizer: Sendable, Hashable {
    /// A `Split` step before `ByteLevel`.
    var split: SplitPattern?
    /// `ByteLevel.add_prefix_space`: a space before each part that has none.
    var addsPrefixSpace: Bool
    /// `ByteLevel.use_regex`.
    var splitsAsGPT2: Bool

    private static let supported =
        "ByteLevel alone, or a Sequence of one Split by the pattern of Qwen2, Llama 3 or GPT-2 and ByteLevel"

    /// Reads the section; throws `TokenizerError` where a step is not known exactly.
    init(_ field: Field) throws(TokenizerError) {
        guard !field.isNull else { throw field.unsupported("null", supported: Self.supported) }
        var steps = [field]
        if try field.type() == "Sequence" { steps = try field.member("pretokenizers").elements() }
        guard 1...2 ~= steps.count, let last = steps.popLast() else {
            throw field.unsupported("a Sequence of \(steps.count) steps", supported: Self.supported)
        }
        guard try last.type() == "ByteLevel" else {
            throw last.unsupported("'\(try last.type())'", supported: Self.supported)
        }
        addsPrefixSpace = try last.member("add_prefix_space").bool(ifMissing: true)
        splitsAsGPT2 = try last.member("use_regex").bool(ifMissing: true)
        split = try steps.first.map { (step) throws(TokenizerError) in try Self.splitPattern(step) }
    }

    private static func splitPattern(_ step: Field) throws(TokenizerError) -> SplitPattern {
        guard try step.type() == "Split" else {
            throw step.unsupported("'\(try step.type())'", supported: supported)
        }
        let regex = try step.member("pattern").member("Regex")
        guard !regex.isNull else { throw step.unsupported("a Split by a fixed string", supported: supported) }
        guard let pattern = SplitPattern(expression: try regex.string()) else {
            throw regex.unsupported("the pattern \(try regex.string())", supported: supported)
        }
        // The patterns leave no gaps, so keeping the matches and removing the gaps are the same.
        let behavior = try step.member("behavior").string()
        let isInverted = try step.member("invert").bool(ifMissing: false)
        guard behavior == (isInverted ? "Removed" : "Isolated") else {
            throw step.unsupported("a Split with behavior '\(behavior)', invert \(isInverted)", supported: supported)
        }
        return pattern
    }

    /// Calls `body` with each word of well-formed UTF-8: a buffer and the range of the word in it.
    func forEachWord(of utf8: [UInt8], _ body: ([UInt8], Range<Int>) -> Void) {
        guard let split else { return forEachByteLevelWord(of: utf8, body) }
        let words = split.words(of: utf8)
        guard addsPrefixSpace || splitsAsGPT2 else {
            for word in words { body(utf8, word) }
            return
        }
        for word in words { forEachByteLevelWord(of: Array(utf8[word]), body) }
    }

    private func forEachByteLevelWord(of utf8: [UInt8], _ body: ([UInt8], Range<Int>) -> Void) {
        guard let first = utf8.first else { return }
        let text = addsPrefixSpace && first != 0x20 ? [0x20] + utf8 : utf8
        guard splitsAsGPT2 else { return body(text, text.indices) }
        for word in SplitPattern.gpt2.words(of: text) { body(text, word) }
    }
}
