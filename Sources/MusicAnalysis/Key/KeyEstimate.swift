// SPDX-License-Identifier: Apache-2.0

package import MusicSynthesis

/// The key of a sound.
package struct KeyEstimate: Sendable, Equatable {
    /// The most likely one of 24.
    package let key: MusicalKey
    /// How well its notes fit, −1 … 1.
    package let correlation: Double

    /// Sounds that fit no key better than this have none.
    private static let leastCorrelation = 0.5
    /// Nor do sounds in which all notes are about equally strong.
    private static let leastContrast = 0.3

    /// Shorter sounds have too few notes.
    private static let leastSeconds = 1.0

    /// Compares the sound's chroma with each key's; nil where nothing fits.
    package init?(_ sound: Sound) {
        guard sound.seconds >= Self.leastSeconds, !sound.isSilent else { return nil }
        let chroma = Chroma(sound)
        guard chroma.contrast >= Self.leastContrast else { return nil }
        let scores = MusicalKey.all.map { key in (key, KeyProfile.correlation(of: chroma.values, with: key)) }
        guard let best = scores.max(by: { $0.1 < $1.1 }), best.1 >= Self.leastCorrelation else { return nil }
        (key, correlation) = best
    }
}

/// How much of each note music in a key has.
enum KeyProfile {
    /// In the bass, by semitones above the tonic.
    private static let bass: [MusicalKey.Mode: [Double]] = [
        .major: [10, 0, 0.6, 0, 0, 2, 0, 5, 0, 1, 0, 0],
        .minor: [10, 0, 0, 0, 0, 2.2, 0, 5, 1.2, 0, 0, 0],
    ]
    /// Above the bass.
    private static let treble: [MusicalKey.Mode: [Double]] = [
        .major: [6, 0, 3, 0, 6, 2, 0, 8, 0, 3, 0, 3],
        .minor: [6, 0, 3, 6, 0, 2, 0, 8, 2, 0, 1, 2],
    ]

    /// How well a chroma fits a key.
    static func correlation(of chroma: [Double], with key: MusicalKey) -> Double {
        let profile = template(of: key)
        return zip(chroma, profile).reduce(0) { $0 + $1.0 * $1.1 } / 2
    }

    private static func template(of key: MusicalKey) -> [Double] {
        [bass, treble].flatMap { profiles in
            let profile = profiles[key.mode] ?? []
            return Chroma.normalized(profile.indices.map { profile[($0 - key.tonic + 12) % 12] })
        }
    }
}
