// SPDX-License-Identifier: Apache-2.0

package import MusicSynthesis

/// What is to be heard in a song; what is nil is not asked.
package struct Expectation: Sendable, Equatable {
    /// Beats a minute.
    package var bpm: Int?
    /// The key.
    package var key: MusicalKey?
    /// What plays.
    package var style: Style?

    /// Names what is asked.
    package init(bpm: Int? = nil, key: MusicalKey? = nil, style: Style? = nil) {
        (self.bpm, self.key, self.style) = (bpm, key, style)
    }

    /// All that a song's description says.
    package init(_ song: SongDescription) { self.init(bpm: song.bpm, key: song.key, style: song.style) }
}

/// What was found in a song, and whether it is what was to be heard.
package struct SongMeasurement: Sendable {
    /// How far a tempo may be off.
    package static let tempoTolerance = 3.0

    /// What was to be heard.
    package let expectation: Expectation
    /// The tempo, if there is one.
    package let tempo: TempoEstimate?
    /// The key, if there is one.
    package let key: KeyEstimate?
    /// The style, if it is like one that is known.
    package let timbre: TimbreClassifier.Answer?

    /// Measures a sound.
    ///
    /// - Parameters:
    ///   - sound: what to measure.
    ///   - expectation: what is to be heard.
    ///   - classifier: tells styles.
    package init(_ sound: Sound, expectation: Expectation, classifier: TimbreClassifier) {
        self.expectation = expectation
        tempo = TempoEstimate(sound)
        key = KeyEstimate(sound)
        timbre = classifier.answer(sound)
    }

    /// Whether the tempo is within three percent; nil if none was asked for.
    package var isTempoRight: Bool? {
        expectation.bpm.map { tempo?.isWithin(percent: Self.tempoTolerance, of: Double($0)) ?? false }
    }

    /// Whether the key is the one asked for; nil if none was.
    package var isKeyRight: Bool? { expectation.key.map { $0 == key?.key } }

    /// Whether the style is the one asked for; nil if none was.
    package var isStyleRight: Bool? { expectation.style.map { $0 == timbre?.style } }
}
