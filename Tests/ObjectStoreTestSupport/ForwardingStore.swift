// SPDX-License-Identifier: Apache-2.0

package import NIOCore
package import ObjectStore

/// A store that hands every request on to another; one that counts or breaks some of them writes only those itself.
package protocol ForwardingStore: ObjectStore {
    /// The store that does the work.
    var base: any ObjectStore { get }
    /// Called before each request with its name; what it throws takes the answer's place.
    func willAsk(_ operation: String) throws
}

extension ForwardingStore {
    /// Nothing is looked at.
    package func willAsk(_ operation: String) throws {}

    /// The wrapped store's place.
    package var location: String { base.location }

    /// Hands on.
    package func head(_ key: ObjectKey, _ options: GetOptions) async throws -> ObjectInfo {
        try willAsk("head")
        return try await base.head(key, options)
    }

    /// Hands on.
    package func get(_ key: ObjectKey, _ options: GetOptions) async throws -> ObjectBody {
        try willAsk("get")
        return try await base.get(key, options)
    }

    /// Hands on.
    package func put(_ key: ObjectKey, _ body: ByteBuffer, _ options: PutOptions) async throws -> WrittenObject {
        try willAsk("put")
        return try await base.put(key, body, options)
    }

    /// Hands on, so that the wrapped store reads the file as it would by itself.
    package func put(_ key: ObjectKey, _ body: FileSlice, _ options: PutOptions) async throws -> WrittenObject {
        try willAsk("put")
        return try await base.put(key, body, options)
    }

    /// Hands on.
    package func createMultipart(_ key: ObjectKey, _ options: PutOptions) async throws -> MultipartUpload {
        try willAsk("multipart")
        return try await base.createMultipart(key, options)
    }

    /// Hands on.
    package func uploadPart(_ upload: MultipartUpload, number: Int, _ body: ByteBuffer) async throws -> UploadedPart {
        try willAsk("part")
        return try await base.uploadPart(upload, number: number, body)
    }

    /// Hands on, so that the wrapped store reads the file as it would by itself.
    package func uploadPart(_ upload: MultipartUpload, number: Int, _ body: FileSlice) async throws -> UploadedPart {
        try willAsk("part")
        return try await base.uploadPart(upload, number: number, body)
    }

    /// Hands on.
    package func listParts(_ upload: MultipartUpload) async throws -> [UploadedPart] {
        try willAsk("parts")
        return try await base.listParts(upload)
    }

    /// Hands on.
    package func completeMultipart(
        _ upload: MultipartUpload,
        parts: [UploadedPart],
        _ options: CompleteOptions
    ) async throws -> WrittenObject {
        try willAsk("complete")
        return try await base.completeMultipart(upload, parts: parts, options)
    }

    /// Hands on.
    package func abortMultipart(_ upload: MultipartUpload) async throws {
        try willAsk("abort")
        try await base.abortMultipart(upload)
    }

    /// Hands on.
    package func copy(
        _ source: ObjectKey,
        to destination: ObjectKey,
        _ options: CopyOptions
    ) async throws -> WrittenObject {
        try willAsk("copy")
        return try await base.copy(source, to: destination, options)
    }

    /// Hands on.
    package func delete(_ key: ObjectKey, version: VersionID?, ifMatch: ETag?) async throws -> DeletedObject {
        try willAsk("delete")
        return try await base.delete(key, version: version, ifMatch: ifMatch)
    }

    /// Hands on.
    package func list(_ options: ListOptions) async throws -> ListPage {
        try willAsk("list")
        return try await base.list(options)
    }

    /// Hands on.
    package func listVersions(_ options: VersionListOptions) async throws -> VersionPage {
        try willAsk("list")
        return try await base.listVersions(options)
    }

    /// Hands on.
    package func versioning() async throws -> Versioning {
        try willAsk("versioning")
        return try await base.versioning()
    }
}
