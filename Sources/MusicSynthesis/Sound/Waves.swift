// SPDX-License-Identifier: Apache-2.0

/// Functions whose values are the same bits on every machine: sums and products alone, where a system's mathematical library
/// may differ in the last place from one version to the next.
enum Waves {
    private static let circle = 6.283185307179586

    /// sin 2πx.
    static func sine(turns x: Double) -> Double {
        var turn = x - x.rounded(.down)
        if turn > 0.75 { turn -= 1 } else if turn > 0.25 { turn = 0.5 - turn }
        let angle = circle * turn
        let square = angle * angle
        var (term, sum) = (angle, angle)
        for degree in stride(from: 2.0, through: 20.0, by: 2.0) {
            term *= -square / (degree * (degree + 1))
            sum += term
        }
        return sum
    }

    /// cos 2πx.
    static func cosine(turns x: Double) -> Double { sine(turns: x + 0.25) }

    /// e to the −x, for x of 0 or more.
    static func decay(_ x: Double) -> Double {
        guard x < 700 else { return 0 }
        var (halvings, rest) = (0, x)
        while rest > 0.125 {
            rest /= 2
            halvings += 1
        }
        var (term, sum) = (1.0, 1.0)
        for degree in 1...12 {
            term *= -rest / Double(degree)
            sum += term
        }
        for _ in 0..<halvings { sum *= sum }
        return sum
    }

    /// 0 before 0, 1 after 1, without corners between.
    static func smoothStep(_ x: Double) -> Double {
        guard x > 0 else { return 0 }
        guard x < 1 else { return 1 }
        return x * x * (3 - 2 * x)
    }

    /// The semitones of an octave as ratios.
    private static let semitones = [
        1, 1.0594630943592953, 1.122462048309373, 1.189207115002721, 1.2599210498948732, 1.3348398541700344,
        1.4142135623730951, 1.4983070768766815, 1.5874010519681994, 1.681792830507429, 1.7817974362806785,
        1.887748625363387,
    ]

    /// The frequency of a pitch in hertz, 69 being 440.
    static func frequency(_ pitch: Int) -> Double {
        var (octave, step) = ((pitch - 69) / 12, (pitch - 69) % 12)
        if step < 0 { (octave, step) = (octave - 1, step + 12) }
        var frequency = 440 * semitones[step]
        while octave > 0 {
            frequency *= 2
            octave -= 1
        }
        while octave < 0 {
            frequency /= 2
            octave += 1
        }
        return frequency
    }
}
