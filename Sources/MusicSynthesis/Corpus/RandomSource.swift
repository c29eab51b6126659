// SPDX-License-Identifier: Apache-2.0

/// Random numbers that are the same on every machine and in every version (SplitMix64).
///
/// The standard library's ways of making ranges out of bits may change; those here do not.
struct RandomSource: Sendable {
    private var state: UInt64

    /// Numbers that depend on the seed alone.
    init(seed: UInt64) { state = seed }

    /// Numbers of a member of a family, independent of those of its neighbours.
    init(seed: UInt64, index: Int, attempt: Int = 0) {
        var outer = RandomSource(seed: seed)
        var inner = RandomSource(seed: outer.next() ^ UInt64(bitPattern: Int64(index)))
        state = inner.next() &+ UInt64(bitPattern: Int64(attempt)) &* 0xD134_2543_DE82_EF95
    }

    /// The next 64 bits.
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return Self.mix(state)
    }

    /// Spreads the bits of a number over all of another.
    static func mix(_ value: UInt64) -> UInt64 {
        var mixed = value
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A whole number from 0 up to a count.
    mutating func below(_ count: Int) -> Int { Int(next() % UInt64(count)) }

    /// A whole number of a range.
    mutating func within(_ range: ClosedRange<Int>) -> Int { range.lowerBound + below(range.count) }

    /// Yes in so many of a hundred cases.
    mutating func chance(_ percent: Int) -> Bool { below(100) < percent }

    /// One of several.
    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }
}
