// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// What a sound's colour is, whatever its notes: levels of bands, how they vary, and how they come and go.
struct TimbreFeatures: Sendable {
    /// Four numbers for each band.
    let values: [Double]

    /// How many numbers there are.
    static let count = 4 * bandCount

    private static let window = 2048
    private static let framesPerSecond = 50
    private static let bandCount = 32
    /// A power this far below the loudest band counts as silence.
    private static let floor: Float = 1e-3
    /// Frames whose powers are averaged, on both sides of one: the flutter of noise is no beginning of a note.
    private static let smoothing = 1
    /// Fewer frames with sound in them say nothing.
    private static let leastFrames = 25
    /// A frame has sound if its power is at least this share of the loudest frame's.
    private static let audible: Float = 1e-3

    /// Above this flatness of its spectrum a sound is noise, whose own is 0.56.
    private static let noisy = 0.4

    /// Looks at the frames that have sound; nil where they are less than half a second's, or noise.
    ///
    /// - Parameters:
    ///   - sound: what to look at.
    ///   - haze: through how much of it, for learning.
    init?(_ sound: Sound, through haze: Haze? = nil) {
        guard !sound.isSilent else { return nil }
        var spectrogram = Spectrogram(
            sound.samples,
            sampleRate: sound.sampleRate,
            window: Self.window,
            hop: sound.sampleRate / Self.framesPerSecond
        )
        if var haze {
            spectrogram.frames = spectrogram.frames.map { haze.over($0, resolution: spectrogram.resolution) }
        }
        let bands = MelBands(
            Self.bandCount,
            in: 120...6000,
            resolution: spectrogram.resolution,
            bins: Self.window / 2 + 1
        )
        let powers = spectrogram.frames.map(bands.powers)
        let sums = powers.map { $0.reduce(0, +) }
        let (loudest, peak) = (powers.reduce(0) { max($0, $1.max() ?? 0) }, sums.max() ?? 0)
        guard peak > 0 else { return nil }
        let heard = powers.indices.filter { sums[$0] >= peak * Self.audible }
        guard heard.count >= Self.leastFrames else { return nil }
        let bins = Int(120 / spectrogram.resolution)...Int(6000 / spectrogram.resolution)
        let flatness = heard.reduce(0.0) { $0 + Self.flatness(of: spectrogram.frames[$1][bins]) }
        guard flatness / Double(heard.count) < Self.noisy else { return nil }
        let smooth = Self.smoothed(powers)
        values = Self.statistics(of: heard.map { smooth[$0].map { Double(log($0 / loudest + Self.floor)) } })
    }

    private static func smoothed(_ powers: [[Float]]) -> [[Float]] {
        powers.indices.map { frame in
            let near = powers[max(0, frame - smoothing)...min(powers.count - 1, frame + smoothing)]
            return (0..<bandCount).map { band in near.reduce(0) { $0 + $1[band] } / Float(near.count) }
        }
    }

    /// The geometric mean of a spectrum's powers as a share of the arithmetic one.
    private static func flatness(of spectrum: ArraySlice<Float>) -> Double {
        let count = Double(spectrum.count)
        let mean = spectrum.reduce(0.0) { $0 + Double($1) } / count
        guard mean > 0 else { return 0 }
        return exp(spectrum.reduce(0.0) { $0 + log(Double($1) / mean + 1e-12) } / count)
    }

    /// Each band's mean against all bands' mean, its deviation, its mean growth and its mean fall from frame to frame.
    private static func statistics(of levels: [[Double]]) -> [Double] {
        let count = Double(levels.count)
        var (means, deviations) = ([Double](repeating: 0, count: bandCount), [Double](repeating: 0, count: bandCount))
        var (growths, falls) = (means, means)
        for level in levels { for band in 0..<bandCount { means[band] += level[band] / count } }
        for (frame, level) in levels.enumerated() {
            for band in 0..<bandCount {
                deviations[band] += (level[band] - means[band]) * (level[band] - means[band]) / count
                guard frame > 0 else { continue }
                let change = level[band] - levels[frame - 1][band]
                if change > 0 { growths[band] += change / count } else { falls[band] -= min(0.7, -change) / count }
            }
        }
        let mean = means.reduce(0, +) / Double(bandCount)
        return means.map { $0 - mean } + deviations.map { $0.squareRoot() } + growths + falls
    }
}
