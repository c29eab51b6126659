// SPDX-License-Identifier: Apache-2.0

/// A movable name for a version, such as `current` or `prod`.
public struct AliasName: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The alias that the flat view shows and that a bare name means.
    public static let current = AliasName(trusted: "current")
    /// The highest version that is not retired; follows by itself and cannot be moved.
    public static let latest = AliasName(trusted: "latest")

    /// The alias itself.
    public let text: String

    private init(trusted: String) { text = trusted }

    /// Checks an alias.
    ///
    /// - Throws: `RegistryError` of kind `.invalidName` unless it is 1 to 64 of `a–z 0–9 . _ -`, starts with a letter and
    ///   cannot be read as a version.
    public init(_ text: String) throws(RegistryError) {
        let isPlain = text.utf8.allSatisfy {
            (97...122).contains($0) || (48...57).contains($0) || [45, 46, 95].contains($0)
        }
        guard 1...64 ~= text.utf8.count, isPlain, let first = text.utf8.first, (97...122).contains(first) else {
            throw RegistryError(
                .invalidName,
                "'\(Printable.text(text))' cannot be an alias: use lower-case letters, digits, '-', '_', '.', a letter first"
            )
        }
        if text.first == "v" && text.dropFirst().utf8.allSatisfy({ (48...57).contains($0) }) {
            throw RegistryError(.invalidName, "'\(text)' cannot be an alias: it reads as a version")
        }
        self.text = text
    }

    /// The alias itself.
    public var description: String { text }

    /// The order of the bytes.
    public static func < (left: AliasName, right: AliasName) -> Bool { left.text < right.text }
}

/// Versions are counted from 1 for each name and written `3` or `v3`.
public enum VersionNumber {
    /// The highest number that is read; far above what a log can hold.
    package static let maximum = 999_999_999

    /// Reads `3` or `v3`.
    ///
    /// - Returns: nil when the text is no version.
    public static func parse(_ text: String) -> Int? {
        let digits = text.first == "v" ? text.dropFirst() : text[...]
        guard !digits.isEmpty, digits.utf8.count <= 9, digits.utf8.allSatisfy({ (48...57).contains($0) }) else {
            return nil
        }
        return Int(digits).flatMap { $0 >= 1 ? $0 : nil }
    }
}
