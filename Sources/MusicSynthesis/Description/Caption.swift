// SPDX-License-Identifier: Apache-2.0

/// True sentences about a song.
enum Caption {
    /// Writes one in one of a few ways.
    static func text(of song: SongDescription, _ random: inout RandomSource) -> String {
        let style = random.pick(song.style.phrases)
        let drums = song.hasDrums ? "with drums" : random.pick(["without drums", "no drums"])
        let (tempo, mood) = (tempo(of: song.bpm), random.pick(moods(of: song.key.mode)))
        let waltz = song.metre == .three ? ", waltz" : ""
        let form = random.below(5)
        guard song.namesStyle else { return unnamed(form, drums: drums, tempo: tempo, mood: mood) + waltz }
        switch form {
        case 0: return "\(style), \(drums), \(tempo), \(mood)\(waltz)"
        case 1: return "a \(tempo) \(mood) piece for \(style), \(drums)\(waltz)"
        case 2: return "\(tempo) and \(mood) music, \(style), \(drums)\(waltz)"
        case 3: return "\(mood), \(tempo), \(style), \(drums)\(waltz)"
        default: return "\(style) playing a \(mood) tune, \(drums), \(tempo)\(waltz)"
        }
    }

    private static func unnamed(_ form: Int, drums: String, tempo: String, mood: String) -> String {
        switch form {
        case 0: "instrumental, \(drums), \(tempo), \(mood)"
        case 1: "a \(tempo) \(mood) piece, \(drums)"
        case 2: "\(tempo) and \(mood) music, \(drums)"
        case 3: "\(mood), \(tempo), \(drums)"
        default: "a \(mood) tune, \(drums), \(tempo)"
        }
    }

    private static func tempo(of bpm: Int) -> String {
        switch bpm {
        case ..<101: "slow"
        case ..<126: "moderate"
        default: "fast"
        }
    }

    private static func moods(of mode: MusicalKey.Mode) -> [String] {
        switch mode {
        case .major: ["bright", "happy", "cheerful"]
        case .minor: ["dark", "sad", "melancholic"]
        }
    }
}
