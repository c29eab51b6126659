// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// How much begins at each moment: the growth of loudness, summed over bands.
struct OnsetStrength: Sendable {
    /// One value for each frame, of mean 0.
    let values: [Float]
    /// Frames a second.
    let rate: Double

    private static let window = 2048
    private static let framesPerSecond = 100
    private static let bandCount = 24
    /// What is this much quieter than the loudest band counts as silence, as a power.
    private static let floor: Float = 1e-4
    /// Growth is taken over this many frames, so that a slow beginning counts as one.
    private static let lag = 2

    init(_ sound: Sound) {
        let hop = sound.sampleRate / Self.framesPerSecond
        let spectrogram = Spectrogram(sound.samples, sampleRate: sound.sampleRate, window: Self.window, hop: hop)
        rate = spectrogram.rate
        let bands = MelBands(
            Self.bandCount,
            in: 40...6000,
            resolution: spectrogram.resolution,
            bins: Self.window / 2 + 1
        )
        let powers = spectrogram.frames.map(bands.powers)
        let loudest = powers.reduce(0) { max($0, $1.max() ?? 0) }
        guard loudest > 0 else {
            values = []
            return
        }
        let levels = powers.map { $0.map { log($0 / loudest + Self.floor) } }
        let silence = [Float](repeating: log(Self.floor), count: Self.bandCount)
        let growth = levels.indices.map { frame in
            let before = frame >= Self.lag ? levels[frame - Self.lag] : silence
            return zip(levels[frame], before).reduce(0) { $0 + max(0, $1.0 - $1.1) }
        }
        let mean = growth.reduce(0, +) / Float(max(growth.count, 1))
        values = growth.map { $0 - mean }
    }
}
