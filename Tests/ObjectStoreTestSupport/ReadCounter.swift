// SPDX-License-Identifier: Apache-2.0

package import NIOCore
package import ObjectStore
import Synchronization

/// A store that counts what is read from it; writes pass through.
package final class ReadCounter: ObjectStore {
    private let base: any ObjectStore
    private let counts = Mutex((requests: 0, bytes: 0))

    /// Wraps a store.
    package init(_ base: any ObjectStore) { self.base = base }

    /// How many reads there were.
    package var requests: Int { counts.withLock(\.requests) }
    /// The bytes of the ranges that were asked for.
    package var bytes: Int { counts.withLock(\.bytes) }
    /// The wrapped store's place.
    package var location: String { base.location }

    /// Counts, and reads.
    package func get(_ key: ObjectKey, _ options: GetOptions) async throws -> ObjectBody {
        let body = try await base.get(key, options)
        counts.withLock { counts in
            counts.requests += 1
            counts.bytes += body.range.count
        }
        return body
    }
    /// Passes through.
    package func head(_ key: ObjectKey, _ options: GetOptions) async throws -> ObjectInfo {
        try await base.head(key, options)
    }
    /// Passes through.
    package func put(_ key: ObjectKey, _ body: ByteBuffer, _ options: PutOptions) async throws -> WrittenObject {
        try await base.put(key, body, options)
    }
    /// Passes through.
    package func createMultipart(_ key: ObjectKey, _ options: PutOptions) async throws -> MultipartUpload {
        try await base.createMultipart(key, options)
    }
    /// Passes through.
    package func uploadPart(_ upload: MultipartUpload, number: Int, _ body: ByteBuffer) async throws -> UploadedPart {
        try await base.uploadPart(upload, number: number, body)
    }
    /// Passes through.
    package func listParts(_ upload: MultipartUpload) async throws -> [UploadedPart] {
        try await base.listParts(upload)
    }
    /// Passes through.
    package func completeMultipart(
        _ upload: MultipartUpload,
        parts: [UploadedPart],
        _ options: CompleteOptions
    ) async throws -> WrittenObject {
        try await base.completeMultipart(upload, parts: parts, options)
    }
    /// Passes through.
    package func abortMultipart(_ upload: MultipartUpload) async throws { try await base.abortMultipart(upload) }
    /// Passes through.
    package func copy(
        _ source: ObjectKey,
        to destination: ObjectKey,
        _ options: CopyOptions
    ) async throws -> WrittenObject {
        try await base.copy(source, to: destination, options)
    }
    /// Passes through.
    package func delete(_ key: ObjectKey, version: VersionID?, ifMatch: ETag?) async throws -> DeletedObject {
        try await base.delete(key, version: version, ifMatch: ifMatch)
    }
    /// Passes through.
    package func list(_ options: ListOptions) async throws -> ListPage { try await base.list(options) }
    /// Passes through.
    package func listVersions(_ options: VersionListOptions) async throws -> VersionPage {
        try await base.listVersions(options)
    }
    /// Passes through.
    package func versioning() async throws -> Versioning { try await base.versioning() }
}
