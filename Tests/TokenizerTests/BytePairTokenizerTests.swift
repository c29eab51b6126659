// SPDX-License-Identifier: Apache-2.0

import Testing
import Tokenizer

@Suite("Byte-pair tokenizer")
struct BytePairTokenizerTests {
    private let qwen: BytePairTokenizer

    init() throws {
        qwen = try BytePairTokenizer(json: Array(LibraryFixture.bytes("tokenizer.json")), path: "tokenizer.json")
    }

    @Test("A special token written in the text is that token, and the template appends another")
    func specialTokenInTextIsOneToken() throws {
        let end = try #require(qwen.id(of: "<|endoftext|>"))
        let newline = try #require(qwen.id(of: "Ċ"))
        #expect(qwen.encode("<|endoftext|>\n").ids == [end, newline, end])
        #expect(qwen.encode("<|endoftext|>").ids == [end, end])
        #expect(qwen.encode("").ids == [end])
        #expect(qwen.encode("", addSpecialTokens: false).ids == [])
        #expect(qwen.encode("<|endoftext|>\n", addSpecialTokens: false).ids == [end, newline])
    }

    @Test("A token's id is found by its spelling, byte by byte")
    func tokenIsFoundBySpelling() {
        #expect(qwen.id(of: "!") == 0)
        #expect(qwen.id(of: "Ġthe") != nil)
        #expect(qwen.id(of: " the") == nil)
        #expect(qwen.id(of: "é") != nil)  // the byte 0xE9
        #expect(qwen.id(of: "e\u{301}") == nil)  // equal to it as a Swift string, not as a token
        #expect(qwen.id(of: "") == nil)
        #expect(qwen.vocabularySize == 256 + 2664 + 3)
        #expect(qwen.id(of: "<|im_end|>") == qwen.vocabularySize - 1)
    }

    @Test("A maximum length shorter than the special tokens leaves only them")
    func tooShortMaximumLengthLeavesSpecialTokens() {
        let count = qwen.encode("one two three", addSpecialTokens: false).ids.count
        for length in [1, 0, -1, Int.min] {
            let encoding = qwen.encode("one two three", maximumLength: length)
            #expect(encoding == Encoding(ids: qwen.encode("").ids, cutTokenCount: count))
        }
        #expect(qwen.encode("one two three", maximumLength: .max).cutTokenCount == 0)
        #expect(
            qwen.encode("one two three", addSpecialTokens: false, maximumLength: 0)
                == Encoding(ids: [], cutTokenCount: count)
        )
    }

    @Test("Decoding ignores ids that do not exist and repairs cut characters")
    func decodingTakesAnyIDs() throws {
        let end = try #require(qwen.id(of: "<|endoftext|>"))
        #expect(qwen.decode([0, -1, Int.max, Int.min, qwen.vocabularySize, end, 0]) == "!!")
        #expect(qwen.decode([0, end], skipSpecialTokens: false) == "!<|endoftext|>")
        let first = try #require(qwen.id(of: "æ"))
        #expect(qwen.decode([first, first, 0]) == "\u{FFFD}\u{FFFD}!")
    }

    @Test("An added token with characters outside the byte alphabet decodes to its own text")
    func addedTokenDecodesToItsText() throws {
        var file = MinimalTokenizer()
        file.addedTokens = #"[{"id":258,"content":"漢 x"},{"id":259,"content":"éx","special":true}]"#
        let tokenizer = try file.read()
        #expect(tokenizer.encode("a漢 xéx").ids == [0x61, 258, 259])
        #expect(tokenizer.decode([258, 0x61]) == "漢 xa")
        // As in the library: é is the spelling of the byte 0xE9.
        #expect(Array(tokenizer.decode([259], skipSpecialTokens: false).utf8) == [0xEF, 0xBF, 0xBD, 0x78])
        #expect(tokenizer.decode([259]) == "")
    }

    @Test("Sections may stand in any order, the merges before the vocabulary too")
    func sectionsInAnyOrder() throws {
        let usual = try MinimalTokenizer().read()
        let json = """
            {"model":{"merges":["a b",["ab","\\u0063"]],"x":[1.5e3,-0,true,false,"\\ud83d\\ude00\\/\\b\\f\\n\\r\\t"],"vocab":{
            \(MinimalTokenizer.bytes),"\\u0061b":256,"abc":257},"type":"BPE"},"decoder":{"type":"Sequence","decoders":[
            {"type":"ByteLevel"}]},"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false},"other":{"a":[{}]}}
            """
        let shuffled = try BytePairTokenizer(json: Array(json.utf8), path: "t.json")
        for text in ["abcab c", "aabbcc", "x abc", "é\n"] {
            #expect(shuffled.encode(text) == usual.encode(text))
        }
        #expect(usual.encode("abcab").ids == [257, 256])
    }

    @Test("White space that tokens take along is looked at once", .timeLimit(.minutes(1)))
    func strippedWhitespaceIsNotQuadratic() throws {
        var file = MinimalTokenizer()
        file.addedTokens = #"[{"id":258,"content":"  ","lstrip":true,"rstrip":true,"normalized":false}]"#
        let tokenizer = try file.read()
        #expect(tokenizer.encode(String(repeating: " ", count: 100_000)).ids == [258])
    }

    @Test("A token whose place was taken along before it begins counts as nothing")
    func takenTokenCountsAsNothing() throws {
        var file = MinimalTokenizer()
        file.addedTokens = #"[{"id":258,"content":"<x>","rstrip":true},{"id":259,"content":"  ","lstrip":true}]"#
        // The library stops with an assertion here.
        #expect(try file.read().encode("a<x>     b").ids == [0x61, 258, 0x62])
    }

    @Test(
        "Long runs are looked at once",
        .timeLimit(.minutes(1)),  // takes 5 to 40 ms; quadratic work would take minutes
        arguments: ["a", "e\u{301}\u{323}", " ", "\n ", "'", "<|im_start|", "각", "\u{301}"]
    )
    func longRunsAreNotQuadratic(_ unit: String) {
        let text = String(repeating: unit, count: 100_000 / unit.utf8.count)
        #expect(qwen.encode("x" + text).ids.count > 500)
    }
}
