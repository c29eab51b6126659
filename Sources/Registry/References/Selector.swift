// SPDX-License-Identifier: Apache-2.0

/// Which version of a name is meant: what follows the `@` of a reference.
public enum Selector: Sendable, Hashable, CustomStringConvertible {
    /// `@3` or `@v3`.
    case version(Int)
    /// `@prod`; no `@` means `current`.
    case alias(AliasName)
    /// `@sha256:…`, at least 8 digits of the tree's digest.
    case digest(String)

    /// What a bare name means.
    public static let current = Selector.alias(.current)

    /// Reads what follows the `@`.
    ///
    /// - Throws: `RegistryError` of kind `.invalidReference`.
    public init(_ text: String) throws(RegistryError) {
        if let number = VersionNumber.parse(text) {
            self = .version(number)
        } else if text.hasPrefix("sha256:") {
            let digits = text.dropFirst(7).lowercased()
            guard 8...64 ~= digits.utf8.count,
                digits.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) })
            else {
                throw RegistryError(
                    .invalidReference,
                    "'\(Printable.text(text))' is no digest: give 8 to 64 hexadecimal digits after 'sha256:'"
                )
            }
            self = .digest(digits)
        } else {
            do throws(RegistryError) {
                self = .alias(try AliasName(text))
            } catch {
                throw RegistryError(
                    .invalidReference,
                    "'\(Printable.text(text))' is no version (3 or v3), alias (prod) or digest (sha256:…)"
                )
            }
        }
    }

    /// As it is written after the `@`.
    public var description: String {
        switch self {
        case .version(let number): "v\(number)"
        case .alias(let alias): alias.text
        case .digest(let digits): "sha256:" + digits
        }
    }

    /// Finds the version in a history.
    ///
    /// - Throws: `RegistryError` of kind `.notFound` that lists what there is.
    package func version(in history: LogHistory) throws(RegistryError) -> VersionRecord {
        let state = history.state
        switch self {
        case .version(let number):
            if let version = state.version(number) { return version }
            throw RegistryError(
                .notFound,
                "'\(history.name)' has no version \(number); it has \(state.versions.count > 1 ? "1 to \(state.versions.count)" : "version 1")"
            )
        case .alias(let alias):
            if let number = state.number(of: alias), let version = state.version(number) { return version }
            let known = (state.aliases.keys + [AliasName.latest.text]).sorted().joined(separator: ", ")
            throw RegistryError(.notFound, "'\(history.name)' has no alias '\(alias)'; it has \(known)")
        case .digest(let digits):
            let found = state.versions.filter { $0.tree.digest.hasPrefix(digits) }
            if let version = found.last(where: \.isLive) ?? found.last {
                if Set(found.map(\.tree.digest)).count == 1 { return version }
                throw RegistryError(
                    .invalidReference,
                    "several versions of '\(history.name)' start with sha256:\(digits); give more digits"
                )
            }
            throw RegistryError(.notFound, "no version of '\(history.name)' has the digest sha256:\(digits)")
        }
    }
}
