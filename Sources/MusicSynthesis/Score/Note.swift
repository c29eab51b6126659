// SPDX-License-Identifier: Apache-2.0

/// A note of a part.
struct Note: Sendable, Equatable {
    /// Who plays.
    enum Part: Sendable, CaseIterable {
        case melody, chord, bass
    }

    /// Who plays it.
    let part: Part
    /// When it begins, in beats.
    let start: Double
    /// How long it is held, in beats.
    let length: Double
    /// Semitones, 69 being the A of 440 Hz.
    let pitch: Int
    /// How loud, 1 being an accent.
    let velocity: Double
}

/// A stroke of a drum.
struct DrumStroke: Sendable, Equatable {
    /// When, in beats.
    let start: Double
    /// On what.
    let drum: Drum
    /// How loud, 1 being an accent.
    let velocity: Double
}

/// What drums there are.
enum Drum: Sendable, CaseIterable {
    case kick, snare, hat
}
