// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Random directions, the same for a seed on every machine: SplitMix64 (Steele, Lea and Flood, 2014), Box and Muller's transformation.
struct DirectionGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// A point on the unit sphere, each equally likely.
    mutating func direction(_ dimension: Int) -> [Double] {
        while true {
            let numbers = (0..<dimension).map { _ in normal() }
            let length = numbers.reduce(0) { $0 + $1 * $1 }.squareRoot()
            if length > 1e-12 { return numbers.map { $0 / length } }
        }
    }

    private mutating func normal() -> Double {
        let radius = (-2 * log(1 - uniform())).squareRoot()
        return radius * cos(2 * .pi * uniform())
    }

    /// At least 0 and below 1.
    private mutating func uniform() -> Double {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Double((mixed ^ (mixed >> 31)) >> 11) * 0x1p-53
    }
}
