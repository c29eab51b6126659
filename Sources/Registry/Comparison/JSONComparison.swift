// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import ObjectStore

/// Compares JSON files value by value.
enum JSONComparison {
    private static let maximumByteCount = 8 << 20

    /// The values of a file that differ between two directories; a directory that lacks the file is nil.
    static func changes(_ path: String, _ first: String?, _ second: String?) throws -> [VersionComparison.Change] {
        let left = try first.map { try values($0 + "/" + path) } ?? [:]
        let right = try second.map { try values($0 + "/" + path) } ?? [:]
        return Set(left.keys).union(right.keys).sorted().compactMap { key in
            if left[key] == right[key] { return nil }
            return VersionComparison.Change(key: "\(path): \(key)", first: left[key], second: right[key])
        }
    }

    private static func values(_ path: String) throws -> [String: String] {
        guard let bytes = try SmallFile.read(path, limit: maximumByteCount) else { return [:] }
        // A file that is no JSON is compared as a file only.
        return (try? values(bytes, source: path)) ?? [:]
    }

    /// The values of a JSON text by their paths.
    static func values(_ bytes: [UInt8], source: String) throws -> [String: String] {
        var found: [String: String] = [:]
        flatten(try JSONParser.parse(bytes, source: source), "", into: &found)
        return found
    }

    private static func flatten(_ value: JSONValue, _ key: String, into found: inout [String: String]) {
        switch value {
        case .object(let object):
            for name in object.keys {
                if let inner = object[name] { flatten(inner, key.isEmpty ? name : key + "." + name, into: &found) }
            }
        case .array(let values): found[key] = "[" + values.map(text).joined(separator: ", ") + "]"
        case .null, .bool, .number, .string: found[key] = text(value)
        }
    }

    private static func text(_ value: JSONValue) -> String {
        switch value {
        case .null: "null"
        case .bool(let flag): "\(flag)"
        case .number(let number):
            number == number.rounded() && abs(number) < 1e15 ? String(Int64(number)) : "\(number)"
        case .string(let text): Printable.text(text)
        case .array(let values): "[" + values.map(text).joined(separator: ", ") + "]"
        case .object(let object):
            "{" + object.keys.map { "\($0): \(object[$0].map(text) ?? "")" }.joined(separator: ", ") + "}"
        }
    }
}
