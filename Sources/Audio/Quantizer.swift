// SPDX-License-Identifier: Apache-2.0

/// Turns float samples into integers.
///
/// Full scale is 2^(bits-1), so that an integer read as `k / 2^(bits-1)` is written back as `k`. Values are rounded to the
/// nearest integer, halves to even, and clipped: +1 becomes the largest integer. Dither, off unless asked for, adds
/// triangular noise of ±1 step first; its seed is fixed, so that the same sound gives the same file.
package struct Quantizer {
    private let scale: Float
    private var noise: SplitMix64?

    /// Full scale is 2^(bitCount-1).
    package init(bitCount: Int, dither: Bool) {
        scale = Float(sign: .plus, exponent: bitCount - 1, significand: 1)
        noise = dither ? SplitMix64(state: 0) : nil
    }

    /// The nearest integer within the scale.
    package mutating func quantize(_ sample: Float) -> Int32 {
        var value = sample * scale
        if noise != nil { value += (noise?.unit() ?? 0) - (noise?.unit() ?? 0) }
        // Clipped as a float: converting an out-of-range float to an integer traps.
        return Int32(min(max(value.rounded(.toNearestOrEven), -scale), scale - 1))
    }
}

/// The generator of Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014): enough for dither.
private struct SplitMix64 {
    var state: UInt64

    /// Evenly distributed in 0..<1, on 24 bits.
    mutating func unit() -> Float {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        mixed ^= mixed >> 31
        return Float(mixed >> 40) * 0x1p-24
    }
}
