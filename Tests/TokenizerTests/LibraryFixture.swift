// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing
import Tokenizer

/// What `Fixtures/make.py` wrote: texts and the ids that the Python library gives.
struct LibraryFixture: Sendable {
    /// One tokenizer and its texts.
    struct Group: Sendable, CustomTestStringConvertible {
        var name: String
        var tokenizer: BytePairTokenizer
        var cases: [Case]

        var testDescription: String { name }
    }

    /// A text, its ids, and what the ids without special tokens decode to.
    struct Case: Sendable {
        var text: String
        var ids: [Int]
        var decoded: String
        /// FNV-1a of the words' lengths in bytes.
        var wordDigest: String
    }

    /// Both files, read once.
    static let shared = Result { try LibraryFixture() }

    var groups: [Group] = []
    var illFormed: [(bytes: [UInt8], ids: [Int])] = []
    var truncated: [(length: Int, ids: [Int])] = []
    var truncatedText = ""
    var planes: [Int] = []
    var blockLength = 0
    var forms: [String] = []
    var digests: [String] = []

    /// The bytes of a file beside the tests.
    static func bytes(_ name: String) throws -> Data {
        try Data(contentsOf: #require(Bundle.module.url(forResource: "Fixtures/\(name)", withExtension: nil)))
    }

    /// Reads both files.
    init() throws {
        let base = try Self.bytes("tokenizer.json")
        let root = try #require(JSONSerialization.jsonObject(with: Self.bytes("cases.json")) as? [String: Any])
        for group in try #require(root["groups"] as? [[String: Any]]) {
            groups.append(try Self.group(group, base))
        }
        for entry in try #require(root["illFormed"] as? [[String]]) {
            illFormed.append((try Self.hexadecimal(entry[0]), try Self.unpack(entry[1])))
        }
        for entry in try #require(root["truncated"] as? [[Any]]) {
            truncated.append((try #require(entry[0] as? Int), try Self.unpack(#require(entry[1] as? String))))
        }
        truncatedText = try #require(root["truncatedText"] as? String)
        let scalars = try #require(root["scalars"] as? [String: Any])
        planes = try #require(scalars["planes"] as? [Int])
        blockLength = try #require(scalars["blockLength"] as? Int)
        forms = try #require(scalars["forms"] as? [String])
        digests = try #require(scalars["digests"] as? [String])
    }

    private static func group(_ group: [String: Any], _ base: Data) throws -> Group {
        let name = try #require(group["name"] as? String)
        var file = try #require(JSONSerialization.jsonObject(with: base) as? [String: Any])
        for (path, value) in try #require(group["patch"] as? [String: Any]) {
            set(value, at: path.split(separator: ".").map(String.init)[...], in: &file)
        }
        if group["mergesAsPairs"] as? Bool == true {
            let merges = try #require((file["model"] as? [String: Any])?["merges"] as? [String])
            set(merges.map { $0.components(separatedBy: " ") }, at: ["model", "merges"], in: &file)
        }
        let bytes = Array(try JSONSerialization.data(withJSONObject: file))
        let cases = try #require(group["cases"] as? [[String]]).map {
            Case(text: $0[0], ids: try unpack($0[1]), decoded: $0.count > 3 ? $0[3] : $0[0], wordDigest: $0[2])
        }
        return Group(name: name, tokenizer: try BytePairTokenizer(json: bytes, path: name), cases: cases)
    }

    private static func set(_ value: Any, at path: ArraySlice<String>, in object: inout [String: Any]) {
        guard let key = path.first else { return }
        guard path.count > 1 else {
            object[key] = value
            return
        }
        var inner = object[key] as? [String: Any] ?? [:]
        set(value, at: path.dropFirst(), in: &inner)
        object[key] = inner
    }

    private static func unpack(_ text: String) throws -> [Int] {
        let bytes = Array(try #require(Data(base64Encoded: text)))
        return stride(from: 0, to: bytes.count, by: 2).map { Int(bytes[$0]) | Int(bytes[$0 + 1]) << 8 }
    }

    private static func hexadecimal(_ text: String) throws -> [UInt8] {
        let digits = try text.map { try #require($0.hexDigitValue) }
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}
