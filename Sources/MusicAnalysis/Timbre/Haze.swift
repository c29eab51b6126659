// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// What a small decoder does to sound: missed phases give tones a company of noise, and what is high gets weaker.
struct Haze {
    /// The noise's power as a share of the sound's.
    let strength: Float
    /// Hertz at which the power is halved; nil weakens nothing.
    let cut: Double?
    private var state: UInt64

    /// Bins on both sides that a tone's noise spreads over.
    private static let reach = 4

    init(strength: Float, cut: Double? = nil, seed: UInt64) {
        (self.strength, self.cut) = (strength, cut)
        state = seed
    }

    /// A spectrum through the haze.
    ///
    /// - Parameters:
    ///   - powers: of the bins.
    ///   - resolution: hertz between bins.
    /// - Returns: powers with noise of the same shape added, and less height.
    mutating func over(_ powers: [Float], resolution: Double) -> [Float] {
        let noisy = strength > 0 ? withNoise(powers) : powers
        guard let cut else { return noisy }
        return noisy.indices.map { bin in
            let height = Float(Double(bin) * resolution / cut)
            return noisy[bin] / (1 + height * height)
        }
    }

    private mutating func withNoise(_ powers: [Float]) -> [Float] {
        powers.indices.map { bin in
            let near = powers[max(0, bin - Self.reach)...min(powers.count - 1, bin + Self.reach)]
            return powers[bin] + strength * flutter() * near.reduce(0, +) / Float(near.count)
        }
    }

    /// The power of noise whose mean power is 1, in one bin at one time: exponentially distributed.
    private mutating func flutter() -> Float {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return -log(max(Float(state >> 40), 0.5) / Float(1 << 24))
    }
}
