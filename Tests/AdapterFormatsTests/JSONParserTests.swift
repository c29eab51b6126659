// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import Testing

@Suite("JSON of adapters' settings")
struct JSONParserTests {
    private func parse(_ text: String) throws -> JSONValue {
        try JSONParser.parse(Array(text.utf8), source: "settings")
    }

    @Test("An object keeps the order of its keys; of a repeated key the last value counts, at the first place")
    func order() throws {
        let object = try JSONParser.parseObject(Array(#"{"z":1,"a":2,"z":3}"#.utf8), source: "settings")
        #expect(object.keys == ["z", "a"])
        #expect(object["z"] == .number(3))
    }

    /// Documents that Python's `json` reads, and what they are.
    static let documents: [(text: String, value: JSONValue)] = [
        ("0", .number(0)), ("-0.5e-2", .number(-0.005)), ("1E+2", .number(100)), ("-Infinity", .number(-.infinity)),
        ("1e400", .number(.infinity)), (" [ true , false , null ] ", .array([.bool(true), .bool(false), .null])),
        (#""é\n\/""#, .string("é\n/")), (#""\ud83d\ude00""#, .string("😀")), (#""\ud800x""#, .string("\u{FFFD}x")),
        (#""\ud800\ud83d\ude00""#, .string("\u{FFFD}😀")), ("\u{FEFF}{}", .object(JSONObject())),
    ]

    @Test("Values are read as Python reads them", arguments: documents)
    func reads(text: String, value: JSONValue) throws {
        #expect(try parse(text) == value)
    }

    /// Documents that are not JSON, the byte at which that shows, and the reason.
    static let malformed: [(text: String, offset: Int, reason: String)] = [
        ("", 0, "ends"), ("[1,", 3, "ends"), ("01", 1, "after the document"), ("1.", 0, "expected a value"),
        ("-.5", 0, "expected a value"), ("+1", 0, "expected a value"), ("1e", 0, "expected a value"),
        ("--1", 0, "expected a value"), ("nul", 0, "expected a value"), ("[1 2]", 3, "',' or ']'"),
        ("[1,]", 3, "expected a value"), (#"{"a" 1}"#, 5, "':'"), ("{a:1}", 1, "key in quotes"),
        (#"{"a":1,}"#, 7, "key in quotes"), (#"{"a":1;"#, 6, "',' or '}'"), (#""abc"#, 0, "does not end"),
        (#""a\x""#, 4, "unknown escape"), (#""\u12g4""#, 5, "four hexadecimal"), ("\"a\tb\"", 3, "control character"),
        ("{} {}", 3, "after the document"),
    ]

    @Test("What is not JSON is refused with the place", arguments: malformed)
    func refuses(text: String, offset: Int, reason: String) throws {
        let error = #expect(throws: AdapterFormatError.self) { try parse(text) }
        guard case .malformedJSON("settings", let found, let message)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(found == offset)
        #expect(message.contains(reason), "\(message)")
    }

    @Test("Bytes that are no UTF-8 are refused inside strings")
    func encoding() throws {
        let error = #expect(throws: AdapterFormatError.self) {
            try JSONParser.parse([0x22, 0xC3, 0x28, 0x22], source: "settings")
        }
        #expect(error == .malformedJSON(source: "settings", offset: 0, reason: "the string is not valid UTF-8"))
    }

    @Test("A document nested a million deep is refused rather than followed", arguments: ["[", #"{"a":"#])
    func depth(opening: String) throws {
        let bomb = String(repeating: opening, count: 1_000_000)
        let error = #expect(throws: AdapterFormatError.self) { try parse(bomb) }
        #expect(error?.description.contains("nested deeper than 32 levels") == true)
    }
}
