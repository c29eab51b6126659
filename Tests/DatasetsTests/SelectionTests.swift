// SPDX-License-Identifier: Apache-2.0

import Datasets
import Testing

@Suite("Genre selection and prompts")
struct SelectionTests {
    @Test("Shuffles are CPython's")
    func shuffle() {
        func order(seed: UInt64, count: Int) -> [Int] {
            var random = PythonRandom(seed: seed)
            var list = Array(0..<count)
            random.shuffle(&list)
            return list
        }
        #expect(order(seed: 42, count: 10) == [7, 3, 2, 8, 5, 6, 9, 4, 0, 1])
        #expect(order(seed: 1729, count: 10) == [4, 2, 3, 8, 9, 5, 1, 7, 6, 0])
        #expect(order(seed: 1730, count: 10) == [1, 8, 7, 6, 0, 9, 4, 2, 5, 3])
        // random.Random(2**40 + 5) shuffles range(700), whose numbers go beyond one state of the generator; its first ten.
        #expect(order(seed: (1 << 40) + 5, count: 700).prefix(10) == [309, 195, 16, 219, 328, 637, 421, 183, 295, 141])
        #expect(order(seed: 42, count: 1) == [0] && order(seed: 42, count: 0) == [])
    }

    @Test("The songs that a share falls on")
    func selection() {
        #expect(GenreSelection.positions(count: 10, percentage: 30) == [2, 3, 7])
        #expect(GenreSelection.positions(count: 20, percentage: 50) == [4, 5, 6, 9, 12, 13, 14, 15, 18, 19])
        #expect(GenreSelection.positions(count: 3, percentage: 30) == [])
        #expect(GenreSelection.positions(count: 3, percentage: 100) == [0, 1, 2])
        #expect(GenreSelection.positions(count: 0, percentage: 50) == [])
    }

    private static var song: SongMetadata {
        var song = SongMetadata(caption: "soft piano")
        song.genre = "jazz"
        return song
    }

    @Test("Caption or genre, and the trigger word's place")
    func text() {
        var song = Self.song
        func text(
            _ song: SongMetadata,
            selected: Bool = false,
            trigger: String = "",
            _ position: TriggerPosition = .prepend
        )
            -> String
        { TrainingPrompt(song, isGenreSelected: selected, trigger: trigger, position: position).text }
        #expect(text(song) == "soft piano" && text(song, selected: true) == "jazz")
        #expect(text(song, trigger: "zxq") == "zxq, soft piano")
        #expect(text(song, trigger: "zxq", .append) == "soft piano, zxq")
        #expect(text(song, trigger: "zxq", .replace) == "zxq")
        song.trigger = "own"
        #expect(text(song, trigger: "zxq") == "own, soft piano")
        song.promptOverride = .caption
        #expect(text(song, selected: true) == "own, soft piano")
        song.promptOverride = .genre
        song.genre = ""
        #expect(text(song) == "own")
        song.promptOverride = nil
        #expect(text(song, selected: true) == "own, soft piano")
    }

    @Test("Side-Step's prompt, byte for byte")
    func template() {
        var song = Self.song
        let prompt = TrainingPrompt(song, isGenreSelected: false)
        #expect(
            prompt.sideStepCaption(song)
                == "# Instruction\nFill the audio semantic mask based on the given conditions:\n\n# Caption\nsoft piano\n\n"
                + "# Metas\n- bpm: N/A\n- timesignature: N/A\n- keyscale: N/A\n- duration: 0 seconds\n<|endoftext|>\n"
        )
        (song.bpm, song.timeSignature, song.keyScale, song.duration) = (120, "4", "E minor", 187)
        #expect(
            prompt.sideStepCaption(song).hasSuffix(
                "- bpm: 120\n- timesignature: 4\n- keyscale: E minor\n- duration: 187 seconds\n<|endoftext|>\n"
            )
        )
        song.bpm = 0
        #expect(prompt.sideStepCaption(song).contains("- bpm: N/A\n"))
    }
}
