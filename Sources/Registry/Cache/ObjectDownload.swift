// SPDX-License-Identifier: Apache-2.0

import ObjectStore
import Synchronization

/// Gets objects of a version, and adds up how far all of them are.
struct ObjectDownload: Sendable {
    let store: any ObjectStore
    let engine: TransferEngine
    let meter: ByteMeter?

    /// Fetches an object that must be what a log or a manifest says.
    func fetch(_ key: ObjectKey, _ file: FileRecord, to path: String) async throws {
        try await run(key, ExpectedContent(size: file.size, sha256: file.sha256), to: path)
    }

    /// Fetches an object whose hash nobody has told us, as it was when it was listed.
    ///
    /// - Throws: `ObjectStoreError` of kind `.changedDuringTransfer` when it is another one by now.
    func fetch(_ key: ObjectKey, size: Int, etag: ETag, to path: String) async throws {
        let found = try await run(key, ExpectedContent(size: size), to: path)
        if found.etag == etag || size == 0 { return }
        throw ObjectStoreError(
            .changedDuringTransfer,
            operation: "get",
            location: store.location,
            key: key.text,
            message: "somebody overwrote it meanwhile"
        )
    }

    @discardableResult
    private func run(
        _ key: ObjectKey,
        _ expected: ExpectedContent,
        to path: String
    ) async throws
        -> TransferEngine.Downloaded
    {
        let seen = Mutex(0)
        return try await engine.download(StoredObject(store, key), to: path, expected: expected) { progress in
            let added = seen.withLock { seen in
                defer { seen = max(seen, progress.completedBytes) }
                return max(0, progress.completedBytes - seen)
            }
            meter?.add(added)
        }
    }
}
