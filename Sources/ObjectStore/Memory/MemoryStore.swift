// SPDX-License-Identifier: Apache-2.0

import Crypto
public import Foundation
public import NIOCore
import Synchronization

/// A store in memory, with S3's semantics: for tests, and for playing through orders of events.
///
/// Nothing in it is random: the same requests give the same versions and tags.
public final class MemoryStore: ObjectStore {
    private let table: Mutex<ObjectTable>
    private let now: @Sendable () -> Date

    /// An empty store.
    ///
    /// - Parameters:
    ///   - versioning: Whether old versions are kept.
    ///   - now: The clock for `lastModified`.
    public init(versioning: Versioning = .enabled, now: @escaping @Sendable () -> Date = { Date() }) {
        table = Mutex(ObjectTable(versioning: versioning))
        self.now = now
    }

    /// `memory:`.
    public var location: String { "memory:" }

    /// Reads an object's properties.
    public func head(_ key: ObjectKey, _ options: GetOptions) async throws -> ObjectInfo {
        let info = try located("head") { table throws(ObjectStoreError) in
            try table.find(key, version: options.version).info
        }
        try options.check(info, operation: "head", location: location)
        return info
    }

    /// Opens an object for reading.
    public func get(_ key: ObjectKey, _ options: GetOptions) async throws -> ObjectBody {
        let (info, bytes) = try located("get") { table throws(ObjectStoreError) in
            try table.find(key, version: options.version)
        }
        try options.check(info, operation: "get", location: location)
        let range = try options.resolvedRange(of: info, location: location)
        let slice = bytes.getSlice(at: bytes.readerIndex + range.lowerBound, length: range.count) ?? ByteBuffer()
        return ObjectBody(info: info, range: range, bytes: ByteStream(slice))
    }

    /// Writes an object.
    public func put(_ key: ObjectKey, _ body: ByteBuffer, _ options: PutOptions) async throws -> WrittenObject {
        let info = ObjectInfo(key: key, body: body, options: options)
        let time = now()
        return try located("put") { table throws(ObjectStoreError) in
            try table.put(info, body, options.condition, now: time)
        }
    }

    /// Starts an upload in parts.
    public func createMultipart(_ key: ObjectKey, _ options: PutOptions) async throws -> MultipartUpload {
        table.withLock { $0.createUpload(key, options) }
    }

    /// Sends one part.
    public func uploadPart(_ upload: MultipartUpload, number: Int, _ body: ByteBuffer) async throws -> UploadedPart {
        let part = try UploadedPart(number: number, body: body, upload: upload)
        try located("upload part of") { table throws(ObjectStoreError) in try table.addPart(part, body, to: upload) }
        return part
    }

    /// The parts that the store has.
    public func listParts(_ upload: MultipartUpload) async throws -> [UploadedPart] {
        try located("list parts of") { table throws(ObjectStoreError) in
            try table.upload(upload).parts.values.map(\.part).sorted { $0.number < $1.number }
        }
    }

    /// Makes the parts the object.
    public func completeMultipart(
        _ upload: MultipartUpload,
        parts: [UploadedPart],
        _ options: CompleteOptions
    ) async throws -> WrittenObject {
        let time = now()
        return try located("complete upload of") { table throws(ObjectStoreError) in
            let found = try table.upload(upload)
            try MultipartRules.check(parts, against: found.parts.mapValues(\.part), key: upload.key)
            var whole = ByteBuffer()
            for part in parts {
                if let bytes = found.parts[part.number]?.bytes { whole.writeImmutableBuffer(bytes) }
            }
            let bytes = whole
            let info = try MultipartRules.info(found.key, parts: parts, options: found.options, completing: options) {
                ChecksumHasher.checksum($0, of: bytes)
            }
            let written = try table.put(info, whole, options.condition, now: time)
            table.removeUpload(upload)
            return written
        }
    }

    /// Gives an upload up.
    public func abortMultipart(_ upload: MultipartUpload) async throws {
        table.withLock { $0.removeUpload(upload) }
    }

    /// Copies an object inside the store.
    public func copy(
        _ source: ObjectKey,
        to destination: ObjectKey,
        _ options: CopyOptions
    ) async throws -> WrittenObject {
        let time = now()
        return try located("copy") { table throws(ObjectStoreError) in
            var (info, bytes) = try table.find(source, version: options.version)
            if let etag = options.ifSourceMatch, etag != info.etag {
                throw ObjectStoreError(
                    .preconditionFailed,
                    key: source.text,
                    message: "the source is \(info.etag), not \(etag)"
                )
            }
            info.key = destination
            info.metadata = options.metadata.map(PutOptions.lowercased) ?? info.metadata
            return try table.put(info, bytes, options.condition, now: time)
        }
    }

    /// Deletes an object or one version of it.
    public func delete(_ key: ObjectKey, version: VersionID?, ifMatch: ETag?) async throws -> DeletedObject {
        let time = now()
        return try located("delete") { table throws(ObjectStoreError) in
            try table.delete(key, version: version, ifMatch: ifMatch, now: time)
        }
    }

    /// Lists a page of objects.
    public func list(_ options: ListOptions) async throws -> ListPage {
        table.withLock { $0.list(options) }
    }

    /// Lists a page of versions.
    public func listVersions(_ options: VersionListOptions) async throws -> VersionPage {
        table.withLock { $0.listVersions(options) }
    }

    /// Whether old versions are kept.
    public func versioning() async throws -> Versioning {
        table.withLock { $0.versioning }
    }

    private func located<Result: Sendable>(
        _ operation: String,
        _ body: (inout sending ObjectTable) throws(ObjectStoreError) -> sending Result
    ) throws -> Result {
        do throws(ObjectStoreError) {
            return try table.withLock(body)
        } catch {
            throw error.at(operation: operation, location: location)
        }
    }
}
