// SPDX-License-Identifier: Apache-2.0

public import Foundation
import ObjectStore

extension Registry {
    /// What to keep when versions are collected.
    public struct CollectionRule: Sendable {
        /// Retire all but so many of the newest versions of a name; nil retires none.
        public var keepLast: Int?
        /// Retire nothing younger than this.
        public var minimumAge: TimeInterval = 30 * 86400
        /// Delete old object versions too: on a versioned bucket a plain delete frees nothing.
        public var purges = false
        /// Only say what would be done.
        public var isDryRun = true

        /// The defaults: nothing is retired, nothing deleted.
        public init() {}
    }

    /// What a collection did, or would do.
    public struct CollectionReport: Sendable, Hashable, Encodable {
        /// A folder of files that nobody needs.
        public struct Tree: Sendable, Hashable, Encodable {
            /// Whose.
            public let name: String
            /// The folder.
            public let tree: String
            /// The retired version; nil for an attempt that was never committed.
            public let version: Int?
            /// The bytes.
            public let byteCount: Int
        }

        /// Whether it was only looked.
        public var isDryRun: Bool
        /// Versions taken out of use, `NAME@v3`; their files go after the grace period.
        public var retired: [String] = []
        /// Folders deleted.
        public var deleted: [Tree] = []

        /// The bytes of the deleted folders.
        public var byteCount: Int { deleted.reduce(0) { $0 + $1.byteCount } }
    }

    /// Files of a retired version stay so long: readers that resolved it before may still fetch.
    static let gracePeriod = 7.0 * 86400
    /// How far this machine's clock may be ahead of the store's.
    static let clockTolerance = 3600.0
    /// Attempts without an entry are abandoned after this; publishers give up after half of it.
    static let orphanAge = 24.0 * 3600

    /// Retires old versions by a rule and deletes the files of those retired long ago and of abandoned attempts.
    ///
    /// Safe beside publishers: a folder is deleted only if a log read *after* the listing does not use it, and either its
    /// version's retirement can no longer be taken back, or it is older than any attempt that may still be committed.
    public func collect(_ names: [RegistryName], _ rule: CollectionRule) async throws -> CollectionReport {
        var report = CollectionReport(isDryRun: rule.isDryRun)
        if !rule.isDryRun { try await checkClock() }
        for name in names {
            if let keepLast = rule.keepLast { try await retire(name, keepLast, rule, &report) }
            try await deleteTrees(of: name, rule, &report)
        }
        return report
    }

    private func retire(
        _ name: RegistryName,
        _ keepLast: Int,
        _ rule: CollectionRule,
        _ report: inout CollectionReport
    ) async throws {
        let history = try await history(of: name)
        let now = configuration.environment.now()
        let live = history.state.versions.filter(\.isLive)
        for version in live.dropLast(max(1, keepLast)) where history.state.aliases(of: version.number).isEmpty {
            guard let date = LogTime.date(version.time), now.timeIntervalSince(date) >= rule.minimumAge else {
                continue
            }
            if !rule.isDryRun {
                _ = try await retire(
                    .version(version.number),
                    of: name,
                    note: "collected: not among the last \(keepLast)"
                )
            }
            report.retired.append("\(name)@v\(version.number)")
        }
    }

    private func deleteTrees(
        of name: RegistryName,
        _ rule: CollectionRule,
        _ report: inout CollectionReport
    ) async throws {
        var trees: [TreeID: [ListedObject]] = [:]
        let prefix = layout.treesPrefix(name)
        for try await object in store.objects(prefix: prefix) where object.key.hasPrefix(prefix) {
            let folder = object.key.dropFirst(prefix.count).prefix { $0 != "/" }
            if let tree = TreeID(String(folder)) { trees[tree, default: []].append(object) }
        }
        // The listing first, the log after it: what the log names by now is not garbage.
        let history = try await history(of: name)
        for (tree, objects) in trees.sorted(by: { $0.key.text < $1.key.text }) {
            guard let (isGarbage, version) = try await garbage(tree, objects, history), isGarbage else { continue }
            if !rule.isDryRun { try await delete(objects, rule) }
            report.deleted.append(
                CollectionReport.Tree(
                    name: name.text,
                    tree: tree.text,
                    version: version,
                    byteCount: objects.reduce(0) { $0 + $1.size }
                )
            )
        }
    }

    /// Ages are by this machine's clock: one that is ahead would take what is under way for abandoned.
    private func checkClock() async throws {
        let key = try layout.probeKey(configuration.environment.token())
        let now = configuration.environment.now()
        try await store.put(key, bytes: [])
        let written = try await store.head(key).lastModified
        try await store.delete(key)
        // Behind is no harm: everything seems younger than it is.
        guard let written, now.timeIntervalSince(written) > Self.clockTolerance else { return }
        let hours = (now.timeIntervalSince(written) / 360).rounded() / 10
        throw RegistryError(
            .unsupported,
            "this machine's clock is \(hours) hours ahead of that of \(store.location); nothing was deleted, set the clock first"
        )
    }

    private func garbage(
        _ tree: TreeID,
        _ objects: [ListedObject],
        _ history: LogHistory
    ) async throws -> (Bool, version: Int?)? {
        let now = configuration.environment.now()
        let users = history.state.versions.filter { $0.tree.id == tree }
        if users.isEmpty {
            // By the publisher's clock and by the store's: one of them may be wrong.
            let youngest = objects.compactMap(\.lastModified).max() ?? tree.date
            let age = now.timeIntervalSince(max(youngest, tree.date))
            return (age > Self.orphanAge, nil)
        }
        guard let last = users.last, users.allSatisfy({ !$0.isLive }), let text = last.retired,
            let retired = LogTime.date(text), let entry = last.retiredBy,
            now.timeIntervalSince(retired) > Self.gracePeriod
        else { return nil }
        // Whoever retired it wrote down the time of a clock that may have been wrong; the store's tells too.
        let stored = try await store.head(layout.logKey(history.name, entry)).lastModified ?? retired
        return (now.timeIntervalSince(stored) > Self.gracePeriod, last.number)
    }

    private func delete(_ objects: [ListedObject], _ rule: CollectionRule) async throws {
        // The list of the files first: a folder without it is known to be going.
        let isList = { (object: ListedObject) in object.key.hasSuffix("/" + KeyLayout.treeManifestName) }
        for object in objects.filter(isList) + objects.filter({ !isList($0) }) {
            let key = try ObjectKey(object.key)
            if rule.purges {
                for version in try await store.versions(of: key) {
                    try await store.delete(key, version: version.version)
                }
            }
            let remains = rule.purges ? try await store.exists(key) : true
            if remains { try await store.delete(key) }
        }
    }
}
