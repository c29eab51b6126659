// SPDX-License-Identifier: Apache-2.0

/// One line of a name's history: what somebody did, and what was the case before.
public struct LogEntry: Sendable, Hashable, Codable {
    /// What an entry does.
    public enum Operation: String, Sendable, Hashable, Codable {
        /// Adds a version, and may move aliases to it.
        case publish
        /// Moves or removes aliases.
        case alias
        /// Takes a version out of use; its files go with the next collection after the grace period.
        case retire
        /// Takes a retirement back.
        case reinstate
        /// Changes nothing.
        case note
    }

    /// The form of entries that this program writes and reads.
    public static let schema = "lumina-log/1"
    /// The most bytes of an entry that are read.
    package static let maximumByteCount = 4 << 20

    /// The form of the entry.
    public var schema = LogEntry.schema
    /// What the name names: an entry cannot be moved to another log.
    public var kind: RegistryKind
    /// Whose history it is part of.
    public var name: RegistryName
    /// The entry's number, from 1.
    public var sequence: Int
    /// `sha256:` of the bytes of the entry before; nil for the first.
    public var previous: String?
    /// The attempt: tells a writer whose answer was lost that the entry is its own.
    public var id: String
    /// When, by the writer's clock; nothing is ordered by it.
    public var time: String
    /// Who, as far as the writer says.
    public var actor: String?
    /// What the entry does.
    public var operation: Operation
    /// The version that is published, retired or reinstated.
    public var version: Int?
    /// The files of a published version.
    public var tree: TreeRecord?
    /// Where a published version comes from.
    public var lineage: Lineage?
    /// Aliases that move, and to which version.
    public var aliases: [String: Int]?
    /// Aliases that are removed.
    public var removedAliases: [String]?
    /// What the writer had asked to be the case; it was, or there would be no entry.
    public var expected: Int?
    /// A sentence for people.
    public var note: String?

    /// Starts an entry; the log gives it number and predecessor.
    init(kind: RegistryKind, name: RegistryName, id: String, time: String, operation: Operation) {
        self.kind = kind
        self.name = name
        self.id = id
        self.time = time
        self.operation = operation
        sequence = 0
    }

    private enum CodingKeys: String, CodingKey {
        case schema, kind, name
        case sequence = "seq"
        case previous = "prev"
        case id, time, actor
        case operation = "op"
        case version, tree, lineage, aliases
        case removedAliases = "removed_aliases"
        case expected = "expect"
        case note
    }
}
