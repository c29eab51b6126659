// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// A value of a JSON file that people and several tools write: numbers come as text and the other way round.
package enum JSONValue: Decodable, Equatable {
    /// Null.
    case null
    /// True or false.
    case bool(Bool)
    /// A number.
    case number(Double)
    /// A text.
    case text(String)
    /// An array.
    case list([JSONValue])
    /// An object.
    case object([String: JSONValue])

    /// Takes whatever is there.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {  // each try finds out what is there
            self = .bool(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .text(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .list(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    /// Reads a JSON text.
    ///
    /// - Throws: `DecodingError`.
    package init(_ data: Data) throws { self = try JSONDecoder().decode(JSONValue.self, from: data) }

    /// Text, or a number as it would be written; nil for null and what has parts.
    package var text: String? {
        switch self {
        case .text(let text): text
        case .number(let number):
            number == number.rounded() && abs(number) < 1e15 ? String(Int(number)) : String(number)
        case .bool(let value): value ? "true" : "false"
        case .null, .list, .object: nil
        }
    }

    /// What the value is, for messages.
    package var kind: String {
        switch self {
        case .null: "null"
        case .bool: "true or false"
        case .number: "a number"
        case .text: "text"
        case .list: "a list"
        case .object: "an object"
        }
    }
}
