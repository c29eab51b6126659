// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The profiles of `~/.aws/config` and `~/.aws/credentials`.
package struct ProfileFile: Sendable {
    /// The profiles of the configuration file, by name.
    package private(set) var configured: [String: [String: String]] = [:]
    /// The profiles of the credentials file, by name.
    package private(set) var shared: [String: [String: String]] = [:]
    /// The sessions of single sign-on, by name.
    package private(set) var sessions: [String: [String: String]] = [:]

    /// Reads the text of both files.
    package init(configuration: String, credentials: String) {
        for (section, values) in Self.sections(configuration) {
            let words = section.split(separator: " ", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
            switch (words.first, words.count) {
            case ("profile", 2): configured[Self.unquoted(words[1]), default: [:]].merge(values) { _, new in new }
            case ("sso-session", 2): sessions[Self.unquoted(words[1]), default: [:]].merge(values) { _, new in new }
            case ("default", 1): configured["default", default: [:]].merge(values) { old, _ in old }
            default: continue
            }
        }
        for (section, values) in Self.sections(credentials) {
            shared[section, default: [:]].merge(values) { _, new in new }
        }
    }

    /// All values of a profile; those of the credentials file win.
    ///
    /// - Returns: nil when neither file has it.
    package func profile(_ name: String) -> [String: String]? {
        if configured[name] == nil && shared[name] == nil { return nil }
        return (configured[name] ?? [:]).merging(shared[name] ?? [:]) { _, shared in shared }
    }

    /// `[section]`, `name = value`; lines that start with `#` or `;` are comments, indented ones belong to a nested value.
    private static func sections(_ text: String) -> [(String, [String: String])] {
        var found: [(String, [String: String])] = []
        for line in text.split(whereSeparator: \.isNewline) {
            let trimmed = line.trimmingCharacters(in: .whitespaces)
            guard let first = trimmed.first, first != "#", first != ";" else { continue }
            if first == "[" {
                guard let close = trimmed.firstIndex(of: "]") else { continue }
                let name = trimmed[trimmed.index(after: trimmed.startIndex)..<close].trimmingCharacters(
                    in: .whitespaces
                )
                found.append((name, [:]))
                continue
            }
            guard let equals = trimmed.firstIndex(of: "="), !found.isEmpty, line.first?.isWhitespace != true else {
                continue
            }
            let name = trimmed[..<equals].trimmingCharacters(in: .whitespaces).lowercased()
            var value = trimmed[trimmed.index(after: equals)...].trimmingCharacters(in: .whitespaces)
            if let comment = value.range(of: " #") {
                value = value[..<comment.lowerBound].trimmingCharacters(in: .whitespaces)
            }
            found[found.count - 1].1[name] = value
        }
        return found
    }

    private static func unquoted(_ text: String) -> String {
        text.count >= 2 && text.hasPrefix("\"") && text.hasSuffix("\"") ? String(text.dropFirst().dropLast()) : text
    }
}
