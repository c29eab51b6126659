// SPDX-License-Identifier: Apache-2.0

/// Renders one note.
enum NoteRenderer {
    private static let rate = Double(SynthesizedSong.sampleRate)

    /// Adds a note to a track.
    ///
    /// - Parameters:
    ///   - note: what to play.
    ///   - timbre: how it sounds.
    ///   - gain: how loud the part is.
    ///   - beat: seconds of a beat.
    ///   - track: where it goes; what lies behind its end is left out.
    static func add(_ note: Note, _ timbre: Timbre, gain: Double, beat: Double, to track: inout [Float]) {
        let start = Int((note.start * beat * rate).rounded())
        let length = Int((note.length * beat * rate).rounded())
        let count = min(length, track.count - start)
        guard count > 0 else { return }
        let frequency = Waves.frequency(note.pitch)
        let envelope = Envelope(timbre, length: length, rate: rate, gain: gain * timbre.gain * note.velocity)
        var groups = PartialGroup.groups(timbre.partials(at: frequency), frequency: frequency, sampleRate: rate)
        for group in groups.indices {
            // A copy on the stack: what the loop changes stays in registers.
            var partials = groups[group]
            for sample in 0..<count { track[start + sample] += Float(partials.next() * envelope[sample]) }
            groups[group] = partials
        }
    }
}

/// How a note comes and goes.
private struct Envelope {
    private let attack: Double
    private let release: Double
    private let length: Double
    private let gain: Double

    init(_ timbre: Timbre, length: Int, rate: Double, gain: Double) {
        // A note shorter than its attack and release keeps its shape.
        let squeeze = min(1, Double(length) / ((timbre.attack + timbre.release) * rate))
        attack = 1 / (timbre.attack * rate * squeeze)
        release = 1 / (timbre.release * rate * squeeze)
        self.length = Double(length)
        self.gain = gain
    }

    subscript(sample: Int) -> Double {
        let time = Double(sample)
        return gain * Waves.smoothStep(time * attack) * Waves.smoothStep((length - time) * release)
    }
}

extension PartialGroup {
    /// Partials in groups.
    static func groups(_ partials: [Partial], frequency: Double, sampleRate: Double) -> [PartialGroup] {
        stride(from: 0, to: partials.count, by: size).map { start in
            let slice = partials[start..<min(start + size, partials.count)]
            return PartialGroup(slice, frequency: frequency, sampleRate: sampleRate)
        }
    }
}
