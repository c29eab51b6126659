// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Overlapping bands of equal width for the ear.
struct MelBands: Sendable {
    /// For each band its first bin and the weights from there.
    private let bands: [(start: Int, weights: [Float])]

    /// How many there are.
    var count: Int { bands.count }

    /// Triangles over a range of frequencies.
    ///
    /// - Parameters:
    ///   - count: how many.
    ///   - range: in hertz.
    ///   - resolution: hertz between a spectrum's bins.
    ///   - bins: how many a spectrum has.
    init(_ count: Int, in range: ClosedRange<Double>, resolution: Double, bins: Int) {
        func mel(_ hertz: Double) -> Double { 1127 * log(1 + hertz / 700) }
        func hertz(_ mel: Double) -> Double { 700 * (exp(mel / 1127) - 1) }
        let (low, high) = (mel(range.lowerBound), mel(range.upperBound))
        let edges = (0..<count + 2).map { hertz(low + (high - low) * Double($0) / Double(count + 1)) / resolution }
        bands = (0..<count).map { band in
            let (left, peak, right) = (edges[band], edges[band + 1], edges[band + 2])
            // A band narrower than a bin takes the one that it lies in.
            let first = min(Int(left.rounded(.up)), Int(peak))
            let last = min(bins - 1, max(Int(right), first))
            var weights = (first...max(first, last)).map { bin in
                Float(max(0, min((Double(bin) - left) / (peak - left), (right - Double(bin)) / (right - peak))))
            }
            if weights.allSatisfy({ $0 == 0 }) { weights[0] = 1 }
            return (first, weights)
        }
    }

    /// The power in each band.
    func powers(of spectrum: [Float]) -> [Float] {
        bands.map { band in
            var sum: Float = 0
            for (offset, weight) in band.weights.enumerated() { sum += weight * spectrum[band.start + offset] }
            return sum
        }
    }
}
