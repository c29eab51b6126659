// SPDX-License-Identifier: Apache-2.0

/// Turns a score into stereo sound: little panning, no room, every song equally loud.
enum SongRenderer {
    /// The root mean square of a song's samples.
    private static let level = 0.1
    /// What no sample exceeds.
    private static let ceiling = 0.9
    private static let rate = Double(SynthesizedSong.sampleRate)

    /// Renders as many seconds as the song has.
    ///
    /// - Returns: `[2, frames]`.
    static func render(_ score: Score, of song: SongDescription) -> [Float] {
        let frames = song.seconds * SynthesizedSong.sampleRate
        let beat = 60 / Double(song.bpm)
        let timbre = song.style.timbre
        var channels = [[Float]](repeating: [Float](repeating: 0, count: frames), count: 2)
        for part in Note.Part.allCases {
            var track = [Float](repeating: 0, count: frames)
            let sound = part == .bass ? .bass : timbre
            for note in score.notes where note.part == part {
                NoteRenderer.add(note, sound, gain: part.gain, beat: beat, to: &track)
            }
            mix(track, part.pan, into: &channels)
        }
        for drum in Drum.allCases where !score.strokes.isEmpty {
            var track = [Float](repeating: 0, count: frames)
            let sound = DrumKit.samples(drum)
            for stroke in score.strokes where stroke.drum == drum {
                add(sound, at: stroke.start * beat, gain: Float(stroke.velocity * drum.gain), to: &track)
            }
            mix(track, drum.pan, into: &channels)
        }
        return leveled(channels[0] + channels[1], frames: frames)
    }

    private static func add(_ sound: [Float], at time: Double, gain: Float, to track: inout [Float]) {
        let start = Int((time * rate).rounded())
        let count = max(0, min(sound.count, track.count - start))
        for sample in 0..<count { track[start + sample] += gain * sound[sample] }
    }

    private static func mix(_ track: [Float], _ pan: (left: Float, right: Float), into channels: inout [[Float]]) {
        for sample in track.indices {
            channels[0][sample] += pan.left * track[sample]
            channels[1][sample] += pan.right * track[sample]
        }
    }

    /// The same loudness for all, and an end without a click.
    private static func leveled(_ samples: [Float], frames: Int) -> [Float] {
        var (power, peak) = (0.0, 0.0)
        for sample in samples {
            power += Double(sample) * Double(sample)
            peak = max(peak, Double(abs(sample)))
        }
        let loudness = (power / Double(samples.count)).squareRoot()
        guard loudness > 0 else { return samples }
        let gain = Float(min(level / loudness, ceiling / peak))
        let fade = Int(0.02 * rate)
        return samples.indices.map { position in
            let left = frames - 1 - position % frames
            let end = left < fade ? Float(Waves.smoothStep(Double(left) / Double(fade))) : 1
            return samples[position] * gain * end
        }
    }
}

extension Note.Part {
    fileprivate var gain: Double {
        switch self {
        case .melody: 1
        case .chord: 0.55
        case .bass: 1
        }
    }

    fileprivate var pan: (left: Float, right: Float) {
        switch self {
        case .melody: (0.62, 0.78)
        case .chord: (0.78, 0.62)
        case .bass: (0.7, 0.7)
        }
    }
}

extension Drum {
    fileprivate var gain: Double {
        switch self {
        case .kick: 1.1
        case .snare: 0.9
        case .hat: 0.35
        }
    }

    fileprivate var pan: (left: Float, right: Float) {
        switch self {
        case .kick: (0.7, 0.7)
        case .snare: (0.74, 0.66)
        case .hat: (0.62, 0.78)
        }
    }
}
