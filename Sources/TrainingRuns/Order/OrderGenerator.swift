// SPDX-License-Identifier: Apache-2.0

/// Random numbers for the order of the data: a stream for each purpose and epoch, so that nothing has to be remembered.
///
/// SplitMix64. The standard library's shuffles may change with its version; these never do, or a resumed run would see
/// another order.
struct OrderGenerator {
    /// What a stream is for.
    enum Purpose: UInt64 {
        case split = 1
        case shuffle = 2
        case crops = 3
    }

    private var state: UInt64

    init(seed: Int, _ purpose: Purpose, epoch: Int = 0) {
        // Each part goes through the mixer, so that neighbouring seeds and epochs have nothing in common.
        state = UInt64(bitPattern: Int64(seed))
        for part in [purpose.rawValue, UInt64(bitPattern: Int64(epoch))] {
            state = next() ^ (part &* 0xD6E8_FEB8_6659_FD93)
        }
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A number from 0 to below `bound`, each as likely.
    mutating func below(_ bound: Int) -> Int {
        guard bound > 1 else { return 0 }
        let range = UInt64(bound)
        // What lies above the last whole multiple would make small numbers likelier.
        let limit = UInt64.max - UInt64.max % range
        var value = next()
        while value >= limit { value = next() }
        return Int(value % range)
    }

    mutating func shuffle(_ elements: inout [Int]) {
        for last in stride(from: elements.count - 1, to: 0, by: -1) { elements.swapAt(last, below(last + 1)) }
    }
}
