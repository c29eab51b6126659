// SPDX-License-Identifier: Apache-2.0

import Foundation

/// JSON in one form only: keys sorted, no spaces, one line; equal values give equal bytes.
enum CanonicalJSON {
    static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return [UInt8](try encoder.encode(value))
    }

    /// Decodes, naming the object in the error.
    ///
    /// - Throws: `RegistryError` of kind `.malformed`.
    static func decode<Value: Decodable>(_ type: Value.Type, _ bytes: [UInt8], from place: String) throws -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch let error as RegistryError {
            throw RegistryError(.malformed, "\(place): \(error.message)")
        } catch let error as DecodingError {
            throw RegistryError(.malformed, "\(place): \(sentence(error))")
        } catch {
            throw RegistryError(.malformed, "\(place): it is no JSON object")
        }
    }

    private static func sentence(_ error: DecodingError) -> String {
        func path(_ context: DecodingError.Context, _ last: String? = nil) -> String {
            let keys =
                context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue } + [last].compactMap { $0 }
            return Printable.text(keys.joined(separator: "."))
        }
        switch error {
        case .keyNotFound(let key, let context): return "'\(path(context, key.stringValue))' is missing"
        case .typeMismatch(_, let context): return "'\(path(context))' has the wrong type"
        case .valueNotFound(_, let context): return "'\(path(context))' is null"
        case .dataCorrupted(let context):
            if let inner = context.underlyingError as? RegistryError { return inner.message }
            return context.codingPath.isEmpty ? "it is no JSON" : "'\(path(context))' cannot be read"
        @unknown default: return "it cannot be read"
        }
    }
}

/// Points in time as the log writes them: UTC, to the second.
enum LogTime {
    static func text(_ date: Date) -> String { date.formatted(.iso8601) }

    /// - Returns: nil when the text is no time.
    static func date(_ text: String) -> Date? { try? Date(text, strategy: .iso8601) }
}
