// SPDX-License-Identifier: Apache-2.0

import Crypto
import ObjectStore

/// Gets the objects below a prefix: a flat view, checked by its manifest, or any folder that somebody synced by hand.
struct PrefixFetch: Sendable {
    private struct Member {
        let key: ObjectKey
        let path: String
        let size: Int
        let etag: ETag
    }

    /// How often a flat view that is being exchanged is read again.
    private static let roundCount = 12

    let store: any ObjectStore
    let cache: LocalCache
    let concurrency: Int
    let engine: TransferEngine

    func resolve(
        _ reference: Reference,
        prefix: String,
        _ progress: @escaping @Sendable (RegistryProgress) -> Void
    ) async throws -> ResolvedReference {
        var failure: (any Error)?
        for round in 0..<Self.roundCount {
            if round > 0 { try await cache.environment.pause(beforeAttempt: round + 2) }
            do {
                return try await resolveOnce(reference, prefix, progress)
            } catch let error as ObjectStoreError
                where [.changedDuringTransfer, .preconditionFailed, .notFound].contains(error.kind)
            {
                failure = error
                if error.kind == .notFound && round >= 2 { break }
            } catch let error as RegistryError where error.kind == .conflict || error.kind == .corrupted {
                failure = error
            }
        }
        throw failure ?? RegistryError(.notFound, "there is nothing at '\(reference)'")
    }

    private func resolveOnce(
        _ reference: Reference,
        _ prefix: String,
        _ progress: @escaping @Sendable (RegistryProgress) -> Void
    ) async throws -> ResolvedReference {
        var warnings: [String] = []
        let members = try await members(prefix, &warnings)
        var resolved: ResolvedReference
        if let manifest = members.first(where: { $0.path == KeyLayout.flatManifestName }) {
            resolved = try await flatView(reference, prefix, manifest, progress)
        } else {
            resolved = try await folder(reference, prefix, members, progress)
        }
        resolved.source = store.location + "/" + prefix
        resolved.warnings += warnings
        return resolved
    }

    private func members(_ prefix: String, _ warnings: inout [String]) async throws -> [Member] {
        let folder = prefix.isEmpty ? "" : prefix + "/"
        var members: [Member] = []
        for try await object in store.objects(prefix: folder)
        where object.key.hasPrefix(folder) && !object.key.hasSuffix("/") {
            let path = String(object.key.dropFirst(folder.count))
            if path != KeyLayout.flatManifestName, path != KeyLayout.treeManifestName,
                let fault = FileRecord.fault(ofPath: path)
            {
                if warnings.count < 5 { warnings.append("left out '\(Printable.text(object.key))': it \(fault)") }
                continue
            }
            members.append(Member(key: try ObjectKey(object.key), path: path, size: object.size, etag: object.etag))
            if members.count > 10_000 {
                throw RegistryError(
                    .invalidReference,
                    "there are more than 10,000 objects below '\(prefix)'; name a folder further down"
                )
            }
        }
        if members.isEmpty && !prefix.isEmpty { members = try await single(prefix) }
        guard !members.isEmpty else {
            throw RegistryError(.notFound, "there is nothing below \(store.location)/\(prefix)")
        }
        return members
    }

    /// The prefix may be the key of one object.
    private func single(_ prefix: String) async throws -> [Member] {
        let key = try ObjectKey(prefix)
        do {
            let info = try await store.head(key)
            if let fault = FileRecord.fault(ofPath: key.lastComponent) {
                throw RegistryError(.invalidReference, "'\(Printable.text(prefix))' \(fault)")
            }
            return [Member(key: key, path: key.lastComponent, size: info.size, etag: info.etag)]
        } catch let error as ObjectStoreError where error.kind == .notFound {
            return []
        }
    }

    private func flatView(
        _ reference: Reference,
        _ prefix: String,
        _ member: Member,
        _ progress: @escaping @Sendable (RegistryProgress) -> Void
    ) async throws -> ResolvedReference {
        let bytes = try await store.document(member.key, limit: FlatManifest.maximumByteCount).bytes
        let manifest = try FlatManifest(bytes, from: member.key.text)
        if manifest.state != .complete {
            throw RegistryError(
                .conflict,
                "\(store.location)/\(prefix) is just being exchanged for version \(manifest.version); if nobody is at it, run: registry doctor --repair"
            )
        }
        let meter = ByteMeter(.downloading, total: manifest.files.reduce(0) { $0 + $1.size }, report: progress)
        let download = ObjectDownload(store: store, engine: engine, meter: meter)
        let store = store
        let entry = try await cache.obtain(manifest.digest, manifest.files, concurrency: concurrency) { file, path in
            let key = try ObjectKey(prefix + "/" + file.path)
            let info = try await store.head(key)
            guard info.size == file.size else {
                throw RegistryError(
                    .conflict,
                    "\(store.location)/\(key) is not the file of version \(manifest.version): it was changed by hand"
                )
            }
            try await download.fetch(key, file, to: path)
        }
        var resolved = ResolvedReference(reference: reference, name: manifest.name.text, path: entry.directory)
        resolved.version = manifest.version
        resolved.digest = "sha256:" + manifest.digest
        return resolved
    }

    private func folder(
        _ reference: Reference,
        _ prefix: String,
        _ members: [Member],
        _ progress: @escaping @Sendable (RegistryProgress) -> Void
    ) async throws -> ResolvedReference {
        let members = members.filter { $0.path != KeyLayout.treeManifestName }
        let identity = ([store.location + "/" + prefix] + members.map { "\($0.path) \($0.size) \($0.etag)" }).joined(
            separator: "\n"
        )
        let entry: LocalCache.Entry
        if let digest = try await cache.digest(ofForeign: identity), let known = try await cache.entry(digest) {
            entry = known
        } else {
            entry = try await fetch(members, identity, progress)
            await cache.note(entry.digest, ofForeign: identity)
        }
        let isSingle = members.count == 1 && members[0].key.text == prefix
        let path = isSingle ? entry.directory + "/" + members[0].path : entry.directory
        var resolved = ResolvedReference(
            reference: reference,
            name: ReferenceResolver.lastComponent(prefix),
            path: path
        )
        resolved.digest = "sha256:" + entry.digest
        return resolved
    }

    /// Fetches objects whose hashes nobody has told us: they are what arrives under the tags that were listed.
    private func fetch(
        _ members: [Member],
        _ identity: String,
        _ progress: @escaping @Sendable (RegistryProgress) -> Void
    ) async throws -> LocalCache.Entry {
        let meter = ByteMeter(.downloading, total: members.reduce(0) { $0 + $1.size }, report: progress)
        let download = ObjectDownload(store: store, engine: engine, meter: meter)
        let folder = cache.directory + "/staging/foreign-" + cache.environment.token()
        defer { try? LocalDirectory.removeTree(folder) }  // what stays is removed by whoever cleans the cache
        let files = try await Concurrency.map(members.sorted { $0.size < $1.size }, limit: concurrency) { member in
            let path = folder + "/" + member.path
            try await FileThreads.run {
                if let parent = LocalDirectory.parent(of: path) { try LocalDirectory.create(parent) }
            }
            try await download.fetch(member.key, size: member.size, etag: member.etag, to: path)
            let hash = try await FileThreads.run { try FileHash.sha256(path) }
            return FileRecord(path: member.path, size: member.size, sha256: hash)
        }
        try FileRecord.check(files)
        let sorted = files.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        return try await cache.obtain(TreeRecord.digest(of: sorted), sorted, concurrency: concurrency) { file, path in
            try await FileThreads.run { try LocalDirectory.rename(folder + "/" + file.path, to: path) }
        }
    }
}
