// SPDX-License-Identifier: Apache-2.0

import ObjectStore

extension Registry {
    /// Gets a version's files into the cache, verified.
    ///
    /// - Throws: `RegistryError` of kind `.retired` when the files were collected, `.corrupted` when they are damaged.
    public func fetch(
        _ version: VersionRecord,
        of name: RegistryName,
        into cache: LocalCache,
        progress: @escaping @Sendable (RegistryProgress) -> Void = { _ in }
    ) async throws -> LocalCache.Entry {
        if let entry = try await cache.entry(version.tree.digest) { return entry }
        let meter = ByteMeter(.downloading, total: version.tree.byteCount, report: progress)
        let download = ObjectDownload(store: store, engine: engine, meter: meter)
        let (layout, concurrency) = (layout, configuration.concurrency)
        do {
            return try await cache.obtain(version.tree.digest, version.tree.files, concurrency: concurrency) {
                file,
                path in
                let key = try layout.treeKey(name, version.tree.id, file.path)
                try await download.fetch(key, file, to: path)
            }
        } catch let error as ObjectStoreError where error.kind == .notFound {
            throw missing(version, name, error)
        }
    }

    private func missing(_ version: VersionRecord, _ name: RegistryName, _ error: ObjectStoreError) -> RegistryError {
        if let retired = version.retired {
            return RegistryError(
                .retired,
                "version \(version.number) of '\(name)' was retired on \(retired) and its files were collected"
            )
        }
        return RegistryError(
            .corrupted,
            "version \(version.number) of '\(name)' is in the log, but a file is not in the store: \(error). If the bucket is a replica, it may follow; else restore it from the object versions"
        )
    }
}
