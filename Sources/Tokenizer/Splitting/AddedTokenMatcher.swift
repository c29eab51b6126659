// SPDX-License-Identifier: Apache-2.0

/// Finds added tokens in text: at each place the longest, leftmost places first.
struct AddedTokenMatcher: Sendable {
    /// A stretch of text: one added token, or what lies between two.
    struct Segment: Hashable {
        var range: Range<Int>
        /// The added token's id; nil for text.
        var id: Int?
    }

    /// Ordered by bytes, so that tokens with a common beginning are neighbours.
    private let tokens: [AddedToken]
    /// For each byte the tokens that begin with it.
    private let byFirstByte: [Range<Int>]

    /// A matcher of tokens whose contents are distinct and not empty.
    init(_ tokens: [AddedToken]) {
        let sorted = tokens.sorted { $0.content.lexicographicallyPrecedes($1.content) }
        var ranges = [Range<Int>](repeating: 0..<0, count: 256)
        for (index, token) in sorted.enumerated() {
            guard let first = token.content.first.map(Int.init) else { continue }
            ranges[first] = (ranges[first].isEmpty ? index : ranges[first].lowerBound)..<index + 1
        }
        self.tokens = sorted
        byFirstByte = ranges
    }

    /// All of the text in order.
    ///
    /// A token that strips may reach into the one before it, as in the library.
    func segments(of utf8: [UInt8]) -> [Segment] {
        guard !tokens.isEmpty else { return utf8.isEmpty ? [] : [Segment(range: utf8.indices, id: nil)] }
        var segments: [Segment] = []
        var textStart = 0
        var position = 0
        while position < utf8.count {
            guard let token = longestMatch(in: utf8, at: position) else {
                position += 1
                continue
            }
            let matchEnd = position + token.content.count
            var start = position
            var end = matchEnd
            if token.stripsLeft {
                start = max(textStart, Self.whitespaceStart(utf8, before: position, downTo: textStart))
            }
            // What the last token took along is white space: no need to look at it again.
            if token.stripsRight { end = Self.whitespaceEnd(utf8, after: max(matchEnd, textStart)) }
            position = matchEnd
            guard start < end else { continue }  // all of it was taken along by the last token
            if textStart < start { segments.append(Segment(range: textStart..<start, id: nil)) }
            segments.append(Segment(range: start..<end, id: token.id))
            textStart = end
        }
        if textStart < utf8.count { segments.append(Segment(range: textStart..<utf8.count, id: nil)) }
        return segments
    }

    private func longestMatch(in utf8: [UInt8], at start: Int) -> AddedToken? {
        var candidates = byFirstByte[Int(utf8[start])]
        var depth = 1
        var longest: AddedToken?
        while !candidates.isEmpty {
            if tokens[candidates.lowerBound].content.count == depth {
                longest = tokens[candidates.lowerBound]
                candidates = candidates.dropFirst()
            }
            guard start + depth < utf8.count else { break }
            candidates = narrow(candidates, to: utf8[start + depth], at: depth)
            depth += 1
        }
        return longest
    }

    /// The tokens of `candidates`, all longer than `depth`, that have this byte there.
    private func narrow(_ candidates: Range<Int>, to byte: UInt8, at depth: Int) -> Range<Int> {
        func firstIndex(where reached: (UInt8) -> Bool) -> Int {
            var low = candidates.lowerBound
            var high = candidates.upperBound
            while low < high {
                let middle = (low + high) / 2
                if reached(tokens[middle].content[depth]) {
                    high = middle
                } else {
                    low = middle + 1
                }
            }
            return low
        }
        return firstIndex { $0 >= byte }..<firstIndex { $0 > byte }
    }

    private static func whitespaceStart(_ utf8: [UInt8], before end: Int, downTo limit: Int) -> Int {
        var start = end
        while start > limit {
            var previous = start - 1
            while previous > limit, utf8[previous] & 0xC0 == 0x80 { previous -= 1 }
            guard CharacterClass(of: UTF8Scalar.decode(utf8, at: previous).scalar).isWhitespace else { break }
            start = previous
        }
        return start
    }

    private static func whitespaceEnd(_ utf8: [UInt8], after start: Int) -> Int {
        var end = start
        while end < utf8.count {
            let (scalar, width) = UTF8Scalar.decode(utf8, at: end)
            guard CharacterClass(of: scalar).isWhitespace else { break }
            end += width
        }
        return end
    }
}
