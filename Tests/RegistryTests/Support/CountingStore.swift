// SPDX-License-Identifier: Apache-2.0

import NIOCore
import ObjectStore
import Synchronization

/// A store that counts requests, and can be out of reach.
final class CountingStore: ObjectStore {
    private struct State {
        var counts: [String: Int] = [:]
        var isOut = false
    }

    private let base: any ObjectStore
    private let state = Mutex(State())

    init(_ base: any ObjectStore) { self.base = base }

    var location: String { base.location }
    var total: Int { state.withLock { $0.counts.values.reduce(0, +) } }

    func count(of operation: String) -> Int { state.withLock { $0.counts[operation] ?? 0 } }

    /// From now on nothing can be reached, or everything again.
    func setOut(_ isOut: Bool) { state.withLock { $0.isOut = isOut } }

    private func note(_ operation: String) throws {
        let isOut = state.withLock { state in
            state.counts[operation, default: 0] += 1
            return state.isOut
        }
        if isOut {
            throw ObjectStoreError(
                .connectionFailed,
                operation: operation,
                location: location,
                message: "nobody answers"
            )
        }
    }

    func head(_ key: ObjectKey, _ options: GetOptions) async throws -> ObjectInfo {
        try note("head")
        return try await base.head(key, options)
    }

    func get(_ key: ObjectKey, _ options: GetOptions) async throws -> ObjectBody {
        try note("get")
        return try await base.get(key, options)
    }

    func put(_ key: ObjectKey, _ body: ByteBuffer, _ options: PutOptions) async throws -> WrittenObject {
        try note("put")
        return try await base.put(key, body, options)
    }

    func createMultipart(_ key: ObjectKey, _ options: PutOptions) async throws -> MultipartUpload {
        try note("multipart")
        return try await base.createMultipart(key, options)
    }

    func uploadPart(_ upload: MultipartUpload, number: Int, _ body: ByteBuffer) async throws -> UploadedPart {
        try note("part")
        return try await base.uploadPart(upload, number: number, body)
    }

    func listParts(_ upload: MultipartUpload) async throws -> [UploadedPart] { try await base.listParts(upload) }

    func completeMultipart(
        _ upload: MultipartUpload,
        parts: [UploadedPart],
        _ options: CompleteOptions
    ) async throws
        -> WrittenObject
    {
        try note("complete")
        return try await base.completeMultipart(upload, parts: parts, options)
    }

    func abortMultipart(_ upload: MultipartUpload) async throws { try await base.abortMultipart(upload) }

    func copy(_ source: ObjectKey, to destination: ObjectKey, _ options: CopyOptions) async throws -> WrittenObject {
        try note("copy")
        return try await base.copy(source, to: destination, options)
    }

    func delete(_ key: ObjectKey, version: VersionID?, ifMatch: ETag?) async throws -> DeletedObject {
        try note("delete")
        return try await base.delete(key, version: version, ifMatch: ifMatch)
    }

    func list(_ options: ListOptions) async throws -> ListPage {
        try note("list")
        return try await base.list(options)
    }

    func listVersions(_ options: VersionListOptions) async throws -> VersionPage {
        try note("list")
        return try await base.listVersions(options)
    }

    func versioning() async throws -> Versioning { try await base.versioning() }
}
