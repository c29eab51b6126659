// SPDX-License-Identifier: Apache-2.0

import MusicAnalysis
import Testing

@Suite("Sounds that are no music")
struct HostileSoundTests {
    private static let rate = 48_000

    /// Evenly distributed noise.
    private static func noise(_ count: Int, seed: UInt64 = 1) -> [Float] {
        var state = seed
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Float(state >> 40) / Float(1 << 24) - 0.5
        }
    }

    private static let sounds: [(name: String, samples: [Float])] = {
        var click = [Float](repeating: 0, count: 5 * rate)
        click[rate] = 1
        return [
            ("nothing", []), ("a sample", [0.5]), ("silence", [Float](repeating: 0, count: 5 * rate)),
            ("noise", noise(5 * rate)), ("a click", click), ("a constant", [Float](repeating: 0.5, count: 5 * rate)),
            ("NaN", [Float](repeating: .nan, count: 5 * rate)),
            ("infinity", [Float](repeating: .infinity, count: 5 * rate)),
            ("a tenth of a second", noise(rate / 10)),
        ]
    }()

    @Test("They have no tempo, no key and no style")
    func nothingFound() {
        for (name, samples) in Self.sounds {
            let sound = Sound(samples, sampleRate: Self.rate)
            #expect(TempoEstimate(sound) == nil, "\(name)")
            #expect(KeyEstimate(sound) == nil, "\(name)")
            #expect(SharedClassifier.value.answer(sound) == nil, "\(name)")
        }
    }

    @Test("Other sample rates are measured as well")
    func rates() {
        // A pulse of 220 Hz twice a second.
        for rate in [22_050, 44_100, 96_000] {
            let samples = (0..<rate * 6).map { sample -> Float in
                let time = Double(sample) / Double(rate)
                let turns = time * 220
                return time.truncatingRemainder(dividingBy: 0.5) < 0.1 && turns.truncatingRemainder(dividingBy: 1) < 0.5
                    ? 0.3 : 0
            }
            let tempo = TempoEstimate(Sound(samples, sampleRate: rate))
            #expect(tempo?.isWithin(percent: 1, of: 120) == true, "\(rate): \(String(describing: tempo))")
        }
    }

    @Test("Spectral distance: equal is 0, silence 1, and what is nearer is nearer")
    func distance() throws {
        let reference = Sound(Self.noise(20_000), sampleRate: Self.rate)
        let other = Self.noise(20_000, seed: 2)
        let near = Sound(zip(reference.samples, other).map { $0 + 0.1 * $1 }, sampleRate: Self.rate)
        let far = Sound(zip(reference.samples, other).map { $0 + $1 }, sampleRate: Self.rate)
        let silence = Sound([Float](repeating: 0, count: 20_000), sampleRate: Self.rate)
        let same = try #require(SpectralDistance(reference, from: reference))
        #expect(same.convergence == 0 && same.logMagnitude == 0)
        let (close, distant) = (
            try #require(SpectralDistance(near, from: reference)), try #require(SpectralDistance(far, from: reference))
        )
        #expect(0 < close.total && close.total < distant.total)
        let nothing = try #require(SpectralDistance(silence, from: reference))
        #expect(abs(nothing.convergence - 1) < 1e-6)
        #expect(nothing.logMagnitude > distant.logMagnitude)
        #expect(SpectralDistance(reference, from: silence) == nil)
        #expect(SpectralDistance(Sound([], sampleRate: 48_000), from: reference) == nil)
    }
}
