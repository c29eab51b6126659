// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The power of a sound by time and frequency.
package struct Spectrogram: Sendable {
    /// `[frames][bins]`: squared magnitudes; a full-scale sine on a bin has 1.
    package var frames: [[Float]]
    /// Hertz between bins.
    package let resolution: Double
    /// Frames a second.
    package let rate: Double

    /// Analyses a sound; frame n is centred on sample n · hop.
    ///
    /// - Parameters:
    ///   - samples: one channel.
    ///   - sampleRate: samples a second.
    ///   - window: samples of a window, a power of two.
    ///   - hop: samples between frames.
    package init(_ samples: [Float], sampleRate: Int, window: Int, hop: Int) {
        resolution = Double(sampleRate) / Double(window)
        rate = Double(sampleRate) / Double(hop)
        let transform = FourierTransform(size: window)
        // Scaled so that a sine's magnitude is its amplitude: the window's mean is a half.
        let weights = (0..<window).map { sample in
            Float((0.5 - 0.5 * cos(2 * .pi * Double(sample) / Double(window))) * 4 / Double(window))
        }
        func piece(_ frame: Int) -> [Float] {
            let start = frame * hop - window / 2
            return (0..<window).map { offset in
                let sample = start + offset
                return sample >= 0 && sample < samples.count ? samples[sample] * weights[offset] : 0
            }
        }
        let count = samples.isEmpty ? 0 : (samples.count + hop - 1) / hop
        var frames: [[Float]] = []
        frames.reserveCapacity(count + 1)
        for frame in stride(from: 0, to: count, by: 2) {
            let (first, second) = transform.powers(piece(frame), piece(frame + 1))
            frames.append(first)
            if frame + 1 < count { frames.append(second) }
        }
        self.frames = frames
    }
}
