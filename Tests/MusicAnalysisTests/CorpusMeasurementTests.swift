// SPDX-License-Identifier: Apache-2.0

import Foundation
import MusicAnalysis
import MusicSynthesis
import Testing

/// The classifier that the tests share: it takes seconds to learn.
enum SharedClassifier {
    static let value = TimbreClassifier()
}

/// What is measured in the corpus itself must be what its songs say, in every style, with and without drums: only then do figures
/// of a model that has learnt it say something about the model.
@Suite("Measuring the corpus")
struct CorpusMeasurementTests {
    /// Songs of each style.
    private static let songs = ProcessInfo.processInfo.environment["LUMINA_SLOW"] == "1" ? 100 : 12

    /// Songs of a seed that nothing else uses, in both parts of the corpus.
    private static func measurements(_ style: Style) -> [SongMeasurement] {
        let corpora = [Corpus(seed: 0xA11, styles: [style]), Corpus(seed: 0xA12, styles: [style], part: .heldOut)]
        return corpora.flatMap { corpus in
            (0..<songs / 2).map { index in
                let song = corpus.song(index)
                return SongMeasurement(
                    Sound(song.mono, sampleRate: SynthesizedSong.sampleRate),
                    expectation: Expectation(song.description),
                    classifier: SharedClassifier.value
                )
            }
        }
    }

    @Test("Tempo, key and style of every style are found")
    func styles() {
        let all = Style.allCases.flatMap(Self.measurements)
        let count = Double(all.count)
        for (name, right, least) in [
            ("tempo", all.count { $0.isTempoRight == true }, 0.98), ("key", all.count { $0.isKeyRight == true }, 0.97),
            ("style", all.count { $0.isStyleRight == true }, 0.98),
        ] {
            #expect(Double(right) >= least * count, "\(name): \(right) of \(all.count)")
        }
    }

    /// What a small model makes is noisy and dull.
    @Test("Noise 17 dB below the music and a lack of height hide nothing")
    func worn() {
        var (asked, right) = (0, 0)
        for style in Style.allCases {
            for index in 0..<4 {
                let song = Corpus(seed: 0xA13, styles: [style]).song(index)
                var (random, low): (UInt64, Float) = (UInt64(index), 0)
                let samples = song.mono.map { sample -> Float in
                    random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                    let noisy = sample + 0.05 * (Float(random >> 40) / Float(1 << 24) - 0.5)
                    // One pole at some 3 kHz.
                    low += 0.33 * (noisy - low)
                    return low
                }
                let measurement = SongMeasurement(
                    Sound(samples, sampleRate: SynthesizedSong.sampleRate),
                    expectation: Expectation(song.description),
                    classifier: SharedClassifier.value
                )
                let answers = [measurement.isTempoRight, measurement.isKeyRight, measurement.isStyleRight]
                asked += answers.count
                right += answers.count { $0 == true }
            }
        }
        #expect(right >= asked - 2, "\(right) of \(asked)")
    }

    @Test("A wrong expectation is seen")
    func wrong() {
        let song = Corpus(seed: 1, styles: [.organ], seconds: 6...6).song(0)
        let (key, bpm) = (song.description.key, song.description.bpm)
        let measurement = SongMeasurement(
            Sound(song.mono, sampleRate: SynthesizedSong.sampleRate),
            expectation: Expectation(bpm: bpm + 5, key: key.relative, style: .pads),
            classifier: SharedClassifier.value
        )
        #expect(measurement.isTempoRight == false)
        #expect(measurement.isKeyRight == false)
        #expect(measurement.isStyleRight == false)
        let unasked = SongMeasurement(
            Sound([], sampleRate: 48_000),
            expectation: Expectation(),
            classifier: SharedClassifier.value
        )
        #expect(unasked.isTempoRight == nil && unasked.isKeyRight == nil && unasked.isStyleRight == nil)
    }

    @Test("A classifier is the same on every run, and its shares add up to 1")
    func classifier() throws {
        var configuration = TimbreClassifier.Configuration()
        configuration.songsPerStyle = 6
        let song = Corpus(seed: 12, styles: [.chiptune], seconds: 3...3).song(1)
        let sound = Sound(song.mono, sampleRate: SynthesizedSong.sampleRate)
        let answers = try (0..<2).map { _ in
            try #require(
                TimbreClassifier(styles: [.chiptune, .pads, .organ], configuration: configuration).answer(sound)
            )
        }
        #expect(answers[0].shares == answers[1].shares)
        #expect(answers[0].style == .chiptune)
        #expect(abs(answers[0].shares.values.reduce(0, +) - 1) < 1e-9)
    }
}
