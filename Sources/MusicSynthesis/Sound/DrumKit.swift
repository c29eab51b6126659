// SPDX-License-Identifier: Apache-2.0

/// The drums' sounds, each the same samples at every stroke: noise that is always other is the hardest to learn.
enum DrumKit {
    private static let rate = Double(SynthesizedSong.sampleRate)

    /// The samples of a stroke.
    static func samples(_ drum: Drum) -> [Float] {
        switch drum {
        case .kick: kick
        case .snare: snare
        case .hat: hat
        }
    }

    /// A sine that falls from 160 to 50 Hz.
    private static let kick: [Float] = {
        var turns = 0.0
        return (0..<Int(0.2 * rate)).map { sample in
            let time = Double(sample) / rate
            turns += (50 + 110 * Waves.decay(time / 0.025)) / rate
            return Float(Waves.sine(turns: turns) * Waves.decay(time / 0.07) * edges(time, 0.2))
        }
    }()

    /// A tone and partials that fit no other, up to 4.8 kHz.
    private static let snare: [Float] = {
        let body = [Partial(ratio: 190, amplitude: 0.5, decay: 0.06), Partial(ratio: 331, amplitude: 0.3, decay: 0.05)]
        return cluster(body + scattered(22, 700...4800, amplitude: 0.14, decay: 0.045), seconds: 0.2)
    }()

    /// Partials that fit no other around 6 kHz.
    private static let hat: [Float] = cluster(scattered(14, 5000...7000, amplitude: 0.1, decay: 0.02), seconds: 0.1)

    /// Partials at frequencies spread over a range, whose beginnings are up or down.
    private static func scattered(
        _ count: Int,
        _ range: ClosedRange<Int>,
        amplitude: Double,
        decay: Double
    ) -> [Partial] {
        var random = RandomSource(seed: UInt64(count))
        return (0..<count).map { _ in
            let sign = random.chance(50) ? 1.0 : -1.0
            return Partial(ratio: Double(random.within(range)), amplitude: sign * amplitude, decay: decay)
        }
    }

    private static func cluster(_ partials: [Partial], seconds: Double) -> [Float] {
        var groups = PartialGroup.groups(partials, frequency: 1, sampleRate: rate)
        return (0..<Int(seconds * rate)).map { sample in
            var sum = 0.0
            for group in groups.indices { sum += groups[group].next() }
            return Float(sum * edges(Double(sample) / rate, seconds))
        }
    }

    /// A beginning and an end without a click.
    private static func edges(_ time: Double, _ length: Double) -> Double {
        Waves.smoothStep(time / 0.001) * Waves.smoothStep((length - time) / 0.02)
    }
}
