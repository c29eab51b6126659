// SPDX-License-Identifier: Apache-2.0

/// A key: the tonic and whether it is major or minor.
package struct MusicalKey: Sendable, Hashable, CustomStringConvertible {
    /// Major or minor.
    package enum Mode: String, Sendable, CaseIterable {
        /// The third is large.
        case major
        /// The third is small.
        case minor
    }

    /// Semitones above C, 0 … 11.
    package let tonic: Int
    /// Major or minor.
    package let mode: Mode

    /// Names both; the tonic is taken within its octave.
    package init(tonic: Int, mode: Mode) {
        self.tonic = ((tonic % 12) + 12) % 12
        self.mode = mode
    }

    /// How the corpus writes the tonics: with sharps alone, so that each key has one name.
    private static let names = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"]

    /// All 24, by tonic, major first.
    package static let all = (0..<12).flatMap { tonic in Mode.allCases.map { MusicalKey(tonic: tonic, mode: $0) } }

    /// Reads a key as people write it: `F# minor`, `Bb Major`, `E♭ minor`; nil for anything else.
    package init?(_ text: String) {
        let words = text.split(separator: " ")
        guard words.count == 2, let mode = Mode(rawValue: words[1].lowercased()) else { return nil }
        let letters: [Character: Int] = ["C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11]
        guard let first = words[0].first, let natural = letters[Character(first.uppercased())] else { return nil }
        let accidental: Int
        switch words[0].dropFirst() {
        case "": accidental = 0
        case "#", "♯": accidental = 1
        case "b", "♭": accidental = -1
        default: return nil
        }
        self.init(tonic: natural + accidental, mode: mode)
    }

    /// As the prompt's metas say it, such as `F# minor`.
    package var description: String { "\(Self.names[tonic]) \(mode.rawValue)" }

    /// The key with the same notes and the other mode: A minor for C major.
    package var relative: MusicalKey {
        switch mode {
        case .major: MusicalKey(tonic: tonic + 9, mode: .minor)
        case .minor: MusicalKey(tonic: tonic + 3, mode: .major)
        }
    }
}
