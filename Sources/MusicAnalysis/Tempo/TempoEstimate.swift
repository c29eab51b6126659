// SPDX-License-Identifier: Apache-2.0

/// How many beats a minute a sound has.
package struct TempoEstimate: Sendable, Equatable {
    /// Beats a minute.
    package let bpm: Double
    /// How alike the sound's onsets are a beat and several beats later, 0 … 1.
    package let confidence: Double

    /// What is looked for: less than an octave, so that twice and half of a tempo are no answers.
    package static let range = 77.0...154.0
    private static let step = 0.05
    /// Sounds in which less returns have no tempo.
    private static let leastConfidence = 0.15
    /// Shorter sounds have too few beats.
    private static let leastSeconds = 2.0

    /// Finds the beat that the autocorrelation of the onsets returns with; nil where none returns.
    package init?(_ sound: Sound) {
        guard sound.seconds >= Self.leastSeconds, !sound.isSilent else { return nil }
        let onsets = OnsetStrength(sound)
        let correlation = Self.autocorrelation(onsets.values)
        guard correlation.count > 1 else { return nil }
        var best = (bpm: 0.0, strength: -Double.infinity)
        for number in 0...Int((Self.range.upperBound - Self.range.lowerBound) / Self.step) {
            let bpm = Self.range.lowerBound + Double(number) * Self.step
            let strength = Self.strength(of: 60 * onsets.rate / bpm, in: correlation)
            if strength > best.strength { best = (bpm, strength) }
        }
        guard best.strength >= Self.leastConfidence else { return nil }
        (bpm, confidence) = (best.bpm, min(1, best.strength))
    }

    /// Whether a tempo lies within so many percent of another.
    package func isWithin(percent: Double, of other: Double) -> Bool { abs(bpm - other) <= other * percent / 100 }

    /// The mean correlation at all multiples of a period, in frames.
    private static func strength(of period: Double, in correlation: [Double]) -> Double {
        var (sum, count) = (0.0, 0.0)
        var lag = period
        while lag < Double(correlation.count - 1) {
            let (whole, part) = (Int(lag), lag - lag.rounded(.down))
            sum += correlation[whole] * (1 - part) + correlation[whole + 1] * part
            count += 1
            lag += period
        }
        return count > 0 ? sum / count : 0
    }

    /// By lag up to two thirds of the length, 1 for lag 0, each divided by the number of products in it.
    private static func autocorrelation(_ values: [Float]) -> [Double] {
        let power = values.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(max(values.count, 1))
        guard power > 0 else { return [] }
        return (0..<values.count * 2 / 3).map { lag in
            var sum: Float = 0
            for position in 0..<values.count - lag { sum += values[position] * values[position + lag] }
            return Double(sum) / Double(values.count - lag) / power
        }
    }
}
