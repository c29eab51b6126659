// SPDX-License-Identifier: Apache-2.0

/// The syntax tree of a regular expression.
indirect enum PatternNode: Sendable, Equatable {
    case scalars(ScalarSet)
    case sequence([PatternNode])
    case alternation([PatternNode])
    /// `maximum` nil is "any number".
    case repetition(PatternNode, minimum: Int, maximum: Int?)
    case anchor(PatternAnchor)

    /// The sets to match one after another, if the expression is a plain run of them.
    var fixedRun: [ScalarSet]? {
        switch self {
        case .scalars(let set): [set]
        case .sequence(let nodes):
            nodes.reduce(into: [] as [ScalarSet]?) { run, node in
                guard let part = node.fixedRun else {
                    run = nil
                    return
                }
                run?.append(contentsOf: part)
            }
        case .alternation, .repetition, .anchor: nil
        }
    }
}

/// A condition on a position.
enum PatternAnchor: Sendable, Equatable {
    case start
    case end
    case wordBoundary
    case notWordBoundary

    func holds(in text: [UInt32], at position: Int) -> Bool {
        switch self {
        case .start: position == 0
        case .end: position == text.count
        case .wordBoundary: Self.isBoundary(text, position)
        case .notWordBoundary: !Self.isBoundary(text, position)
        }
    }

    private static func isBoundary(_ text: [UInt32], _ position: Int) -> Bool {
        let before = position > 0 && ScalarSet.word.contains(text[position - 1])
        let after = position < text.count && ScalarSet.word.contains(text[position])
        return before != after
    }
}

/// A set of Unicode scalars: one character, a class, or "any but a line feed".
struct ScalarSet: Sendable, Equatable {
    var ranges: [ClosedRange<UInt32>]
    var isNegated = false

    static let any = ScalarSet(ranges: [0x0A...0x0A], isNegated: true)
    /// `\d`, of ASCII: module paths are.
    static let digit = ScalarSet(ranges: [0x30...0x39])
    /// `\w`, of ASCII.
    static let word = ScalarSet(ranges: [0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])
    /// `\s`, of ASCII.
    static let space = ScalarSet(ranges: [0x09...0x0D, 0x20...0x20])

    static func one(_ scalar: UInt32) -> ScalarSet { ScalarSet(ranges: [scalar...scalar]) }

    var negated: ScalarSet { ScalarSet(ranges: ranges, isNegated: !isNegated) }

    func contains(_ scalar: UInt32) -> Bool {
        for range in ranges where range.contains(scalar) { return !isNegated }
        return isNegated
    }
}
