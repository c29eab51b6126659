// SPDX-License-Identifier: Apache-2.0

public import Foundation

/// The folder of one attempt to publish: when it began, randomness, and the start of its digest.
///
/// The first 26 characters are a ULID, so that the age of an abandoned attempt can be read off its name.
public struct TreeID: Sendable, Hashable, Codable, CustomStringConvertible {
    private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)

    /// The folder's name.
    public let text: String

    /// Names an attempt.
    ///
    /// - Parameters:
    ///   - date: When it begins.
    ///   - random: What tells it from others of the same millisecond; 80 bits are used.
    ///   - digest: The tree's digest in hexadecimal.
    public init(date: Date, random: (UInt64, UInt64), digest: String) {
        let milliseconds = UInt64(max(0, min(date.timeIntervalSince1970 * 1000, 281_474_976_710_655)))
        text =
            Self.encode(milliseconds, 10) + Self.encode(random.0, 8) + Self.encode(random.1, 8) + "-"
            + digest.prefix(12)
    }

    /// Checks a name read from a log or a listing.
    ///
    /// - Returns: nil unless it has the form of an attempt.
    public init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].utf8.count == 26, parts[1].utf8.count == 12,
            parts[0].utf8.allSatisfy({ Self.alphabet.contains($0) }),
            parts[1].utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) })
        else { return nil }
        self.text = text
    }

    /// Decodes and checks.
    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let id = TreeID(text) else {
            throw RegistryError(.malformed, "'\(Printable.text(text))' is no name of a tree")
        }
        self = id
    }

    /// Encodes the text alone.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }

    /// When the attempt began, by its publisher's clock.
    public var date: Date {
        var milliseconds: UInt64 = 0
        for byte in text.utf8.prefix(10) {
            milliseconds = milliseconds << 5 | UInt64(Self.alphabet.firstIndex(of: byte) ?? 0)
        }
        return Date(timeIntervalSince1970: Double(milliseconds) / 1000)
    }

    /// The folder's name.
    public var description: String { text }

    private static func encode(_ value: UInt64, _ count: Int) -> String {
        var characters: [UInt8] = []
        for place in (0..<count).reversed() { characters.append(alphabet[Int(value >> UInt64(5 * place) & 31)]) }
        return String(decoding: characters, as: UTF8.self)
    }
}
