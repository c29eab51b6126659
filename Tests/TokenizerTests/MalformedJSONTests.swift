// SPDX-License-Identifier: Apache-2.0

import Testing
import Tokenizer

@Suite("Bytes that are not strict JSON")
struct MalformedJSONTests {
    static let malformed: [(json: String, offset: Int, problem: String)] = [
        ("", 0, "the file ends where a value should be"),
        ("[]", 0, "a tokenizer.json is an object"),
        ("{", 1, "the file ends inside a list or an object"),
        (#"{"a""#, 4, "the file ends where a ':' after the key should be"),
        (#"{"a" 1}"#, 5, "expected a ':' after the key"),
        (#"{"a":"#, 5, "the file ends where a value should be"),
        (#"{"a":1 "b":2}"#, 7, "expected ',' or '}'"),
        (#"{"a":1,}"#, 7, "expected a string"),
        (#"{"a":[1,]}"#, 8, "no value begins with this byte"),
        (#"{"a":[1}"#, 7, "expected ',' or ']'"),
        (#"{a:1}"#, 1, "expected a string"),
        (#"{"a":tru}"#, 8, "expected 'true'"),
        (#"{"a":nul"#, 8, "the file ends where 'null' should be"),
        (#"{"a":01}"#, 5, "a malformed number"),
        (#"{"a":-}"#, 5, "a malformed number"),
        (#"{"a":1.}"#, 7, "a malformed number"),
        (#"{"a":1e+}"#, 8, "a malformed number"),
        (#"{"a":+1}"#, 5, "no value begins with this byte"),
        (#"{"a":"b"#, 5, "the file ends inside a string"),
        (#"{"a":"b\"#, 5, "the file ends inside a string"),
        ("{\"a\":\"b\nc\"}", 7, "a control character inside a string"),
        (#"{"version":"\x"}"#, 13, "an unknown escape"),
        (#"{"version":"\u00g0"}"#, 16, #"\u without four digits"#),
        (#"{"version":"\u00"}"#, 14, #"\u without four digits"#),
        (#"{"version":"\ud800"}"#, 14, "half of a surrogate pair"),
        (#"{"version":"\ud800\u0041"}"#, 14, "half of a surrogate pair"),
        (#"{"version":"\udc00"}"#, 14, "half of a surrogate pair"),
        (#"{"version":"1.0","version":"1.0"}"#, 18, "the key 'version' occurs twice in one object"),
        (#"{"normalizer":{"type":"NFC","type":"NFC"}}"#, 29, "the key 'type' occurs twice in one object"),
        (#"{"model":{"vocab":{},"vocab":{}}}"#, 22, "the key 'vocab' occurs twice in one object"),
        ("{\"model\":\u{FEFF}{}}", 9, "no value begins with this byte"),
    ]

    @Test("The offset and the rule are named", arguments: malformed)
    func malformedJSONIsRefused(json: String, offset: Int, problem: String) {
        let expected = TokenizerError.invalidJSON(path: "t.json", offset: offset, problem: problem)
        #expect(throws: expected) { try BytePairTokenizer(json: Array(json.utf8), path: "t.json") }
        #expect(expected.description.hasPrefix("'t.json' is not valid JSON at byte \(offset): \(problem);"))
    }

    @Test("Text after the end, and bytes that are not UTF-8, are refused")
    func trailingAndIllFormedBytesAreRefused() {
        let json = MinimalTokenizer().json
        let after = TokenizerError.invalidJSON(
            path: "t.json",
            offset: json.utf8.count + 1,
            problem: "something follows the end of the object"
        )
        #expect(throws: after) { try BytePairTokenizer(json: Array((json + " x").utf8), path: "t.json") }
        let illFormed = TokenizerError.invalidJSON(path: "t.json", offset: 7, problem: "the bytes are not UTF-8")
        #expect(throws: illFormed) { try BytePairTokenizer(json: Array(#"{"é":""#.utf8) + [0xFF], path: "t.json") }
    }

    @Test("Nesting ten thousand deep is refused, wherever it stands", arguments: ["[", "{\"a\":"])
    func deepNestingIsRefused(_ opening: String) {
        let deep = String(repeating: opening, count: 10_000)
        for member in ["x", "normalizer", "added_tokens", "truncation", "post_processor"] {
            let value = member == "added_tokens" ? "[" + deep : deep
            let error = #expect(throws: TokenizerError.self) {
                try BytePairTokenizer(json: Array("{\"\(member)\":\(value)".utf8), path: "t.json")
            }
            #expect(error?.description.contains("nested more than 64 deep") == true)
        }
    }

    @Test("A section with too many values is refused")
    func hugeSectionIsRefused() {
        let list = String(repeating: "0,", count: 30_000) + "0"
        let error = #expect(throws: TokenizerError.self) {
            try BytePairTokenizer(json: Array("{\"normalizer\":[\(list)]}".utf8), path: "t.json")
        }
        #expect(error?.description.contains("a section of more than 20000 values") == true)
    }

    @Test("A file cut off at any byte is refused")
    func truncatedFileIsRefused() {
        let json = Array(MinimalTokenizer().json.utf8)
        for count in stride(from: 0, to: json.count, by: 3) {
            #expect(throws: TokenizerError.self, "\(count) bytes") {
                try BytePairTokenizer(json: Array(json[..<count]), path: "t.json")
            }
        }
    }

    @Test("A file with any byte changed gives an error or a tokenizer that works, never a crash")
    func changedBytesDoNotCrash() {
        let json = Array(MinimalTokenizer().json.utf8)
        var refused = 0
        var accepted = 0
        for position in json.indices {
            for byte: UInt8 in [0x00, 0x22, 0x2C, 0x39, 0x5C, 0x5D, 0x7D, 0x80] {
                var changed = json
                changed[position] = byte
                do throws(TokenizerError) {
                    let tokenizer = try BytePairTokenizer(json: changed, path: "t.json")
                    #expect(!tokenizer.encode("abc ab é").ids.isEmpty)
                    accepted += 1
                } catch {
                    refused += 1
                }
            }
        }
        #expect(refused > 10 * accepted && accepted > 0)
    }
}
