// SPDX-License-Identifier: Apache-2.0

import Datasets
import Foundation
import TestSupport
import Testing

@Suite("Sidecars")
struct SidecarTests {
    private static func metadata(_ text: String) -> SongMetadata {
        Sidecar(text: text).metadata(audioPath: "/music/my_first-song.wav")
    }

    @Test("Every key, in every spelling, with lyrics to the end of the file")
    func keys() {
        let metadata = Self.metadata(
            """
            Caption: warm jazz
              with brushes: soft
            genre: jazz
            TEMPO: 92.7
            scale: E minor
            time_signature: 3/4
            custom_tag: zxq
            trigger: other
            is_instrumental: no
            prompt_override: Genre
            duration: 61.9
            repeats: 3
            lang: fr
            tags: a, b
            lyrics:
            [Verse: one]
            bpm: 5 is sung here

            # and this
            """
        )
        #expect(metadata.caption == "warm jazz\n  with brushes: soft")
        #expect(metadata.genre == "jazz" && metadata.bpm == 92 && metadata.keyScale == "E minor")
        #expect(metadata.timeSignature == "3/4" && metadata.trigger == "zxq" && !metadata.isInstrumental)
        #expect(metadata.promptOverride == .genre && metadata.duration == 61 && metadata.repeats == 3)
        #expect(metadata.language == "fr" && metadata.tags == "a, b")
        #expect(metadata.lyrics == "[Verse: one]\nbpm: 5 is sung here\n\n# and this")
    }

    @Test(
        "What is no number, no choice and nothing at all counts as absent",
        arguments: ["caption: x\nbpm: fast\nduration: -4\nprompt_override: none\nis_instrumental:\nkey:\nrepeat: 0"]
    )
    func absent(text: String) {
        let metadata = Self.metadata(text)
        #expect(metadata.bpm == nil && metadata.duration == 0 && metadata.promptOverride == nil)
        #expect(metadata.keyScale.isEmpty && metadata.repeats == 1)
        // Side-Step's own writer leaves the key empty, and its reader takes that for "sung".
        #expect(metadata.isInstrumental && metadata.lyrics == "[Instrumental]")
    }

    @Test("A repeated key overwrites, text before the first key is dropped, remarks are no content")
    func order() {
        let metadata = Self.metadata("preface\ncaption: one\ncaption: two\n# remark: none\nmore\nbpm: 90\n# end")
        #expect(metadata.caption == "two\nmore" && metadata.bpm == 90)
    }

    @Test("Windows newlines, a byte order mark and bytes that are no UTF-8 do no harm")
    func encodings() throws {
        let directory = try TemporaryDirectory()
        let bytes = [0xEF, 0xBB, 0xBF] + Array("caption: caf\u{E9}\r\nbpm: 100\r\nlyrics:\r\nla\r\n".utf8) + [0xFF]
        try Data(bytes).write(to: URL(fileURLWithPath: directory.path(of: "a.txt")))
        let sidecar = try #require(try SidecarFiles.read(for: directory.path(of: "a.flac")))
        let metadata = sidecar.metadata(audioPath: "a.flac")
        #expect(metadata.caption == "café" && metadata.bpm == 100 && metadata.lyrics == "la\n\u{FFFD}")
    }

    @Test("Without a sidecar the name is the caption")
    func name() {
        let metadata = SongMetadata(audioPath: "/music/my_first-song.v2.wav")
        #expect(
            metadata.caption == "my first song.v2" && metadata.lyrics == "[Instrumental]" && metadata.isInstrumental
        )
        #expect(metadata.duration == 0 && metadata.trigger.isEmpty && metadata.promptOverride == nil)
    }

    @Test("Which of the files beside a song counts")
    func files() throws {
        let directory = try TemporaryDirectory()
        func read(_ files: [String: String]) throws -> SongMetadata? {
            for name in ["a.txt", "a.caption.txt", "a.lyrics.txt"] {
                try? FileManager.default.removeItem(atPath: directory.path(of: name))  // may not be there
            }
            for (name, text) in files {
                try Data(text.utf8).write(to: URL(fileURLWithPath: directory.path(of: name)))
            }
            return try SidecarFiles.read(for: directory.path(of: "a.mp3"))?.metadata(audioPath: "a.mp3")
        }
        #expect(try read([:]) == nil)
        let both = try #require(try read(["a.txt": "caption: one", "a.caption.txt": "two", "a.lyrics.txt": "la"]))
        #expect(both.caption == "one" && both.lyrics == "[Instrumental]")
        let pair = try #require(try read(["a.caption.txt": " two \n", "a.lyrics.txt": "la\nli\n"]))
        #expect(pair.caption == "two" && pair.lyrics == "la\nli" && !pair.isInstrumental)
        // Side-Step takes such a file for lyrics as a whole, tempo and all.
        let keys = try #require(try read(["a.txt": "bpm: 120\nlyrics: la"]))
        #expect(keys.bpm == 120 && keys.lyrics == "la" && keys.caption == "a")
        let bare = try #require(try read(["a.txt": "[Verse]\nla la\n"]))
        #expect(bare.lyrics == "[Verse]\nla la" && bare.caption == "a")
        let mixed = try #require(try read(["a.txt": "bpm: 99", "a.caption.txt": "two"]))
        #expect(mixed.bpm == 99 && mixed.caption == "two")
    }

    @Test("What is written is read back, the order of the keys is fixed, the old file is kept")
    func writing() throws {
        let directory = try TemporaryDirectory()
        var metadata = SongMetadata(caption: "jazz\nwith piano")
        metadata.genre = "jazz"
        metadata.bpm = 92
        metadata.isInstrumental = false
        metadata.trigger = "zxq"
        metadata.language = "en"
        metadata.lyrics = "[Verse]\ncaption: sung"
        let song = directory.path(of: "a.wav")
        try SidecarFiles.write(Sidecar(SongMetadata(caption: "old")), for: song)
        try SidecarFiles.write(Sidecar(metadata), for: song)
        let text = try String(contentsOfFile: directory.path(of: "a.txt"), encoding: .utf8)
        #expect(
            text == """
                caption: jazz
                with piano
                genre: jazz
                bpm: 92
                key:
                signature:
                is_instrumental: false
                custom_tag: zxq
                language: en
                lyrics:
                [Verse]
                caption: sung

                """
        )
        #expect(try SidecarFiles.read(for: song)?.metadata(audioPath: song) == metadata)
        let kept = try String(contentsOfFile: directory.path(of: "a.txt.bak"), encoding: .utf8)
        #expect(kept.hasPrefix("caption: old\n") && kept.hasSuffix("lyrics:\n"))
        let names = try FileManager.default.contentsOfDirectory(atPath: directory.path(of: "")).sorted()
        #expect(names == ["a.txt", "a.txt.bak"])
    }

    @Test("What merging keeps and takes", arguments: Sidecar.Merge.allCases)
    func merging(policy: Sidecar.Merge) {
        let old = Sidecar(text: "caption: a\nbpm: 90\nlanguage: en\nlyrics: la")
        let new = Sidecar(text: "caption: b\nbpm: 100\nkey: C\nlanguage: fr\ngenre:\nlyrics: li")
        let merged = old.merged(with: new, policy).metadata(audioPath: "x.wav")
        #expect(merged.keyScale == "C" && merged.language == "en" && merged.genre.isEmpty)
        #expect(merged.caption == ([.overwriteCaption, .overwriteAll].contains(policy) ? "b" : "a"))
        #expect(merged.lyrics == ([.overwriteLyrics, .overwriteAll].contains(policy) ? "li" : "la"))
        #expect(merged.bpm == (policy == .overwriteAll ? 100 : 90))
    }
}
