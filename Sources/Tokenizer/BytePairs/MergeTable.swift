// SPDX-License-Identifier: Apache-2.0

/// Which pairs of tokens join, into what, and in which order.
struct MergeTable: Sendable {
    /// A pair that joins.
    struct Merge {
        /// Lower ranks join first.
        var rank: UInt32
        /// The token that the pair becomes.
        var id: Int32
    }

    /// `UInt64.max` is free; a power of two long, at most half full.
    private var keys: [UInt64]
    private var merges: [Merge]
    /// Odd, different from run to run: no file can be made whose pairs all collide.
    private let multiplier = UInt64.random(in: .min ... .max) | 1
    private let shift: UInt64
    /// How many merges there are.
    private(set) var count = 0

    /// A table with room for this many merges.
    init(capacity: Int) {
        var bits: UInt64 = 4
        while 1 << bits < 2 * capacity { bits += 1 }
        shift = 64 - bits
        keys = [UInt64](repeating: .max, count: 1 << bits)
        merges = [Merge](repeating: Merge(rank: 0, id: 0), count: 1 << bits)
    }

    /// Adds the next merge; false where the pair is in the table already.
    mutating func append(_ left: Int32, _ right: Int32, into id: Int32) -> Bool {
        let key = Self.key(left, right)
        let slot = slot(key)
        guard keys[slot] != key else { return false }
        keys[slot] = key
        merges[slot] = Merge(rank: UInt32(count), id: id)
        count += 1
        return true
    }

    /// What this pair becomes.
    func merge(_ left: Int32, _ right: Int32) -> Merge? {
        let key = Self.key(left, right)
        let slot = slot(key)
        return keys[slot] == key ? merges[slot] : nil
    }

    private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    private func slot(_ key: UInt64) -> Int {
        let mixed = (key ^ key >> 32) &* multiplier
        var slot = Int((mixed ^ key &* 0x9E37_79B9_7F4A_7C15) >> shift)
        while keys[slot] != .max, keys[slot] != key { slot = (slot + 1) & (keys.count - 1) }
        return slot
    }
}
