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
