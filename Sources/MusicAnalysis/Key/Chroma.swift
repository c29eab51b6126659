// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// How much of each of the twelve notes a sound has, in the bass and above.
struct Chroma: Sendable {
    /// Twelve for the bass, then twelve for what is above; each twelve have mean 0 and length 1, or are 0.
    let values: [Double]
    /// How unequal the notes above the bass are: their deviation as a share of their mean.
    let contrast: Double

    private static let window = 8192
    private static let framesPerSecond = 10
    /// C2 to B2, and what is above up to 1.1 kHz.
    private static let bass = 36..<48
    private static let treble = 48..<85
    /// Peaks weaker than this share of a frame's strongest power are passed over.
    private static let floor: Float = 1e-4

    init(_ sound: Sound) {
        let spectrogram = Spectrogram(
            sound.samples,
            sampleRate: sound.sampleRate,
            window: Self.window,
            hop: sound.sampleRate / Self.framesPerSecond
        )
        var (bass, treble) = ([Double](repeating: 0, count: 12), [Double](repeating: 0, count: 12))
        for frame in spectrogram.frames {
            for peak in Self.peaks(of: frame, resolution: spectrogram.resolution) {
                let pitch = 69 + 12 * log2(peak.frequency / 440)
                let nearest = Int(pitch.rounded())
                // What lies between two notes, as partials of bells do, belongs to none.
                let fit = exp(-pow((pitch - Double(nearest)) / 0.2, 2))
                if Self.bass.contains(nearest) { bass[nearest % 12] += fit * peak.amplitude }
                if Self.treble.contains(nearest) { treble[nearest % 12] += fit * peak.amplitude }
            }
        }
        let mean = treble.reduce(0, +) / 12
        let deviation = (treble.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 12).squareRoot()
        contrast = mean > 0 ? deviation / mean : 0
        values = Self.normalized(bass) + Self.normalized(treble)
    }

    /// Maxima of a spectrum below 1.2 kHz, placed between bins by a parabola.
    private static func peaks(of power: [Float], resolution: Double) -> [(frequency: Double, amplitude: Double)] {
        let last = min(power.count - 2, Int(1200 / resolution))
        let strongest = power[0...(last + 1)].max() ?? 0
        guard strongest > 0 else { return [] }
        return (2...last).compactMap { bin in
            guard power[bin] > power[bin - 1], power[bin] >= power[bin + 1], power[bin] > strongest * floor else {
                return nil
            }
            let levels = (bin - 1...bin + 1).map { log(Double(power[$0]) + 1e-20) }
            let curvature = levels[0] - 2 * levels[1] + levels[2]
            let shift = curvature < 0 ? (levels[0] - levels[2]) / (2 * curvature) : 0
            return ((Double(bin) + shift) * resolution, Double(power[bin]).squareRoot())
        }
    }

    static func normalized(_ values: [Double]) -> [Double] {
        let mean = values.reduce(0, +) / Double(values.count)
        let centred = values.map { $0 - mean }
        let length = centred.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return length > 0 ? centred.map { $0 / length } : centred
    }
}
