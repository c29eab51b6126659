// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A version, as the log tells it.
public struct VersionRecord: Sendable, Hashable {
    /// Its number, from 1.
    public let number: Int
    /// Its files.
    public let tree: TreeRecord
    /// Where it comes from.
    public let lineage: Lineage
    /// When it was published, by the publisher's clock.
    public let time: String
    /// Who published it.
    public let actor: String?
    /// A sentence of the publisher.
    public let note: String?
    /// The entry that published it.
    public let sequence: Int
    /// The public key that signed that entry, in hexadecimal.
    public internal(set) var signer: String?
    /// When it was retired; nil while it is in use.
    public internal(set) var retired: String?
    /// The entry that retired it; nil while it is in use.
    public internal(set) var retiredBy: Int?

    /// Whether it is in use.
    public var isLive: Bool { retired == nil }
}

/// What is the case after an entry of the log: versions and aliases, folded from the first entry on.
public struct RegistryState: Sendable, Hashable {
    /// The number of entries.
    public private(set) var sequence = 0
    /// All versions, by number.
    public private(set) var versions: [VersionRecord] = []
    /// The version of each alias; without `latest`.
    public private(set) var aliases: [String: Int] = [:]
    /// The entry that moved each alias last.
    public private(set) var aliasEntries: [String: Int] = [:]

    /// Nothing has happened.
    public init() {}

    /// The version of the flat view; nil before the first publication.
    public var current: Int? { aliases[AliasName.current.text] }

    /// The entry that moved `current` last: what the flat view follows.
    public var currentSequence: Int? { aliasEntries[AliasName.current.text] }

    /// The highest version in use.
    public var latest: Int? { versions.last(where: \.isLive)?.number }

    /// A version by number.
    public func version(_ number: Int) -> VersionRecord? {
        versions.indices.contains(number - 1) ? versions[number - 1] : nil
    }

    /// A version by alias, `latest` included.
    public func number(of alias: AliasName) -> Int? { alias == .latest ? latest : aliases[alias.text] }

    /// The version in use with this content; the newest if there are several.
    func live(content: String) -> VersionRecord? { versions.last { $0.isLive && $0.tree.content == content } }

    /// The aliases of a version, sorted.
    public func aliases(of number: Int) -> [String] { aliases.filter { $0.value == number }.keys.sorted() }

    /// Every path that some version has or had.
    var allPaths: Set<String> { Set(versions.flatMap { $0.tree.files.map(\.path) }) }

    /// Whether publishing `files` leaves sizes unambiguous: of equal path and size, equal bytes.
    ///
    /// `aws s3 sync` skips a file whose size has not changed, however new it is.
    func sizeConflict(_ path: String, _ size: Int, _ sha256: String) -> Bool {
        versions.contains { version in
            version.tree.files.contains { $0.path == path && $0.size == size && $0.sha256 != sha256 }
        }
    }

    /// Applies the next entry.
    ///
    /// - Throws: `RegistryError` of kind `.malformed` when the entry makes no sense after the ones before.
    mutating func apply(_ entry: LogEntry, signer: String?) throws(RegistryError) {
        switch entry.operation {
        case .publish: try publish(entry, signer)
        case .alias, .note: break
        case .retire: try retire(entry)
        case .reinstate: try reinstate(entry)
        }
        try moveAliases(entry)
        sequence = entry.sequence
    }

    private mutating func publish(_ entry: LogEntry, _ signer: String?) throws(RegistryError) {
        guard let tree = entry.tree, entry.version == versions.count + 1 else {
            throw RegistryError(.malformed, "it publishes version \(entry.version ?? 0) after \(versions.count)")
        }
        try tree.check()
        versions.append(
            VersionRecord(
                number: versions.count + 1,
                tree: tree,
                lineage: entry.lineage ?? Lineage(),
                time: entry.time,
                actor: entry.actor,
                note: entry.note,
                sequence: entry.sequence,
                signer: signer
            )
        )
    }

    private mutating func retire(_ entry: LogEntry) throws(RegistryError) {
        guard let number = entry.version, let version = version(number), version.isLive else {
            throw RegistryError(.malformed, "it retires a version that is not in use")
        }
        if let alias = aliases(of: number).first {
            throw RegistryError(.malformed, "it retires version \(number), which '\(alias)' names")
        }
        versions[number - 1].retired = entry.time
        versions[number - 1].retiredBy = entry.sequence
    }

    private mutating func reinstate(_ entry: LogEntry) throws(RegistryError) {
        guard let number = entry.version, let version = version(number), !version.isLive else {
            throw RegistryError(.malformed, "it reinstates a version that is in use")
        }
        versions[number - 1].retired = nil
        versions[number - 1].retiredBy = nil
    }

    private mutating func moveAliases(_ entry: LogEntry) throws(RegistryError) {
        for text in entry.removedAliases ?? [] {
            let alias = try AliasName(text)
            if alias == .current { throw RegistryError(.malformed, "it removes 'current'") }
            aliases[alias.text] = nil
            aliasEntries[alias.text] = nil
        }
        for (text, number) in entry.aliases ?? [:] {
            let alias = try AliasName(text)
            guard alias != .latest, let version = version(number), version.isLive else {
                throw RegistryError(
                    .malformed,
                    "it moves '\(Printable.text(text))' to version \(number), which is not in use"
                )
            }
            aliases[alias.text] = number
            aliasEntries[alias.text] = entry.sequence
        }
    }
}
