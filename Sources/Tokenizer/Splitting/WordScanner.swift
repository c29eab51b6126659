// SPDX-License-Identifier: Apache-2.0

/// Finds where the word that begins at a byte ends.
///
/// All positions are bytes at which a scalar begins.
struct WordScanner {
    private let utf8: [UInt8]
    private let classes: [CharacterClass]

    /// A scanner over well-formed UTF-8.
    init(utf8: [UInt8]) {
        self.utf8 = utf8
        classes = CharacterClass.classes(of: utf8)
    }

    /// The end of a Qwen2 word (`digits` 1) or a Llama 3 word (`digits` 3).
    func modernEnd(_ start: Int, digits: Int) -> Int {
        if let end = contractionEnd(start, ignoringCase: true) { return end }
        let found = classes[start]
        let second = next(start)
        switch found {
        case .letter: return runEnd(start, of: .letter)
        case .number: return numberEnd(start, atMost: digits)
        case .space, .other:
            // `[^\r\n\p{L}\p{N}]?\p{L}+`: one leading scalar of any kind, a space as well as an apostrophe.
            if second < utf8.count, classes[second] == .letter { return runEnd(second, of: .letter) }
        case .newline: break
        }
        if let symbols = symbolStart(start) { return newlinesEnd(runEnd(symbols, of: .other)) }
        return lastNewlineEnd(start) ?? whitespaceEnd(start)
    }

    /// The end of a GPT-2 word.
    func gpt2End(_ start: Int) -> Int {
        if let end = contractionEnd(start, ignoringCase: false) { return end }
        let second = utf8[start] == 0x20 ? start + 1 : start
        if second < utf8.count, !classes[second].isWhitespace { return runEnd(second, of: classes[second]) }
        return whitespaceEnd(start)
    }

    // MARK: The alternatives

    /// `'s|'t|'re|'ve|'m|'ll|'d`; with case ignored, U+017F (long s) folds to s and nothing else folds to these letters.
    private func contractionEnd(_ start: Int, ignoringCase: Bool) -> Int? {
        guard utf8[start] == UInt8(ascii: "'"), start + 1 < utf8.count else { return nil }
        let fold: UInt8 = ignoringCase ? 0x20 : 0
        let first = letter(start + 1, fold)
        switch first {
        case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"): return start + 2
        case UInt8(ascii: "r"), UInt8(ascii: "v"): return letter(start + 2, fold) == UInt8(ascii: "e") ? start + 3 : nil
        case UInt8(ascii: "l"): return letter(start + 2, fold) == UInt8(ascii: "l") ? start + 3 : nil
        case 0xC5 where ignoringCase && utf8[start + 2] == 0xBF: return start + 3
        default: return nil
        }
    }

    private func letter(_ position: Int, _ fold: UInt8) -> UInt8 {
        guard position < utf8.count else { return 0 }
        let byte = utf8[position]
        return UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte ? byte | fold : byte
    }

    private func numberEnd(_ start: Int, atMost limit: Int) -> Int {
        var end = start
        var count = 0
        while end < utf8.count, count < limit, classes[end] == .number {
            end = next(end)
            count += 1
        }
        return end
    }

    /// Where ` ?[^\s\p{L}\p{N}]+` has its first symbol.
    private func symbolStart(_ start: Int) -> Int? {
        if classes[start] == .other { return start }
        let second = start + 1
        return utf8[start] == 0x20 && second < utf8.count && classes[second] == .other ? second : nil
    }

    private func newlinesEnd(_ start: Int) -> Int {
        runEnd(start, of: .newline)
    }

    /// `\s*[\r\n]+`: white space up to and with its last line end, if it has one.
    private func lastNewlineEnd(_ start: Int) -> Int? {
        var end: Int?
        var position = start
        while position < utf8.count, classes[position].isWhitespace {
            if classes[position] == .newline { end = position + 1 }
            position += 1
        }
        return end
    }

    /// `\s+(?!\S)|\s+`: white space, leaving its last scalar to the word that follows.
    private func whitespaceEnd(_ start: Int) -> Int {
        var end = start
        var last = start
        while end < utf8.count, classes[end].isWhitespace {
            last = end
            end = next(end)
        }
        return end == utf8.count || last == start ? end : last
    }

    private func runEnd(_ start: Int, of sought: CharacterClass) -> Int {
        var end = start
        while end < utf8.count, classes[end] == sought { end += 1 }
        return end
    }

    private func next(_ position: Int) -> Int {
        position + UTF8Scalar.width(leading: utf8[position])
    }
}
