// SPDX-License-Identifier: Apache-2.0

/// A chord by its semitones above the tonic.
struct Chord: Sendable, Equatable {
    let root: Int
    let third: Int
    let fifth: Int

    /// Its notes.
    var tones: [Int] { [root, third, fifth] }
}

/// The chords of a song: the tonic at every other change, so that any few seconds tell the key.
struct Harmony: Sendable {
    private let mode: MusicalKey.Mode
    /// What comes between tonics, over and over.
    private let answers: [Chord]

    private static let majorTonic = Chord(root: 0, third: 4, fifth: 7)
    private static let minorTonic = Chord(root: 0, third: 3, fifth: 7)
    private static let dominant = Chord(root: 7, third: 11, fifth: 14)

    /// Picks what answers the tonic.
    init(_ mode: MusicalKey.Mode, _ random: inout RandomSource) {
        self.mode = mode
        let dominant = Self.dominant
        switch mode {
        case .major:
            let subdominant = Chord(root: 5, third: 9, fifth: 12)
            let sixth = Chord(root: 9, third: 12, fifth: 16)
            let second = Chord(root: 2, third: 5, fifth: 9)
            answers = random.pick([
                [subdominant, dominant], [dominant, subdominant], [sixth, dominant], [second, dominant], [dominant],
            ])
        case .minor:
            let subdominant = Chord(root: 5, third: 8, fifth: 12)
            let sixth = Chord(root: 8, third: 12, fifth: 15)
            answers = random.pick([
                [subdominant, dominant], [dominant, subdominant], [sixth, dominant], [dominant],
            ])
        }
    }

    /// The chord of the slot after so many changes.
    func chord(_ slot: Int) -> Chord {
        guard !slot.isMultiple(of: 2) else { return mode == .major ? Self.majorTonic : Self.minorTonic }
        return answers[slot / 2 % answers.count]
    }

    /// The scale over a chord: minor takes its leading note over the dominant.
    func scale(over chord: Chord) -> [Int] {
        switch mode {
        case .major: [0, 2, 4, 5, 7, 9, 11]
        case .minor: chord == Self.dominant ? [0, 2, 3, 5, 7, 8, 11] : [0, 2, 3, 5, 7, 8, 10]
        }
    }
}
