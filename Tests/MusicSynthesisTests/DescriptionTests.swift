// SPDX-License-Identifier: Apache-2.0

import MusicSynthesis
import Testing

@Suite("What is said of a song")
struct DescriptionTests {
    @Test("Every key is read as it is written, and other spellings too")
    func keys() {
        #expect(MusicalKey.all.count == 24)
        for key in MusicalKey.all { #expect(MusicalKey("\(key)") == key) }
        #expect(MusicalKey("Bb major") == MusicalKey("A# major"))
        #expect(MusicalKey("e♭ Minor") == MusicalKey("D# minor"))
        #expect(MusicalKey("Cb major") == MusicalKey("B major"))
        for text in ["", "C", "H minor", "C dorian", "C## major", "C  major !", "major C"] {
            #expect(MusicalKey(text) == nil, "\(text)")
        }
        #expect(MusicalKey("C major")?.relative == MusicalKey("A minor"))
        for key in MusicalKey.all { #expect(key.relative.relative == key) }
    }

    @Test("Captions name the style, and say of drums, tempo, mode and metre what is so")
    func captions() {
        var texts: Set<String> = []
        for index in 0..<1000 {
            let song = Corpus(seed: 5, styles: Style.allCases).description(index)
            let caption = song.caption
            texts.insert(caption)
            #expect(Style(namedIn: caption) == song.style, "\(caption)")
            #expect(caption.contains("with drums") == song.hasDrums, "\(caption)")
            #expect(caption.contains("without drums") != song.hasDrums || caption.contains("no drums"), "\(caption)")
            let isBright = ["bright", "happy", "cheerful"].contains { caption.contains($0) }
            let isDark = ["dark", "sad", "melancholic"].contains { caption.contains($0) }
            #expect(isBright == (song.key.mode == .major) && isDark != isBright, "\(caption)")
            #expect(caption.contains("fast") == (song.bpm > 125) && caption.contains("slow") == (song.bpm < 101))
            #expect(caption.contains("waltz") == (song.metre == .three), "\(caption)")
        }
        #expect(texts.count > 300)
    }

    @Test("A text that names no style or two has none")
    func styles() {
        #expect(Style(namedIn: "Warm Pads, no drums") == .pads)
        #expect(Style(namedIn: "jazz") == nil)
        #expect(Style(namedIn: "bells and brass") == nil)
    }

    @Test("A caption that is given stays")
    func given() {
        let key = MusicalKey(tonic: 14, mode: .minor)
        #expect("\(key)" == "D minor")
        let song = SongDescription(
            style: .organ,
            hasDrums: false,
            key: key,
            bpm: 90,
            seconds: 6,
            caption: "mine",
            seed: 1
        )
        #expect(song.caption == "mine")
    }

    @Test("Some captions leave open what plays; the songs stay the same")
    func unnamed() {
        let (named, open) = (Corpus(seed: 3), Corpus(seed: 3, unnamedPercent: 40))
        var count = 0
        for index in 0..<200 {
            let (song, same) = (open.description(index), named.description(index))
            #expect((Style(namedIn: song.caption) == nil) == !song.namesStyle, "\(song.caption)")
            #expect(song.caption.contains("with drums") == song.hasDrums, "\(song.caption)")
            #expect(song.seed == same.seed && song.bpm == same.bpm && (song.caption == same.caption) == song.namesStyle)
            if !song.namesStyle { count += 1 }
        }
        #expect((60...100).contains(count))
    }
}
