// SPDX-License-Identifier: Apache-2.0

/// What the splitting patterns distinguish.
enum CharacterClass: UInt8, Sendable {
    /// `\p{L}`.
    case letter
    /// `\p{N}`.
    case number
    /// `[\r\n]`, which is white space too.
    case newline
    /// The rest of `\s`.
    case space
    /// Everything else, unassigned scalars and combining marks included.
    case other

    /// `\s`.
    var isWhitespace: Bool { self == .newline || self == .space }

    /// The class of each scalar, given at each of its bytes; `utf8` must be well formed.
    static func classes(of utf8: [UInt8]) -> [CharacterClass] {
        var classes = [CharacterClass](repeating: .other, count: utf8.count)
        var position = 0
        while position < utf8.count {
            let (scalar, width) = UTF8Scalar.decode(utf8, at: position)
            let found = CharacterClass(of: scalar)
            for offset in position..<position + width { classes[offset] = found }
            position += width
        }
        return classes
    }

    /// The class of one scalar.
    init(of scalar: UInt32) {
        self = scalar < 0x80 ? Self.ascii[Int(scalar)] : Self.lookUp(scalar)
    }

    private static let ascii = (UInt32(0)..<0x80).map(lookUp)

    private static func lookUp(_ scalar: UInt32) -> CharacterClass {
        if scalar == 0x0A || scalar == 0x0D { return .newline }
        if contains(scalar, in: CharacterClassTable.letters) { return .letter }
        if contains(scalar, in: CharacterClassTable.whitespace) { return .space }
        return contains(scalar, in: CharacterClassTable.numbers) ? .number : .other
    }

    /// Whether sorted ranges, flat as first and last, hold the scalar.
    private static func contains(_ scalar: UInt32, in ranges: [UInt32]) -> Bool {
        var low = 0
        var high = ranges.count / 2
        while low < high {
            let middle = (low + high) / 2
            if ranges[2 * middle + 1] < scalar {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low < ranges.count / 2 && ranges[2 * low] <= scalar
    }
}
