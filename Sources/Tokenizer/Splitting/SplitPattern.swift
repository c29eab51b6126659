// SPDX-License-Identifier: Apache-2.0

/// The regular expressions by which tokenizers cut text into words: a closed list, each with a hand-written scanner.
///
/// A scanner gives what leftmost matching with alternatives tried in order and backtracking gives; the patterns match
/// every text without gaps, so only the ends of the words matter.
enum SplitPattern: Sendable, Hashable, CaseIterable {
    /// Qwen2 and Qwen3: each digit is a word.
    case qwen2
    /// Llama 3: as Qwen's, with up to three digits to a word.
    case llama3
    /// GPT-2, which is also what `ByteLevel` with `use_regex` means.
    case gpt2

    /// The pattern as tokenizer.json spells it.
    var expression: String {
        switch self {
        case .qwen2: Self.modern(digits: #"\p{N}"#)
        case .llama3: Self.modern(digits: #"\p{N}{1,3}"#)
        case .gpt2: #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#
        }
    }

    /// The pattern with this spelling, if it is in the list.
    init?(expression: String) {
        let known = Self.allCases.first { $0.expression.utf8.elementsEqual(expression.utf8) }
        guard let known else { return nil }
        self = known
    }

    private static func modern(digits: String) -> String {
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"# + digits
            + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    }

    /// The words of well-formed UTF-8, as byte ranges that touch.
    func words(of utf8: [UInt8]) -> [Range<Int>] {
        let scanner = WordScanner(utf8: utf8)
        var words: [Range<Int>] = []
        var start = 0
        while start < utf8.count {
            let end = self == .gpt2 ? scanner.gpt2End(start) : scanner.modernEnd(start, digits: self == .qwen2 ? 1 : 3)
            words.append(start..<end)
            start = end
        }
        return words
    }
}
