// SPDX-License-Identifier: Apache-2.0

import Foundation
import MusicSynthesis
import Testing
import Tokenizer

/// The small model's own vocabulary, as `Scripts/small-model-tokenizer` made it.
@Suite("The small model's tokenizer")
struct SmallModelTokenizerTests {
    private static let path =
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path + "/Sources/Engine/Resources/small-model/tokenizer.json"

    private let tokenizer: BytePairTokenizer

    init() throws { tokenizer = try BytePairTokenizer(path: Self.path) }

    /// The tokens of a text, without those that the post-processor adds.
    private func tokens(_ text: String) -> [Int] { tokenizer.encode(text, addSpecialTokens: false).ids }

    @Test("Every tempo and every key is one token, and no two are the same")
    func singleTokens() throws {
        let texts = SongDescription.tempos.map { " \($0)" } + MusicalKey.all.map { " \($0)" }
        var seen: Set<Int> = []
        for text in texts {
            let ids = tokens(text)
            #expect(ids.count == 1, "\(text): \(ids)")
            #expect(tokenizer.decode(ids) == text)
            seen.formUnion(ids)
        }
        #expect(seen.count == texts.count)
        #expect(tokenizer.vocabularySize <= 1500)
    }

    @Test("In a prompt's metas they stand alone, and every word of a caption is a token")
    func prompts() {
        for index in 0..<200 {
            let song = Corpus(seed: 77, styles: Style.allCases).description(index)
            let metas = "- bpm: \(song.bpm)\n- timesignature: \(song.metre.timeSignature)\n- keyscale: \(song.key)\n"
            #expect(tokens(metas).count == 15, "\(metas)\(tokens(metas).map { tokenizer.decode([$0]) })")
            let caption = " \(song.caption)"
            let words = caption.split { " ,-".contains($0) }.count
            #expect(tokens(caption).count <= words + caption.count { ",-".contains($0) }, "\(caption)")
        }
    }

    @Test("The end of a text is the one special token, and is added behind it")
    func endOfText() throws {
        let end = try #require(tokenizer.id(of: "<|endoftext|>"))
        #expect(tokenizer.encode("music<|endoftext|>").ids.suffix(2) == [end, end])
        #expect(tokenizer.decode([end], skipSpecialTokens: true).isEmpty)
    }

    @Test("Text that the corpus never has goes through unchanged")
    func anyText() {
        for text in ["Ünïcödé 夜の海 🎹", "bpm 1200, C#major, F## minor\t\r\n\n  x", "- bpm: 79\n- keyscale: Bb major"] {
            #expect(tokenizer.decode(tokens(text)) == text)
        }
    }
}
