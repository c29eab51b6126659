// SPDX-License-Identifier: Apache-2.0

/// The random numbers of CPython's `random.Random(seed)`: the Mersenne Twister MT19937 and what Python makes of it.
///
/// Source: Matsumoto and Nishimura 1998, Mersenne Twister, with the initialisation by an array of 2002.
public struct PythonRandom: Sendable {
    private static let size = 624
    private static let middle = 397
    private var state = [UInt32](repeating: 0, count: size)
    private var position = size

    /// Seeds as `random.Random(seed)` does with a whole number.
    public init(seed: UInt64) {
        var key = [UInt32(truncatingIfNeeded: seed)]
        if seed >> 32 != 0 { key.append(UInt32(seed >> 32)) }
        seedState(19_650_218)
        var (i, j) = (1, 0)
        for _ in 0..<max(Self.size, key.count) {
            state[i] = (state[i] ^ ((state[i - 1] ^ (state[i - 1] >> 30)) &* 1_664_525)) &+ key[j] &+ UInt32(j)
            advance(&i)
            j = (j + 1) % key.count
        }
        for _ in 1..<Self.size {
            state[i] = (state[i] ^ ((state[i - 1] ^ (state[i - 1] >> 30)) &* 1_566_083_941)) &- UInt32(i)
            advance(&i)
        }
        state[0] = 0x8000_0000
    }

    private mutating func seedState(_ seed: UInt32) {
        state[0] = seed
        for index in 1..<Self.size {
            state[index] = 1_812_433_253 &* (state[index - 1] ^ (state[index - 1] >> 30)) &+ UInt32(index)
        }
    }

    private mutating func advance(_ index: inout Int) {
        index += 1
        if index >= Self.size {
            state[0] = state[Self.size - 1]
            index = 1
        }
    }

    /// The next 32 bits.
    private mutating func next() -> UInt32 {
        if position >= Self.size { regenerate() }
        var value = state[position]
        position += 1
        value ^= value >> 11
        value ^= (value << 7) & 0x9D2C_5680
        value ^= (value << 15) & 0xEFC6_0000
        return value ^ (value >> 18)
    }

    private mutating func regenerate() {
        for index in 0..<Self.size {
            let mixed = (state[index] & 0x8000_0000) | (state[(index + 1) % Self.size] & 0x7FFF_FFFF)
            state[index] = state[(index + Self.middle) % Self.size] ^ (mixed >> 1) ^ (mixed & 1 == 0 ? 0 : 0x9908_B0DF)
        }
        position = 0
    }

    /// A whole number below `bound`, as `randrange(bound)` draws it for bounds below 2³².
    public mutating func below(_ bound: Int) -> Int {
        precondition(bound > 0 && bound <= Int(UInt32.max), "a bound is from 1 to 2³² - 1")
        let bits = Int.bitWidth - bound.leadingZeroBitCount
        while true {
            let value = Int(next() >> (32 - bits))
            if value < bound { return value }
        }
    }

    /// Shuffles as `shuffle(list)` does.
    public mutating func shuffle<Element>(_ list: inout [Element]) {
        guard list.count > 1 else { return }
        for index in (1..<list.count).reversed() { list.swapAt(index, below(index + 1)) }
    }
}
