// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import TestSupport
import Testing

struct SafetensorsErrorTests {
    /// A header or file that breaks one rule, and words of the message that must name it.
    struct Case: Sendable, CustomTestStringConvertible {
        let bytes: [UInt8]
        let message: String
        var tensor: String?

        init(_ header: String, data: Int = 0, _ message: String, tensor: String? = nil) {
            bytes = Fixture.safetensors(header, dataByteCount: data)
            self.message = message
            self.tensor = tensor
        }

        init(file bytes: [UInt8], _ message: String) {
            self.bytes = bytes
            self.message = message
        }

        var testDescription: String { message }
    }

    private static func tensor(_ dtype: String, _ shape: String, _ offsets: String) -> String {
        #"{"dtype":\#(dtype),"shape":\#(shape),"data_offsets":\#(offsets)}"#
    }

    private static let byte = tensor(#""U8""#, "[1]", "[0,1]")

    static let frames: [Case] = [
        Case(file: [], "it has 0 bytes"),
        Case(file: [2, 0, 0, 0, 0, 0, 0], "it has 7 bytes"),
        Case(file: Fixture.bytes(UInt64.max) + [0x7B, 0x7D], "claims 18446744073709551615 bytes"),
        Case(file: Fixture.bytes(UInt64(1) << 63) + [0x7B, 0x7D], "claims 9223372036854775808 bytes"),
        Case(file: Fixture.bytes(UInt64(100_000_001)) + [0x7B, 0x7D], "100 MB"),
        Case(file: Fixture.bytes(UInt64(3)) + [0x7B, 0x7D], "claims 3 bytes, the file has 2"),
        Case(file: Fixture.safetensors("") + [1], "has 0 bytes, too few"),
        Case(file: Fixture.safetensors("{"), "has 1 bytes, too few"),
        Case(file: Array("version https://git-lfs.github.com/spec/v1\n".utf8), "not a safetensors file"),
        Case(file: Fixture.safetensors([UInt8(ascii: "{"), 0x22, 0xFF, 0x22, 0x7D]), "not UTF-8"),
        Case(file: Fixture.safetensors([0x7B, 0x22, 0x5C, 0x6E, 0xC3, 0x22, 0x7D]), "not UTF-8"),
        Case(file: Fixture.safetensors([0x7B, 0xFF, 0x7D]), "expected a string"),
    ]

    static let syntax: [Case] = [
        Case("[]", "does not begin with '{'"),
        Case("null", "does not begin with '{'"),
        Case(" {}", "does not begin with '{'"),
        Case("{}{}", "after the end"),
        Case("{}\0", "after the end"),
        Case("{\"a", "ends in the middle"),
        Case("{\"a\":", "ends in the middle"),
        Case("{\"a\":{", "ends in the middle", tensor: "a"),
        Case("{\"a\" 1}", "expected ':'"),
        Case("{a:1}", "expected a string"),
        Case("{\"a\":1}", "expected an object", tensor: "a"),
        Case("{\"a\":\(byte),}", data: 1, "expected a string"),
        Case("{\"a\":\(byte) \"b\":1}", data: 1, "expected ',' or '}'"),
        Case("{\"a\u{1}\":1}", "control character"),
        Case(#"{"\n\#u{1}":1}"#, "control character"),
        Case(#"{"\x":1}"#, "unknown escape"),
        Case(#"{"\u12g4":1}"#, "four hexadecimal digits"),
        Case(#"{"\ud800":1}"#, "surrogate"),
        Case(#"{"\udc00\ud800":1}"#, "surrogate"),
        Case(#"{"\ud800\u0041":1}"#, "surrogate"),
        Case(#"{"a":{"x":[1,]}}"#, "expected a value after ','", tensor: "a"),
        Case(#"{"a":{"x":{"y":}}}"#, "expected a value after ':'", tensor: "a"),
        Case(#"{"a":{"x":{"y":1,}}}"#, "expected a string", tensor: "a"),
        Case(#"{"a":{"x":[}}}"#, "expected a value", tensor: "a"),
        Case(#"{"a":{"x":[1}}}"#, "closing bracket", tensor: "a"),
        Case(#"{"a":{"x":nul}}"#, "expected 'null'", tensor: "a"),
        Case(#"{"a":{"x":-}}"#, "expected a value", tensor: "a"),
        Case(#"{"a":{"x":1.}}"#, "expected a value", tensor: "a"),
        Case(#"{"a":{"x":1e}}"#, "expected a value", tensor: "a"),
        Case(#"{"a":{"x":01}}"#, "expected ',' or '}'", tensor: "a"),
        Case("{\"a\":{\"x\":" + String(repeating: "[", count: 10_000), "nested", tensor: "a"),
        Case(String(repeating: "{\"a\":", count: 10_000), "nested", tensor: "a"),
    ]

    static let entries: [Case] = [
        Case("{\"\":\(byte)}", data: 1, "name is empty"),
        Case("{\"a\":\(byte),\"a\":\(byte)}", data: 1, "this name twice", tensor: "a"),
        Case(#"{"a":{"dtype":"U8","dtype":"U8"}}"#, "'dtype' is there twice", tensor: "a"),
        Case(#"{"a":{"shape":[],"shape":[]}}"#, "'shape' is there twice", tensor: "a"),
        Case(#"{"a":{"data_offsets":[],"data_offsets":[]}}"#, "'data_offsets' is there twice", tensor: "a"),
        Case(#"{"a":{"shape":[],"data_offsets":[0,0]}}"#, "'dtype' is missing", tensor: "a"),
        Case(#"{"a":{"dtype":"U8","data_offsets":[0,0]}}"#, "'shape' is missing", tensor: "a"),
        Case(#"{"a":{"dtype":"U8","shape":[]}}"#, "'data_offsets' is missing", tensor: "a"),
        Case("{\"a\":\(tensor("1", "[]", "[0,1]"))}", data: 1, "expected a string", tensor: "a"),
        Case("{\"a\":\(tensor(#""U8""#, "1", "[0,1]"))}", data: 1, "expected an array", tensor: "a"),
        Case("{\"a\":\(tensor(#""U8""#, "[-1]", "[0,1]"))}", data: 1, "negative number", tensor: "a"),
        Case("{\"a\":\(tensor(#""U8""#, "[1.0]", "[0,1]"))}", data: 1, "fraction or exponent", tensor: "a"),
        Case("{\"a\":\(tensor(#""U8""#, "[1e0]", "[0,1]"))}", data: 1, "fraction or exponent", tensor: "a"),
        Case("{\"a\":\(tensor(#""U8""#, "[01]", "[0,1]"))}", data: 1, "leading zero", tensor: "a"),
        Case("{\"a\":\(tensor(#""U8""#, "[\"1\"]", "[0,1]"))}", data: 1, "expected a whole number", tensor: "a"),
        Case("{\"a\":\(tensor(#""U8""#, "[null]", "[0,1]"))}", data: 1, "expected a whole number", tensor: "a"),
        Case("{\"a\":\(tensor(#""U8""#, "[9223372036854775808]", "[0,1]"))}", data: 1, "larger than", tensor: "a"),
        Case(
            "{\"a\":\(tensor(#""U8""#, "[1" + String(repeating: "0", count: 400) + "]", "[0,1]"))}",
            "larger than",
            tensor: "a"
        ),
        Case(
            "{\"a\":\(tensor(#""U8""#, "[4294967296,4294967296]", "[0,1]"))}",
            data: 1,
            "larger than any memory",
            tensor: "a"
        ),
        Case("{\"a\":\(tensor(#""F64""#, "[1152921504606846976]", "[0,0]"))}", "larger than any memory", tensor: "a"),
        Case(
            "{\"a\":\(tensor(#""U8""#, "[0,4294967296,4294967296]", "[0,0]"))}",
            "larger than any memory",
            tensor: "a"
        ),
        Case(
            "{\"a\":\(tensor(#""U8""#, "[" + String(repeating: "1,", count: 64) + "1]", "[0,1]"))}",
            data: 1,
            "more than 64",
            tensor: "a"
        ),
        Case("{\"a\":\(tensor(#""U8""#, "[1]", "[0]"))}", data: 1, "has 1 numbers, not 2", tensor: "a"),
        Case("{\"a\":\(tensor(#""U8""#, "[1]", "[0,1,2]"))}", data: 1, "more than 2", tensor: "a"),
        Case("{\"a\":\(tensor(#""U8""#, "[1]", "[1,0]"))}", data: 1, "ends before that", tensor: "a"),
        Case("{\"a\":\(tensor(#""U8""#, "[2]", "[0,2]"))}", data: 1, "its data ends at 2", tensor: "a"),
        Case(
            "{\"a\":\(tensor(#""U8""#, "[1]", "[9223372036854775806,9223372036854775807]"))}",
            "its data ends at",
            tensor: "a"
        ),
        Case("{\"a\":\(tensor(#""F32""#, "[2]", "[0,4]"))}", data: 4, "takes 8 bytes, its data has 4", tensor: "a"),
        Case("{\"a\":\(tensor(#""F32""#, "[]", "[0,8]"))}", data: 8, "takes 4 bytes, its data has 8", tensor: "a"),
    ]

    static let layout: [Case] = [
        Case(
            "{\"a\":\(tensor(#""U8""#, "[2]", "[0,2]")),\"b\":\(tensor(#""U8""#, "[2]", "[1,3]"))}",
            data: 3,
            "overlaps",
            tensor: "b"
        ),
        Case("{\"a\":\(byte),\"b\":\(byte)}", data: 1, "overlaps"),
        Case("{\"a\":\(byte),\"b\":\(tensor(#""U8""#, "[1]", "[2,3]"))}", data: 3, "1 bytes before it", tensor: "b"),
        Case("{\"a\":\(tensor(#""U8""#, "[1]", "[1,2]"))}", data: 2, "1 bytes before it", tensor: "a"),
        Case("{\"a\":\(byte)}", data: 3, "last 2 bytes belong to no tensor"),
        Case("{}", data: 1, "last 1 bytes belong to no tensor"),
    ]

    static let metadata: [Case] = [
        Case(#"{"__metadata__":[]}"#, "expected an object"),
        Case(#"{"__metadata__":null}"#, "expected an object"),
        Case(#"{"__metadata__":{"a":1}}"#, "metadata 'a' is not a string"),
        Case(#"{"__metadata__":{"a":{}}}"#, "metadata 'a' is not a string"),
        Case(#"{"__metadata__":{"a":"1","a":"1"}}"#, "metadata has 'a' twice"),
        Case(#"{"__metadata__":{},"__metadata__":{}}"#, "'__metadata__' twice"),
    ]

    @Test(
        "A file that breaks a rule is refused, by the rule's name",
        arguments: frames + syntax + entries + layout + metadata
    )
    func refusal(_ example: Case) throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write(example.bytes, to: "hostile.safetensors")
        let error = try #require(throws: CheckpointError.self) { try SafetensorsFile(path: path) }
        #expect(error.kind == .malformed)
        #expect(error.path == path)
        #expect(error.reason.contains(example.message), "\(error)")
        if let tensor = example.tensor { #expect(error.tensor == tensor) }
    }

    @Test("A type that is not supported is named, with those that are")
    func unknownType() throws {
        let directory = try TemporaryDirectory()
        let header = #"{"a":{"dtype":"F4","shape":[2],"data_offsets":[0,1]}}"#
        let path = try directory.write(Fixture.safetensors(header, dataByteCount: 1), to: "a.safetensors")
        let error = try #require(throws: CheckpointError.self) { try SafetensorsFile(path: path) }
        #expect(error.kind == .unsupported)
        #expect(error.tensor == "a")
        #expect(error.reason.contains("'F4'") && error.reason.contains("BF16"))
    }

    @Test("More tensors or metadata than any real file has are refused before they fill the memory")
    func tooMany() throws {
        let directory = try TemporaryDirectory()
        let entry = #":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}"#
        let tensors = "{" + (0...250_000).map { "\"\($0)\"" + entry }.joined(separator: ",") + "}"
        let values = #"{"__metadata__":{"# + (0...100_000).map { "\"\($0)\":\"\"" }.joined(separator: ",") + "}}"
        for (text, message) in [(tensors, "more than 250000 tensors"), (values, "more than 100000 metadata")] {
            let path = try directory.write(Fixture.safetensors(text), to: "many.safetensors")
            let error = try #require(throws: CheckpointError.self) { try SafetensorsFile(path: path) }
            #expect(error.reason.contains(message))
        }
    }

    @Test("A hostile name cannot flood a message or forge lines in it")
    func messages() throws {
        let directory = try TemporaryDirectory()
        let name = #"\n\u202e"# + String(repeating: "x", count: 100_000)
        let header = "{\"\(name)\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}"
        let path = try directory.write(Fixture.safetensors(header), to: "a.safetensors")
        let error = try #require(throws: CheckpointError.self) { try SafetensorsFile(path: path) }
        #expect(error.description.utf8.count < 1000)
        #expect(!error.description.contains("\n") && !error.description.unicodeScalars.contains("\u{202E}"))
    }
}
