// SPDX-License-Identifier: Apache-2.0

import Crypto
import ObjectStore
import Synchronization

/// A directory made ready to be published: its files, validated and hashed.
public struct PublicationSource: Sendable {
    /// What the directory holds.
    public let kind: RegistryKind
    /// SHA-256 over what the files mean, in hexadecimal; padding does not count.
    public let content: String
    /// Sentences for the user: what was left out, what looks odd.
    public let warnings: [String]
    /// What the files say about their origin.
    public let lineage: Lineage
    let files: [SourceFile]
    private let hashes: RenderingHashes

    /// The files' paths in the version, sorted.
    public var paths: [String] { files.map(\.path) }

    /// The bytes of all files.
    public var byteCount: Int { files.reduce(0) { $0 + $1.status.size } }

    /// Reads and checks a directory.
    ///
    /// - Parameters:
    ///   - path: The directory, or a single `.safetensors` file.
    ///   - kind: What it holds.
    ///   - isDeep: Look at every number of the weights for NaN and infinity.
    /// - Throws: `RegistryError` of kind `.invalidAdapter`, and what the readers of the formats throw.
    public init(path: String, kind: RegistryKind, isDeep: Bool = false) async throws {
        self = try await FileThreads.run { try PublicationSource(blocking: path, kind, isDeep) }
    }

    private init(blocking path: String, _ kind: RegistryKind, _ isDeep: Bool) throws {
        var found = try DirectoryContent(path: path, kind: kind)
        let sources = try found.files.map { try SourceFile(path: $0.path, localPath: $0.localPath) }
        try FileRecord.check(sources.map { FileRecord(path: $0.path, size: $0.status.size, sha256: Self.anyHash) })
        var lineage = Lineage()
        try Validation.check(&found, isDeep: isDeep, lineage: &lineage)
        var hasher = SHA256()
        var originals: [FileRecord] = []
        for source in sources {
            let (original, meaning) = try source.hashes()
            originals.append(original)
            hasher.update(data: Array("\(meaning) \(source.path)\n".utf8))
            if source.path == "training_args.json" { lineage.trainingArguments = meaning }
        }
        self.kind = kind
        self.lineage = lineage
        content = Hexadecimal.encode(hasher.finalize())
        warnings = found.warnings
        files = sources
        hashes = RenderingHashes(originals)
    }

    private static let anyHash = String(repeating: "0", count: 64)

    /// Chooses the padding of each file so that no version of the name has the same size with other bytes.
    ///
    /// - Throws: `RegistryError` of kind `.invalidAdapter` when a file changed meanwhile.
    func plan(for state: RegistryState) async throws -> Plan {
        try await FileThreads.run {
            var plan = Plan(items: [], warnings: [])
            for source in files {
                let (item, warning) = try choose(source, state)
                plan.items.append(item)
                if let warning { plan.warnings.append(warning) }
            }
            return plan
        }
    }

    private func choose(_ source: SourceFile, _ state: RegistryState) throws -> (Plan.Item, String?) {
        let rendering = SourceFile.Rendering(range: 0..<source.status.size)
        let record = try hashes.record(of: source, rendering, padding: 0)
        let original = Plan.Item(source: source, rendering: rendering, record: record)
        var padding = 0
        var candidate = rendering
        while true {
            // Hash only where the size is taken: equal bytes of that size are no conflict.
            let isTaken = state.versions.contains { version in
                version.tree.files.contains { $0.path == source.path && $0.size == candidate.size }
            }
            if !isTaken || padding == 0 && !state.sizeConflict(source.path, record.size, record.sha256) { break }
            padding += 1
            guard let next = source.rendering(padding: padding) else {
                let warning = """
                    '\(source.path)' has the size that it had in another version and cannot be padded: users of \
                    'aws s3 sync' need --exact-timestamps to get it
                    """
                return (original, warning)
            }
            candidate = next
        }
        if padding == 0 { return (original, nil) }
        return (
            Plan.Item(
                source: source,
                rendering: candidate,
                record: try hashes.record(of: source, candidate, padding: padding)
            ), nil
        )
    }

    /// The files as they will be stored.
    struct Plan: Sendable {
        struct Item: Sendable {
            let source: SourceFile
            let rendering: SourceFile.Rendering
            let record: FileRecord
        }

        var items: [Item]
        var warnings: [String]

        /// The records, ordered by path.
        var records: [FileRecord] {
            items.map(\.record).sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        }
    }
}

/// Hashes of files with their padding, each computed once.
final class RenderingHashes: Sendable {
    private struct Key: Hashable {
        let path: String
        let padding: Int
    }

    private let known: Mutex<[Key: FileRecord]>

    init(_ originals: [FileRecord]) {
        known = Mutex(Dictionary(originals.map { (Key(path: $0.path, padding: 0), $0) }) { first, _ in first })
    }

    /// The record of a file with some padding; may read the file.
    func record(of source: SourceFile, _ rendering: SourceFile.Rendering, padding: Int) throws -> FileRecord {
        let key = Key(path: source.path, padding: padding)
        if let record = known.withLock({ $0[key] }) { return record }
        let record = try source.record(rendering)
        known.withLock { $0[key] = record }
        return record
    }
}
