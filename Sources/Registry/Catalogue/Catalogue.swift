// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
import ObjectStore

/// What the registry holds, in a local SQLite file: lists and searches at once, and offline.
///
/// A cache: it can be deleted at any time and is filled again from the logs.
public struct Catalogue: Sendable {
    /// A name, as lists show it.
    public struct Item: Sendable, Hashable, Codable {
        /// What it names.
        public var kind: RegistryKind
        /// The name.
        public var name: String
        /// The version of the flat view.
        public var current: Int?
        /// The highest version in use.
        public var latest: Int?
        /// How many versions are in use.
        public var versionCount: Int
        /// The bytes of the current version.
        public var byteCount: Int
        /// When the current version was published.
        public var time: String?
        /// The digest of the current version, `sha256:…`.
        public var digest: String?
        /// The base of the current version.
        public var baseModel: String?
        /// Aliases but `current`, as `prod=3`.
        public var aliases: [String]
        /// How many entries of the log this rests on.
        public var sequence: Int
    }

    private let queue: DatabaseQueue

    /// Opens the file; one that is damaged or of another form is made anew.
    ///
    /// - Throws: `RegistryError` of kind `.local` when the place cannot be written.
    public init(path: String) throws {
        do {
            if let parent = LocalDirectory.parent(of: path) { try LocalDirectory.create(parent) }
            queue = try Self.open(path)
        } catch is DatabaseError {
            do {
                for suffix in ["", "-wal", "-shm"] { try LocalDirectory.remove(path + suffix) }
                queue = try Self.open(path)
            } catch {
                throw RegistryError(.local, "the catalogue '\(path)' cannot be opened: \(error)")
            }
        }
    }

    private static func open(_ path: String) throws -> DatabaseQueue {
        var configuration = GRDB.Configuration()
        configuration.busyMode = .timeout(5)
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        var migrator = DatabaseMigrator()
        migrator.eraseDatabaseOnSchemaChange = true
        migrator.registerMigration("items") { database in
            try database.create(table: "item") { table in
                table.column("place", .text).notNull()
                table.column("kind", .text).notNull()
                table.column("name", .text).notNull()
                table.column("sequence", .integer).notNull()
                table.column("search", .text).notNull()
                table.column("content", .blob).notNull()
                table.primaryKey(["place", "kind", "name"])
            }
        }
        try migrator.migrate(queue)
        return queue
    }

    /// Takes up what a log says, unless something newer is known.
    public func update(_ history: LogHistory, place: String) async throws {
        let item = Item(history)
        let content = try JSONEncoder().encode(item)
        let words = [item.name, item.baseModel ?? "", item.aliases.joined(separator: " ")] + Self.words(history)
        let search = words.joined(separator: " ").lowercased()
        try await queue.write { database in
            try database.execute(
                sql: """
                    INSERT INTO item (place, kind, name, sequence, search, content) VALUES (?, ?, ?, ?, ?, ?)
                    ON CONFLICT (place, kind, name) DO UPDATE SET sequence = excluded.sequence, search = excluded.search,
                    content = excluded.content WHERE excluded.sequence >= sequence
                    """,
                arguments: [place, item.kind.rawValue, item.name, item.sequence, search, content]
            )
        }
    }

    private static func words(_ history: LogHistory) -> [String] {
        history.state.versions.flatMap { version in
            [version.note, version.actor, version.lineage.dataset, version.lineage.run].compactMap { $0 }
        }
    }

    /// Forgets names that are not in the registry any more.
    public func keepOnly(_ names: [RegistryName], kind: RegistryKind, place: String) async throws {
        let known = try await items(kind: kind, place: place).map(\.name)
        let gone = Set(known).subtracting(names.map(\.text))
        try await queue.write { database in
            for name in gone {
                try database.execute(
                    sql: "DELETE FROM item WHERE place = ? AND kind = ? AND name = ?",
                    arguments: [place, kind.rawValue, name]
                )
            }
        }
    }

    /// The names known of a place, sorted; only those in which all words occur somewhere.
    public func items(kind: RegistryKind, place: String, matching text: String = "") async throws -> [Item] {
        let words = text.lowercased().split(whereSeparator: \.isWhitespace).map(String.init)
        let rows = try await queue.read { database in
            try Row.fetchAll(
                database,
                sql: "SELECT search, content FROM item WHERE place = ? AND kind = ? ORDER BY name",
                arguments: [place, kind.rawValue]
            ).map { row -> (String, Data) in (row["search"], row["content"]) }
        }
        let decoder = JSONDecoder()
        // An item that another program version wrote is left out until the log is read again.
        return rows.filter { search, _ in words.allSatisfy(search.contains) }
            .compactMap { try? decoder.decode(Item.self, from: $0.1) }
    }
}

extension Catalogue.Item {
    /// What lists show of a history.
    public init(_ history: LogHistory) {
        let state = history.state
        let version = state.current.flatMap(state.version)
        kind = history.kind
        name = history.name.text
        current = state.current
        latest = state.latest
        versionCount = state.versions.count(where: \.isLive)
        byteCount = version?.tree.byteCount ?? 0
        time = version?.time
        digest = version.map { "sha256:" + $0.tree.digest }
        baseModel = version?.lineage.baseModel
        aliases = state.aliases.filter { $0.key != AliasName.current.text }.map { "\($0.key)=\($0.value)" }.sorted()
        sequence = history.sequence
    }
}
