// SPDX-License-Identifier: Apache-2.0

/// A sine wave that keeps its strength or fades.
struct Partial: Sendable {
    /// Its frequency as a multiple of the note's.
    let ratio: Double
    /// Its strength.
    let amplitude: Double
    /// Seconds in which it fades to 1/e; nil keeps it.
    var decay: Double?
}

/// Up to eight partials, made sample by sample from the two before (a resonator), without a sine.
struct PartialGroup {
    private var last: SIMD8<Double>
    private var beforeLast: SIMD8<Double>
    private let first: SIMD8<Double>
    private let second: SIMD8<Double>

    /// How many there is room for.
    static let size = 8

    /// Starts partials at phase 0.
    ///
    /// - Parameters:
    ///   - partials: at most eight.
    ///   - frequency: of the note, in hertz.
    ///   - sampleRate: samples a second.
    init(_ partials: ArraySlice<Partial>, frequency: Double, sampleRate: Double) {
        var (now, before) = (SIMD8<Double>(), SIMD8<Double>())
        var (first, second) = (SIMD8<Double>(), SIMD8<Double>())
        for (lane, partial) in partials.enumerated() {
            let turns = partial.ratio * frequency / sampleRate
            let fading = partial.decay.map { Waves.decay(1 / ($0 * sampleRate)) } ?? 1
            first[lane] = 2 * fading * Waves.cosine(turns: turns)
            second[lane] = -fading * fading
            // The samples numbered 0 and −1 of A·rⁿ·sin(2πfn).
            now[lane] = 0
            before[lane] = -partial.amplitude / fading * Waves.sine(turns: turns)
        }
        (last, beforeLast, self.first, self.second) = (now, before, first, second)
    }

    /// The sum of all, now; then goes on by a sample.
    mutating func next() -> Double {
        let now = last
        last = first * now + second * beforeLast
        beforeLast = now
        let four = now.lowHalf + now.highHalf
        let two = four.lowHalf + four.highHalf
        return two[0] + two[1]
    }
}
