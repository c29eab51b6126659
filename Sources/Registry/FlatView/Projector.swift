// SPDX-License-Identifier: Apache-2.0

import NIOCore
import ObjectStore

/// Makes the flat view show the version that `current` names.
///
/// Anyone may run it at any time, several at once, and be killed anywhere: each write is fenced by the tag of what was
/// seen before the log was read, so that whoever has older news fails, looks again and projects the newest.
struct Projector: Sendable {
    /// What a projection found and did.
    struct Outcome: Sendable {
        /// The history as of the end.
        var history: LogHistory
        /// Whether anything was written.
        var hasChanged: Bool
    }

    private enum Step {
        case done(hasChanged: Bool)
        case again
    }

    private static let roundCount = 64

    let store: any ObjectStore
    let layout: KeyLayout
    let environment: RegistryEnvironment
    let capabilities: StoreCapabilities
    let log: CommitLog

    /// Brings the flat view up to the log's end.
    ///
    /// - Throws: `RegistryError` of kind `.conflict` when others kept interfering, and what the store throws.
    func project(_ start: LogHistory) async throws -> Outcome {
        var history = start
        var hasChanged = false
        for round in 0..<Self.roundCount {
            switch try await projectOnce(&history) {
            case .done(let changed): return Outcome(history: history, hasChanged: hasChanged || changed)
            case .again: hasChanged = true
            }
            if round > 1 { try await environment.pause(beforeAttempt: round) }
        }
        throw RegistryError(
            .conflict,
            "the flat view of '\(start.name)' did not settle: others keep changing it. The version itself is published; run: registry doctor --repair"
        )
    }

    private func projectOnce(_ history: inout LogHistory) async throws -> Step {
        let name = history.name
        let seen = try await FlatSnapshot.take(of: name, paths: history.state.allPaths, in: store, layout)
        history = try await log.refresh(history)
        guard let number = history.state.current, let version = history.state.version(number),
            let sequence = history.state.currentSequence
        else { return .done(hasChanged: false) }
        guard seen.covers(history.state.allPaths) else { return .again }
        if let manifest = seen.manifest?.content, manifest.sequence > sequence { return .again }
        let stale = stalePaths(history, version, seen)
        if isUpToDate(seen, history, version) && stale.isEmpty { return .done(hasChanged: false) }
        do {
            try await write(version, sequence, over: seen, removing: stale, name)
        } catch let error as ObjectStoreError where [.preconditionFailed, .conflict, .notFound].contains(error.kind) {
            // Not found: the tree of a version that somebody has retired and collected meanwhile.
            history = try await log.refresh(history)
            if error.kind == .notFound && history.state.currentSequence == sequence { throw error }
            return .again
        }
        history = try await log.refresh(history)
        return history.state.currentSequence == sequence ? .done(hasChanged: true) : .again
    }

    private func isUpToDate(_ seen: FlatSnapshot, _ history: LogHistory, _ version: VersionRecord) -> Bool {
        guard let manifest = seen.manifest?.content, manifest.sequence == history.state.currentSequence,
            manifest.state == .complete, manifest.digest == version.tree.digest
        else { return false }
        return version.tree.files.allSatisfy { file in
            manifest.etags[file.path].map { seen.etags[file.path] == ETag($0) } ?? false
        }
    }

    /// Files of other versions that this one does not have; files that no version ever had are somebody's own.
    private func stalePaths(_ history: LogHistory, _ version: VersionRecord, _ seen: FlatSnapshot) -> [String] {
        let wanted = Set(version.tree.files.map(\.path))
        return history.state.allPaths.subtracting(wanted).filter { seen.etags[$0] != nil }.sorted()
    }

    private func write(
        _ version: VersionRecord,
        _ sequence: Int,
        over seen: FlatSnapshot,
        removing stale: [String],
        _ name: RegistryName
    ) async throws {
        let owner = environment.token()
        var manifest = FlatManifest(
            kind: layout.kind,
            name: name,
            sequence: sequence,
            version: version,
            state: .updating,
            owner: owner
        )
        let claim = try await put(manifest, over: seen.manifest?.etag)
        for path in stale {
            let key = try layout.flatKey(name, path)
            _ = try await store.delete(key, version: nil, ifMatch: capabilities.deleteIfMatch ? seen.etags[path] : nil)
        }
        // The weights last: readers that look at one file look at them.
        for file in version.tree.files.sorted(by: { ($0.size, $0.path) < ($1.size, $1.path) }) {
            let source = try layout.treeKey(name, version.tree.id, file.path)
            let target = try layout.flatKey(name, file.path)
            let written = try await copy(source, file, to: target, over: seen.etags[file.path])
            manifest.etags[file.path] = written.etag.text
        }
        manifest.state = .complete
        manifest.owner = nil
        _ = try await put(manifest, over: claim.etag)
    }

    private func condition(_ etag: ETag?, _ isHonoured: Bool) -> WriteCondition {
        guard isHonoured else { return .none }
        return etag.map { .ifMatch($0) } ?? .ifAbsent
    }

    private func put(_ manifest: FlatManifest, over etag: ETag?) async throws -> WrittenObject {
        let key = try layout.flatKey(manifest.name, KeyLayout.flatManifestName)
        let options = PutOptions(
            condition: condition(etag, capabilities.putIfMatch),
            contentType: "application/json",
            checksum: .sha256
        )
        return try await store.put(key, ByteBuffer(bytes: manifest.encoded()), options)
    }

    private func copy(
        _ source: ObjectKey,
        _ file: FileRecord,
        to target: ObjectKey,
        over etag: ETag?
    ) async throws
        -> WrittenObject
    {
        if file.size <= ServerCopy.maximumByteCount && (capabilities.copyIfMatch || !capabilities.putIfMatch) {
            let options = CopyOptions(condition: condition(etag, capabilities.copyIfMatch))
            return try await store.copy(source, to: target, options)
        }
        let copy = ServerCopy(store: store)
        return try await copy.resend(source, size: file.size, to: target, condition(etag, capabilities.putIfMatch))
    }
}
