// SPDX-License-Identifier: Apache-2.0

/// How notes sound: partials and an envelope over them.
struct Timbre: Sendable {
    /// For each partial what it is.
    let partials: [Partial]
    /// Seconds until the note is there.
    let attack: Double
    /// Seconds in which it goes, within its length.
    let release: Double
    /// How loud.
    let gain: Double

    /// Partials from here on get weaker, to nothing at `highest`, in hertz: little is asked of what has to learn them.
    private static let bright = 3200.0
    private static let highest = 4600.0

    /// The partials of a note, those too high left out.
    func partials(at frequency: Double) -> [Partial] {
        partials.compactMap { partial in
            let height = frequency * partial.ratio
            guard height < Self.highest else { return nil }
            let share = 1 - Waves.smoothStep((height - Self.bright) / (Self.highest - Self.bright))
            return Partial(ratio: partial.ratio, amplitude: partial.amplitude * share, decay: partial.decay)
        }
    }

    /// What plays the bass in all styles.
    static let bass = Timbre(
        partials: [
            Partial(ratio: 1, amplitude: 1, decay: 0.5), Partial(ratio: 2, amplitude: 0.5, decay: 0.3),
            Partial(ratio: 3, amplitude: 0.25, decay: 0.15), Partial(ratio: 4, amplitude: 0.12, decay: 0.1),
        ],
        attack: 0.005,
        release: 0.03,
        gain: 0.9
    )
}

extension Style {
    /// What plays melody and chords.
    var timbre: Timbre {
        switch self {
        case .chiptune:
            Timbre(
                partials: stride(from: 1.0, to: 32, by: 2).map { Partial(ratio: $0, amplitude: 1 / $0) },
                attack: 0.002,
                release: 0.008,
                gain: 0.6
            )
        case .organ:
            Timbre(
                partials: [(1.0, 1.0), (2, 0.8), (3, 0.5), (4, 0.6), (6, 0.3), (8, 0.35)].map {
                    Partial(ratio: $0.0, amplitude: $0.1)
                },
                attack: 0.012,
                release: 0.025,
                gain: 0.35
            )
        case .plucked:
            Timbre(
                partials: (1...14).map { number in
                    let k = Double(number)
                    let amplitude = 1 / k.squareRoot() / (1 + k / 8)
                    return Partial(ratio: k, amplitude: amplitude, decay: 0.5 / (1 + 0.5 * (k - 1)))
                },
                attack: 0.001,
                release: 0.02,
                gain: 0.55
            )
        case .pads:
            Timbre(
                partials: [(1.0, 1.0), (2, 0.3), (3, 0.08)].map { Partial(ratio: $0.0, amplitude: $0.1) },
                attack: 0.12,
                release: 0.12,
                gain: 0.6
            )
        case .bells:
            Timbre(
                partials: [
                    Partial(ratio: 1, amplitude: 0.8, decay: 0.9), Partial(ratio: 2.76, amplitude: 0.8, decay: 0.6),
                    Partial(ratio: 5.4, amplitude: 0.5, decay: 0.35), Partial(ratio: 8.93, amplitude: 0.25, decay: 0.2),
                ],
                attack: 0.001,
                release: 0.03,
                gain: 0.5
            )
        case .brass:
            Timbre(
                partials: (1...12).flatMap { number in
                    // What is missing at the beginning fades: the partial rises.
                    let k = Double(number)
                    let amplitude = k < 4 ? 0.7 : 0.9 * 4 / k
                    return [
                        Partial(ratio: k, amplitude: amplitude),
                        Partial(ratio: k, amplitude: -amplitude, decay: 0.012 + 0.012 * k),
                    ]
                },
                attack: 0.01,
                release: 0.04,
                gain: 0.22
            )
        case .marimba:
            Timbre(
                partials: [
                    Partial(ratio: 1, amplitude: 1, decay: 0.16), Partial(ratio: 3.93, amplitude: 0.6, decay: 0.05),
                    Partial(ratio: 9.2, amplitude: 0.3, decay: 0.02),
                ],
                attack: 0.001,
                release: 0.01,
                gain: 0.9
            )
        }
    }

    /// The share of its time that a note sounds.
    var gate: Double {
        switch self {
        case .chiptune: 0.85
        case .organ, .pads: 0.97
        case .plucked, .bells, .marimba: 1
        case .brass: 0.9
        }
    }

    /// Whether chords are held rather than struck on every beat.
    var holdsChords: Bool {
        switch self {
        case .organ, .pads: true
        case .chiptune, .plucked, .bells, .brass, .marimba: false
        }
    }
}
