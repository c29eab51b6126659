// SPDX-License-Identifier: Apache-2.0

/// One channel of sound to measure.
package struct Sound: Sendable {
    /// The samples, nominally within ±1.
    package let samples: [Float]
    /// Samples a second.
    package let sampleRate: Int

    /// The largest magnitude below which nobody hears anything.
    private static let silence: Float = 1e-4

    /// Takes samples; what is not finite counts as silence.
    package init(_ samples: [Float], sampleRate: Int) {
        self.samples = samples.map { $0.isFinite ? $0 : 0 }
        self.sampleRate = sampleRate
    }

    /// The mean of planar channels.
    ///
    /// - Parameters:
    ///   - planar: `[channels, frames]`.
    ///   - channels: how many, at least one.
    ///   - sampleRate: samples a second.
    package init(planar: [Float], channels: Int, sampleRate: Int) {
        let frames = planar.count / max(channels, 1)
        var mean = [Float](repeating: 0, count: frames)
        for channel in 0..<channels {
            for frame in 0..<frames { mean[frame] += planar[channel * frames + frame] / Float(channels) }
        }
        self.init(mean, sampleRate: sampleRate)
    }

    /// The length in seconds.
    package var seconds: Double { Double(samples.count) / Double(sampleRate) }

    /// Whether there is nothing to hear.
    var isSilent: Bool { !samples.contains { abs($0) > Self.silence } }
}
