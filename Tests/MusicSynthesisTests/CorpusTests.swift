// SPDX-License-Identifier: Apache-2.0

import MusicSynthesis
import Testing

@Suite("The synthesised corpus")
struct CorpusTests {
    @Test("A song is the same samples whoever asks, and another seed or index gives another song")
    func determinism() {
        let corpus = Corpus(seed: 3, seconds: 2...2)
        let first = corpus.song(5)
        #expect(first.samples == Corpus(seed: 3, seconds: 2...2).song(5).samples)
        #expect(first.description == corpus.description(5))
        #expect(corpus.description(6) != first.description)
        #expect(Corpus(seed: 4, seconds: 2...2).description(5) != first.description)
    }

    /// A digest of samples, in one number: FNV-1a over their bits.
    private static func digest(_ samples: [Float]) -> UInt64 {
        samples.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1.bitPattern)) &* 0x100_0000_01B3 }
    }

    /// Weights that have learnt the corpus, and figures about it, hold for these bits alone: a change here is a new corpus.
    @Test("The bits of the songs are these on every machine")
    func bits() {
        let digests = Style.allCases.map { style in
            Self.digest(Corpus(seed: 1, styles: [style], seconds: 3...3).song(0).samples)
        }
        let expected: [UInt64] = [
            16_391_514_600_642_914_124, 9_370_902_555_695_097_559, 10_048_229_776_130_273_586,
            16_057_806_558_230_736_022, 17_435_875_905_925_273_780, 17_119_279_169_855_670_524,
            498_949_887_877_875_815,
        ]
        #expect(digests == expected)
    }

    @Test("Songs are stereo, as long as they say, equally loud, and never clip", arguments: Style.allCases)
    func level(style: Style) {
        let corpus = Corpus(seed: 9, styles: [style], seconds: 2...4)
        for index in 0..<8 {
            let song = corpus.song(index)
            #expect(song.samples.count == 2 * 48_000 * song.description.seconds)
            #expect(song.samples.allSatisfy { $0.isFinite && abs($0) <= 0.9 })
            let power = song.samples.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(song.samples.count)
            #expect(abs(power.squareRoot() - 0.1) < 0.01, "\(song.description)")
            #expect(song.samples[0] == 0, "a song begins at 0")
            #expect(song.samples[..<song.frameCount] != song.samples[song.frameCount...], "the channels differ")
        }
    }

    @Test("What is held out is a tenth, and no song of the other part has it, whatever the seed")
    func heldOut() {
        var held: Set<String> = []
        for index in 0..<2000 {
            let song = Corpus(seed: 1, part: .heldOut).description(index)
            #expect(Corpus.part(of: song) == .heldOut)
            held.insert("\(song.style) \(song.hasDrums) \(song.key) \(song.bpm)")
        }
        #expect(held.count > 900)
        for seed in 1..<4 {
            for index in 0..<2000 {
                let song = Corpus(seed: UInt64(seed)).description(index)
                #expect(!held.contains("\(song.style) \(song.hasDrums) \(song.key) \(song.bpm)"))
            }
        }
        var share = 0
        for style in Style.allCases {
            for key in MusicalKey.all {
                for bpm in SongDescription.tempos {
                    let song = SongDescription(style: style, hasDrums: true, key: key, bpm: bpm, seconds: 6, seed: 0)
                    share += Corpus.part(of: song) == .heldOut ? 1 : 0
                }
            }
        }
        #expect(abs(Double(share) / Double(7 * 24 * 71) - 0.1) < 0.01)
    }

    @Test("All styles, keys, tempos and metres occur, about as often as each other")
    func variety() {
        let songs = (0..<3000).map { Corpus(seed: 2, styles: Style.allCases).description($0) }
        for style in Style.allCases { #expect((300...560).contains(songs.count { $0.style == style })) }
        for key in MusicalKey.all { #expect((70...190).contains(songs.count { $0.key == key }), "\(key)") }
        for bpm in SongDescription.tempos { #expect(songs.contains { $0.bpm == bpm }, "\(bpm)") }
        #expect((1300...1700).contains(songs.count(where: \.hasDrums)))
        #expect((600...900).contains(songs.count { $0.metre == .three }))
        #expect(Set(songs.map(\.seconds)) == Set(6...10))
    }
}
