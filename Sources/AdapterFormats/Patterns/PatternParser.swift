// SPDX-License-Identifier: Apache-2.0

/// Why a pattern cannot be used; the reader adds the file and the pattern.
struct PatternFailure: Error, Equatable {
    let reason: String

    init(_ reason: String) {
        self.reason = reason
    }
}

/// Parses the part of Python's `re` syntax that describes module paths.
///
/// Read: literals, `.`, classes, `\d \w \s` and their complements, `\b`, groups (capturing, `(?:…)`, `(?P<name>…)`),
/// `|`, `* + ? {m} {m,} {,n} {m,n}` and their lazy forms, `^ $ \A \Z`. Refused by name: look-around, back references,
/// possessive quantifiers, inline flags.
struct PatternParser {
    static let maximumLength = 1024
    private static let maximumDepth = 32

    private let text: [UInt32]
    private var position = 0

    private init(_ text: [UInt32]) {
        self.text = text
    }

    static func parse(_ pattern: String) throws(PatternFailure) -> PatternNode {
        let text = pattern.unicodeScalars.prefix(maximumLength + 1).map(\.value)
        guard text.count <= maximumLength else { throw PatternFailure("longer than \(maximumLength) characters") }
        var parser = PatternParser(text)
        let node = try parser.alternation(depth: 0)
        guard parser.current == nil else { throw PatternFailure("')' without '('") }
        return node
    }

    private var current: UInt32? { position < text.count ? text[position] : nil }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard current == character.value else { return false }
        position += 1
        return true
    }

    private mutating func next(_ missing: String) throws(PatternFailure) -> UInt32 {
        guard let scalar = current else { throw PatternFailure(missing) }
        position += 1
        return scalar
    }

    private mutating func alternation(depth: Int) throws(PatternFailure) -> PatternNode {
        guard depth <= Self.maximumDepth else { throw PatternFailure("groups nested too deep") }
        var branches = [try sequence(depth: depth)]
        while take("|") { branches.append(try sequence(depth: depth)) }
        return branches.count == 1 ? branches[0] : .alternation(branches)
    }

    private mutating func sequence(depth: Int) throws(PatternFailure) -> PatternNode {
        var nodes: [PatternNode] = []
        while let scalar = current, scalar != "|", scalar != ")" {
            let atom = try atom(depth: depth)
            nodes.append(try quantified(atom))
        }
        return .sequence(nodes)
    }

    private mutating func atom(depth: Int) throws(PatternFailure) -> PatternNode {
        if try quantifier() != nil { throw PatternFailure("nothing to repeat") }
        let scalar = try next("unexpected end")
        switch Unicode.Scalar(scalar) {
        case "(": return try group(depth: depth)
        case "[": return .scalars(try characterClass())
        case ".": return .scalars(.any)
        case "^": return .anchor(.start)
        case "$": return .anchor(.end)
        case "\\": return try escape()
        default: return .scalars(.one(scalar))
        }
    }

    private mutating func group(depth: Int) throws(PatternFailure) -> PatternNode {
        if take("?") {
            if take("P") {
                guard take("<") else { throw PatternFailure("back references are not supported") }
                while try next("unterminated group name") != ">" {}
            } else if !take(":") {
                throw PatternFailure("look-around, flags and atomic groups are not supported")
            }
        }
        let node = try alternation(depth: depth + 1)
        guard take(")") else { throw PatternFailure("'(' without ')'") }
        return node
    }

    private mutating func escape() throws(PatternFailure) -> PatternNode {
        let scalar = try next("the pattern ends with '\\'")
        if let set = Self.classEscapes(scalar) { return .scalars(set) }
        switch Unicode.Scalar(scalar) {
        case "b": return .anchor(.wordBoundary)
        case "B": return .anchor(.notWordBoundary)
        case "A": return .anchor(.start)
        case "Z": return .anchor(.end)
        default: return .scalars(.one(try Self.literalEscape(scalar)))
        }
    }

    private static func classEscapes(_ scalar: UInt32) -> ScalarSet? {
        switch Unicode.Scalar(scalar) {
        case "d": .digit
        case "D": ScalarSet.digit.negated
        case "w": .word
        case "W": ScalarSet.word.negated
        case "s": .space
        case "S": ScalarSet.space.negated
        default: nil
        }
    }

    private static func literalEscape(_ scalar: UInt32) throws(PatternFailure) -> UInt32 {
        switch Unicode.Scalar(scalar) {
        case "n": return 0x0A
        case "r": return 0x0D
        case "t": return 0x09
        case "f": return 0x0C
        case "v": return 0x0B
        case "a": return 0x07
        default: break
        }
        if ScalarSet.digit.contains(scalar) { throw PatternFailure("back references are not supported") }
        guard !ScalarSet.word.contains(scalar) || scalar == "_" else {
            throw PatternFailure("unknown escape '\\\(Unicode.Scalar(scalar).map(String.init) ?? "")'")
        }
        return scalar
    }

    private mutating func characterClass() throws(PatternFailure) -> ScalarSet {
        let isNegated = take("^")
        var ranges: [ClosedRange<UInt32>] = []
        var excluded: [ScalarSet] = []
        var isFirst = true
        while true {
            let scalar = try next("'[' without ']'")
            if scalar == "]", !isFirst { break }
            isFirst = false
            if scalar == "\\", let escaped = current, let set = Self.classEscapes(escaped) {
                position += 1
                if set.isNegated { excluded.append(set) } else { ranges += set.ranges }
                continue
            }
            let low = scalar == "\\" ? try Self.literalEscape(next("'[' without ']'")) : scalar
            ranges.append(low...(try rangeEnd(from: low)))
        }
        for set in excluded { ranges += set.complement }
        return ScalarSet(ranges: ranges, isNegated: isNegated)
    }

    /// The upper end of `a-z` when a range follows, else the character itself.
    private mutating func rangeEnd(from low: UInt32) throws(PatternFailure) -> UInt32 {
        guard current == UInt32(UInt8(ascii: "-")), position + 1 < text.count, text[position + 1] != "]" else {
            return low
        }
        position += 1
        let scalar = try next("'[' without ']'")
        if scalar == "\\", let escaped = current, Self.classEscapes(escaped) != nil {
            throw PatternFailure("a character range ends with a class")
        }
        let high = scalar == "\\" ? try Self.literalEscape(next("'[' without ']'")) : scalar
        guard low <= high else { throw PatternFailure("a character range is reversed") }
        return high
    }

    private mutating func quantified(_ atom: PatternNode) throws(PatternFailure) -> PatternNode {
        guard let bounds = try quantifier() else { return atom }
        if case .anchor = atom { throw PatternFailure("nothing to repeat") }
        if take("+") { throw PatternFailure("possessive quantifiers are not supported") }
        // Lazy or greedy finds the same answer to "does the whole path match".
        _ = take("?")
        if try quantifier() != nil { throw PatternFailure("multiple repeat") }
        return .repetition(atom, minimum: bounds.minimum, maximum: bounds.maximum)
    }

    private mutating func quantifier() throws(PatternFailure) -> (minimum: Int, maximum: Int?)? {
        if take("*") { return (0, nil) }
        if take("+") { return (1, nil) }
        if take("?") { return (0, 1) }
        let mark = position
        guard take("{") else { return nil }
        let low = try count()
        let hasComma = take(",")
        let high = hasComma ? try count() : low
        guard take("}"), hasComma || low != nil else {
            // Python reads a brace that is no quantifier as itself.
            position = mark
            return nil
        }
        if let low, let high, high < low { throw PatternFailure("the bounds of a repeat are reversed") }
        return (low ?? 0, high)
    }

    private mutating func count() throws(PatternFailure) -> Int? {
        var value: Int?
        while let scalar = current, ScalarSet.digit.contains(scalar) {
            position += 1
            let digits = (value ?? 0) * 10 + Int(scalar - 0x30)
            guard digits <= PatternProgram.maximumSize else { throw PatternFailure("a repeat count is too large") }
            value = digits
        }
        return value
    }
}

extension ScalarSet {
    /// The scalars that the ranges leave out; the ranges of the fixed classes are sorted.
    fileprivate var complement: [ClosedRange<UInt32>] {
        var result: [ClosedRange<UInt32>] = []
        var low: UInt32 = 0
        for range in ranges {
            if range.lowerBound > low { result.append(low...(range.lowerBound - 1)) }
            low = range.upperBound + 1
        }
        result.append(low...0x10FFFF)
        return result
    }
}

extension UInt32 {
    /// Compares a scalar's value with a character of the syntax.
    fileprivate static func == (value: UInt32, character: Unicode.Scalar) -> Bool { value == character.value }

    fileprivate static func != (value: UInt32, character: Unicode.Scalar) -> Bool { value != character.value }
}
