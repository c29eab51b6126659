// SPDX-License-Identifier: Apache-2.0

/// A song's sound and what it is.
package struct SynthesizedSong: Sendable {
    /// Frames a second.
    package static let sampleRate = 48_000
    /// Left and right.
    package static let channelCount = 2

    /// What it is.
    package let description: SongDescription
    /// `[2, frames]`, left before right, within ±1.
    package let samples: [Float]

    /// Samples of a channel.
    package var frameCount: Int { samples.count / Self.channelCount }

    /// Composes and renders a song.
    package init(_ description: SongDescription) {
        self.description = description
        samples = SongRenderer.render(Score(description), of: description)
    }

    /// Both channels' mean, for measuring.
    package var mono: [Float] {
        let count = frameCount
        return (0..<count).map { (samples[$0] + samples[count + $0]) / 2 }
    }
}
