// SPDX-License-Identifier: Apache-2.0

import ObjectStore

/// What lies in a flat view at some moment: the tags of its files, and its manifest.
///
/// The files are looked at first and the manifest after them: the fences of a projection rest on that order.
struct FlatSnapshot: Sendable {
    /// The manifest as found; nil manifest with a tag when what is there cannot be read.
    struct Manifest: Sendable {
        let etag: ETag
        let content: FlatManifest?
    }

    /// The tags of the files, by path; files that are not there have none.
    let etags: [String: ETag]
    /// The paths that were asked for; nil when all were listed.
    let asked: Set<String>?
    /// nil when there is no manifest.
    let manifest: Manifest?

    /// Up to so many files are asked for one by one, which every server answers by its newest state; more are listed.
    private static let singleRequestCount = 16

    /// Whether a path was looked at.
    func covers(_ paths: Set<String>) -> Bool { asked.map(paths.isSubset) ?? true }

    static func take(
        of name: RegistryName,
        paths: Set<String>,
        in store: any ObjectStore,
        _ layout: KeyLayout
    ) async throws
        -> FlatSnapshot
    {
        let isListed = paths.isEmpty || paths.count > singleRequestCount
        let etags =
            isListed
            ? try await list(name, in: store, layout) : try await heads(name, paths, in: store, layout)
        return FlatSnapshot(
            etags: etags,
            asked: isListed ? nil : paths,
            manifest: try await manifest(of: name, in: store, layout)
        )
    }

    static func manifest(
        of name: RegistryName,
        in store: any ObjectStore,
        _ layout: KeyLayout
    ) async throws -> Manifest? {
        let key = try layout.flatKey(name, KeyLayout.flatManifestName)
        do {
            let (bytes, info) = try await store.document(key, limit: FlatManifest.maximumByteCount)
            // One that cannot be read is somebody's own file; it is replaced like any other state.
            return Manifest(etag: info.etag, content: try? FlatManifest(bytes, from: key.text))
        } catch let error as ObjectStoreError where error.kind == .notFound {
            return nil
        }
    }

    private static func list(
        _ name: RegistryName,
        in store: any ObjectStore,
        _ layout: KeyLayout
    ) async throws
        -> [String: ETag]
    {
        let prefix = layout.flatPrefix(name)
        var etags: [String: ETag] = [:]
        for try await object in store.objects(prefix: prefix) where object.key.hasPrefix(prefix) {
            let path = String(object.key.dropFirst(prefix.count))
            if path != KeyLayout.flatManifestName && !path.isEmpty { etags[path] = object.etag }
        }
        return etags
    }

    private static func heads(
        _ name: RegistryName,
        _ paths: Set<String>,
        in store: any ObjectStore,
        _ layout: KeyLayout
    ) async throws -> [String: ETag] {
        var etags: [String: ETag] = [:]
        for path in paths.sorted() { etags[path] = try await etag(of: path, name, in: store, layout) }
        return etags
    }

    /// The tag of a file as the store has it now; nil when it is not there.
    static func etag(
        of path: String,
        _ name: RegistryName,
        in store: any ObjectStore,
        _ layout: KeyLayout
    ) async throws -> ETag? {
        do {
            return try await store.head(layout.flatKey(name, path)).etag
        } catch let error as ObjectStoreError where error.kind == .notFound {
            return nil
        }
    }
}
