// SPDX-License-Identifier: Apache-2.0

/// A JSON value whose objects keep the order of the file.
///
/// PEFT gives `rank_pattern` and `alpha_pattern` to the first key that matches *in file order*, which decoders into
/// dictionaries lose.
package enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    /// What the value is, for messages.
    package var typeName: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "a list"
        case .object: "an object"
        }
    }
}

/// A JSON object in file order.
///
/// Of a key that stands twice the last value counts, at the first position, as in Python.
package struct JSONObject: Sendable, Equatable {
    /// The keys in file order, each once.
    package private(set) var keys: [String] = []
    private var values: [String: JSONValue] = [:]

    /// Creates an empty object.
    package init() {}

    /// The value of a key.
    ///
    /// Nil if the object has no such key.
    package subscript(key: String) -> JSONValue? { values[key] }

    /// Whether there is no key.
    package var isEmpty: Bool { keys.isEmpty }

    /// Adds a key at the end, or replaces its value where it stands.
    package mutating func set(_ key: String, _ value: JSONValue) {
        if values.updateValue(value, forKey: key) == nil { keys.append(key) }
    }

    /// Takes a key out.
    package mutating func remove(_ key: String) {
        if values.removeValue(forKey: key) != nil { keys.removeAll { $0 == key } }
    }

    /// The same object with only the keys that begin with `prefix`, without it.
    ///
    /// Diffusers puts the settings of several models in one object: `transformer.r`, `text_encoder.r`.
    package func removingPrefix(_ prefix: String) -> JSONObject {
        var result = JSONObject()
        for key in keys where key.hasPrefix(prefix) {
            if let value = values[key] { result.set(String(key.dropFirst(prefix.count)), value) }
        }
        return result
    }
}
