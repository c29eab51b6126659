// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Numbers along an axis.
struct Scale: Sendable, Equatable {
    /// The first and the last number, the first below the last.
    let range: ClosedRange<Double>
    /// Whether equal steps are equal factors.
    let isLogarithmic: Bool

    /// A number with a text at the axis.
    struct Tick: Sendable, Equatable {
        let value: Double
        let text: String
    }

    /// A scale that holds all finite numbers of a list, with room around them.
    ///
    /// - Parameters:
    ///   - values: any; without a finite one the scale is 0 … 1.
    ///   - includesZero: begins at 0 where no number is below.
    ///   - isLogarithmic: only numbers above 0 count.
    ///   - margin: share of the range that is left free at either end.
    init(_ values: some Sequence<Double>, includesZero: Bool = false, isLogarithmic: Bool = false, margin: Double = 0) {
        let finite = values.filter { $0.isFinite && $0.magnitude < 1e300 && (!isLogarithmic || $0 > 0) }
        var (low, high) = (finite.min() ?? (isLogarithmic ? 0.1 : 0), finite.max() ?? 1)
        self.isLogarithmic = isLogarithmic
        if isLogarithmic {
            if high / low < 1.01 { (low, high) = (low / 2, high * 2) }
            let factor = pow(high / low, margin)
            range = low / factor...high * factor
            return
        }
        if includesZero { (low, high) = (min(low, 0), max(high, 0)) }
        if high - low <= 1e-12 * max(low.magnitude, high.magnitude) {
            let room = high == 0 ? 1 : high.magnitude / 2
            (low, high) = includesZero && low >= 0 ? (0, max(high, room)) : (low - room, high + room)
        }
        let room = (high - low) * margin
        let keepsFloor = includesZero && low == 0
        range = (keepsFloor ? 0 : low - room)...(high + room)
    }

    /// A scale of exactly this range.
    init(_ range: ClosedRange<Double>, isLogarithmic: Bool = false) {
        self.range = range
        self.isLogarithmic = isLogarithmic
    }

    /// Where a number lies, 0 … 1 inside the range.
    func share(_ value: Double) -> Double {
        isLogarithmic
            ? log(value / range.lowerBound) / log(range.upperBound / range.lowerBound)
            : (value - range.lowerBound) / (range.upperBound - range.lowerBound)
    }

    /// Round numbers inside the range.
    ///
    /// - Parameter count: about how many.
    /// - Returns: the numbers with their texts, ascending.
    func ticks(_ count: Int) -> [Tick] {
        if isLogarithmic { return logarithmicTicks(count) }
        let step = Self.roundStep((range.upperBound - range.lowerBound) / Double(max(count, 1)))
        let slack = step * 1e-9
        let first = ((range.lowerBound - slack) / step).rounded(.up)
        let last = ((range.upperBound + slack) / step).rounded(.down)
        guard last >= first, last - first < 100 else { return [] }
        return (0...Int(last - first)).map { place in
            let value = (first + Double(place)) * step
            return Tick(value: value.magnitude < slack ? 0 : value, text: Self.text(value, step: step))
        }
    }

    private func logarithmicTicks(_ count: Int) -> [Tick] {
        let (low, high) = (log10(range.lowerBound), log10(range.upperBound))
        let factors: [Double] = high - low < 1.5 ? [1, 2, 5] : [1]
        let every = max(1, Int(((high - low) / Double(max(count, 1))).rounded(.up)))
        return (Int(low.rounded(.down))...Int(high.rounded(.up))).filter { $0.isMultiple(of: every) }.flatMap { power in
            factors.map { $0 * pow(10, Double(power)) }
        }.filter { range.contains($0) }.map { Tick(value: $0, text: Self.short($0)) }
    }

    /// 1, 2 or 5 times a power of ten, at least a given step.
    static func roundStep(_ step: Double) -> Double {
        let power = pow(10, log10(step).rounded(.down))
        let factor = [1.0, 2, 5, 10].first { $0 * power >= step * (1 - 1e-9) } ?? 10
        return factor * power
    }

    /// A number with as many places as its neighbours on the axis need.
    private static func text(_ value: Double, step: Double) -> String {
        if max(value.magnitude, step) >= 1e6 || step < 1e-4 {
            return value.magnitude < step / 2 ? "0" : short(value)
        }
        let places = max(0, -Int(log10(step * 1.000001).rounded(.down)))
        return fixed(value, places: places)
    }

    /// A number in at most four or five letters.
    static func short(_ value: Double) -> String {
        guard value.isFinite else { return "–" }
        let size = value.magnitude
        if size == 0 { return "0" }
        if size >= 1e9 || size < 1e-3 {
            let power = Int(log10(size).rounded(.down))
            let factor = value / pow(10, Double(power))
            let digits = fixed(factor, places: 1)
            return (digits.hasSuffix(".0") ? String(digits.dropLast(2)) : digits) + "e\(power)"
        }
        for (unit, letter) in [(1e6, "M"), (1e3, "k")] where size >= unit {
            let digits = fixed(value / unit, places: 1)
            return (digits.hasSuffix(".0") ? String(digits.dropLast(2)) : digits) + letter
        }
        var digits = fixed(value, places: size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : 3)
        while digits.contains("."), digits.last == "0" || digits.last == "." { digits.removeLast() }
        return digits
    }

    /// A number with a fixed count of places, in plain ASCII but for the sign.
    static func fixed(_ value: Double, places: Int) -> String {
        guard value.isFinite, value.magnitude < 1e15 else { return "–" }
        let scale = pow(10, Double(min(places, 9)))
        let scaled = UInt64((value.magnitude * scale).rounded())
        let sign = value < 0 && scaled > 0 ? "−" : ""
        guard places > 0 else { return sign + String(scaled) }
        let places = min(places, 9)
        let digits = String(scaled)
        let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
        return sign + padded.dropLast(places) + "." + padded.suffix(places)
    }
}
