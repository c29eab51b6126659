// SPDX-License-Identifier: Apache-2.0

/// A composed song: a melody, two inner voices, a bass, and drums or none; the first beat is at 0.
///
/// Every beat is struck by the bass and by the melody, louder than anything between beats, so that the tempo can be heard.
struct Score: Sendable {
    /// Notes, in no particular order.
    private(set) var notes: [Note] = []
    /// Strokes.
    private(set) var strokes: [DrumStroke] = []

    /// Composes.
    init(_ song: SongDescription) {
        var random = RandomSource(seed: song.seed)
        let beats = song.seconds * song.bpm / 60 + 1
        let harmony = Harmony(song.key.mode, &random)
        let tonic = song.key.tonic
        addBass(song, harmony, tonic: tonic, beats: beats)
        addChords(song, harmony, tonic: tonic, beats: beats)
        addMelody(song, harmony, tonic: tonic, beats: beats, &random)
        if song.hasDrums { addDrums(song.metre, beats: beats) }
    }

    /// The chord's root on every beat, C2 to B2.
    private mutating func addBass(_ song: SongDescription, _ harmony: Harmony, tonic: Int, beats: Int) {
        for beat in 0..<beats {
            let root = harmony.chord(beat / song.metre.beatsPerChord).root
            notes.append(
                Note(
                    part: .bass,
                    start: Double(beat),
                    length: 0.9,
                    pitch: 36 + (tonic + root) % 12,
                    velocity: beat.isMultiple(of: song.metre.beats) ? 1 : 0.8
                )
            )
        }
    }

    /// Third and fifth between E3 and D#4, held for a chord where the style is a held one, else struck on every beat.
    private mutating func addChords(_ song: SongDescription, _ harmony: Harmony, tonic: Int, beats: Int) {
        let length = song.style.holdsChords ? song.metre.beatsPerChord : 1
        for beat in stride(from: 0, to: beats, by: length) {
            let chord = harmony.chord(beat / song.metre.beatsPerChord)
            for tone in [chord.third, chord.fifth] {
                notes.append(
                    Note(
                        part: .chord,
                        start: Double(beat),
                        length: Double(length) * song.style.gate,
                        pitch: 52 + (tonic + tone + 8) % 12,
                        velocity: 1
                    )
                )
            }
        }
    }

    /// One line in the octave above the tonic and a little beyond: a chord's note where it begins, then steps.
    private mutating func addMelody(
        _ song: SongDescription,
        _ harmony: Harmony,
        tonic: Int,
        beats: Int,
        _ random: inout RandomSource
    ) {
        // Which beats of a bar are divided; the first never is.
        let divided = (0..<song.metre.beats).map { $0 > 0 && random.chance(35) }
        var degree = 0
        for beat in 0..<beats {
            let chord = harmony.chord(beat / song.metre.beatsPerChord)
            let scale = harmony.scale(over: chord)
            let isNewChord = beat.isMultiple(of: song.metre.beatsPerChord)
            degree = isNewChord ? Self.tone(of: chord, scale, near: degree, &random) : Self.step(from: degree, &random)
            let isDivided = divided[beat % song.metre.beats]
            let accent = isNewChord ? 1 : 0.85
            add(melody: degree, scale, tonic: tonic, at: Double(beat), isDivided ? 0.5 : 1, accent, song.style)
            guard isDivided else { continue }
            degree = Self.step(from: degree, &random)
            add(melody: degree, scale, tonic: tonic, at: Double(beat) + 0.5, 0.5, 0.45, song.style)
        }
    }

    private mutating func add(
        melody degree: Int,
        _ scale: [Int],
        tonic: Int,
        at start: Double,
        _ length: Double,
        _ velocity: Double,
        _ style: Style
    ) {
        let octave = degree >= 0 ? degree / 7 : (degree - 6) / 7
        let pitch = 60 + tonic + 12 * octave + scale[degree - 7 * octave]
        notes.append(
            Note(part: .melody, start: start, length: length * style.gate, pitch: pitch, velocity: velocity)
        )
    }

    /// The scale's degrees that melodies use, 0 being the tonic.
    private static let range = -2...8

    /// A degree of the chord near another; the tonic where it can be as often as not.
    private static func tone(of chord: Chord, _ scale: [Int], near degree: Int, _ random: inout RandomSource) -> Int {
        let classes = Set(chord.tones.map { $0 % 12 })
        let candidates = range.filter { classes.contains(scale[($0 + 7) % 7]) && abs($0 - degree) <= 4 }
        if classes.contains(0), random.chance(50), let tonic = candidates.first(where: { $0 == 0 || $0 == 7 }) {
            return tonic
        }
        return candidates.isEmpty ? 0 : random.pick(candidates)
    }

    private static func step(from degree: Int, _ random: inout RandomSource) -> Int {
        let next = degree + random.pick([-2, -1, -1, 1, 1, 2])
        return range.contains(next) ? next : degree + (next > degree ? -1 : 1)
    }

    private mutating func addDrums(_ metre: Metre, beats: Int) {
        for beat in 0..<beats {
            let place = beat % metre.beats
            let start = Double(beat)
            let isStrong = metre == .four ? place.isMultiple(of: 2) : place == 0
            strokes.append(DrumStroke(start: start, drum: isStrong ? .kick : .snare, velocity: place == 0 ? 1 : 0.85))
            strokes.append(DrumStroke(start: start, drum: .hat, velocity: 0.8))
            strokes.append(DrumStroke(start: start + 0.5, drum: .hat, velocity: 0.4))
        }
    }
}
