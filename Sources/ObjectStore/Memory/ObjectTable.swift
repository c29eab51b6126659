// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import NIOCore

/// The rules of an object store as a plain value: what versions there are and which request changes them how.
///
/// It does no I/O and has no clock, so that every order of requests can be played through.
struct ObjectTable: Sendable {
    struct Version: Sendable {
        var id: VersionID
        /// nil for a delete marker.
        var content: (info: ObjectInfo, bytes: ByteBuffer)?
        var modified: Date
    }

    struct Upload: Sendable {
        var key: ObjectKey
        var options: PutOptions
        var parts: [Int: (part: UploadedPart, bytes: ByteBuffer)] = [:]
    }

    var versioning: Versioning
    /// The versions of each key, the newest last.
    private(set) var objects: [ObjectKey: [Version]] = [:]
    private var uploads: [String: Upload] = [:]
    private var counter = 0

    init(versioning: Versioning) { self.versioning = versioning }

    // MARK: Reading

    func find(_ key: ObjectKey, version: VersionID?) throws(ObjectStoreError) -> (info: ObjectInfo, bytes: ByteBuffer) {
        let found = version.map { id in objects[key]?.last { $0.id == id } } ?? objects[key]?.last
        guard let content = found?.content else {
            let what = version.map { "there is no version \($0) of it" } ?? "there is no such object"
            throw ObjectStoreError(.notFound, key: key.text, message: what)
        }
        return content
    }

    func current(_ key: ObjectKey) -> ObjectInfo? { objects[key]?.last?.content?.info }

    func check(_ condition: WriteCondition, on key: ObjectKey) throws(ObjectStoreError) {
        switch condition {
        case .none: break
        case .ifAbsent:
            if current(key) != nil {
                throw ObjectStoreError(.preconditionFailed, key: key.text, message: "the object is there already")
            }
        case .ifMatch(let etag):
            guard let info = current(key) else {
                throw ObjectStoreError(
                    .preconditionFailed,
                    key: key.text,
                    message: "there is no object to match \(etag)"
                )
            }
            if info.etag != etag {
                throw ObjectStoreError(
                    .preconditionFailed,
                    key: key.text,
                    message: "the object is \(info.etag), not \(etag)"
                )
            }
        }
    }

    // MARK: Writing

    mutating func put(
        _ object: ObjectInfo,
        _ bytes: ByteBuffer,
        _ condition: WriteCondition,
        now: Date
    )
        throws(ObjectStoreError) -> WrittenObject
    {
        try check(condition, on: object.key)
        let id = nextVersion()
        var info = object
        info.version = versioning == .off ? nil : id
        info.lastModified = now
        append(Version(id: id, content: (info, bytes), modified: now), to: object.key)
        return WrittenObject(etag: info.etag, version: info.version)
    }

    mutating func delete(
        _ key: ObjectKey,
        version: VersionID?,
        ifMatch: ETag?,
        now: Date
    )
        throws(ObjectStoreError) -> DeletedObject
    {
        if let ifMatch { try check(.ifMatch(ifMatch), on: key) }
        if let version {
            guard let index = objects[key]?.lastIndex(where: { $0.id == version }) else {
                return DeletedObject(version: version)
            }
            let removed = objects[key]?.remove(at: index)
            if objects[key]?.isEmpty == true { objects[key] = nil }
            return DeletedObject(version: version, isDeleteMarker: removed?.content == nil)
        }
        if versioning == .off {
            objects[key] = nil
            return DeletedObject()
        }
        let id = nextVersion()
        append(Version(id: id, content: nil, modified: now), to: key)
        return DeletedObject(version: id, isDeleteMarker: true)
    }

    private mutating func append(_ version: Version, to key: ObjectKey) {
        switch versioning {
        case .off: objects[key] = [version]
        case .enabled: objects[key, default: []].append(version)
        case .suspended:
            objects[key, default: []].removeAll { $0.id == version.id }
            objects[key, default: []].append(version)
        }
    }

    private mutating func nextVersion() -> VersionID {
        if versioning != .enabled { return VersionID("null") }
        counter += 1
        return VersionID("v" + String(counter + 1_000_000_000).dropFirst())
    }

    // MARK: Uploads in parts

    mutating func createUpload(_ key: ObjectKey, _ options: PutOptions) -> MultipartUpload {
        counter += 1
        uploads["upload-\(counter)"] = Upload(key: key, options: options)
        return MultipartUpload(key: key, id: "upload-\(counter)", checksum: options.checksum)
    }

    func upload(_ upload: MultipartUpload) throws(ObjectStoreError) -> Upload {
        guard let found = uploads[upload.id], found.key.text == upload.key else {
            throw ObjectStoreError(.noSuchUpload, key: upload.key, message: "there is no upload \(upload.id) of it")
        }
        return found
    }

    mutating func addPart(
        _ part: UploadedPart,
        _ bytes: ByteBuffer,
        to target: MultipartUpload
    ) throws(ObjectStoreError) {
        _ = try upload(target)
        uploads[target.id]?.parts[part.number] = (part, bytes)
    }

    mutating func removeUpload(_ upload: MultipartUpload) { uploads[upload.id] = nil }

    // MARK: Listing

    func list(_ options: ListOptions) -> ListPage {
        let listed = objects.compactMap { key, versions -> ListedObject? in
            guard let info = versions.last?.content?.info, ListPage.admits(key.text, options) else { return nil }
            return ListedObject(key: key.text, size: info.size, etag: info.etag, lastModified: info.lastModified)
        }
        return ListPage.paged(listed.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }, options)
    }

    func listVersions(_ options: VersionListOptions) -> VersionPage {
        var listed: [ListedVersion] = []
        for (key, versions) in objects.sorted(by: { $0.key < $1.key })
        where key.text.utf8.starts(with: options.prefix.utf8) {
            for (index, version) in versions.enumerated().reversed() {
                listed.append(
                    ListedVersion(
                        key: key.text,
                        version: version.id,
                        isLatest: index == versions.count - 1,
                        isDeleteMarker: version.content == nil,
                        size: version.content?.info.size ?? 0,
                        etag: version.content?.info.etag,
                        lastModified: version.modified
                    )
                )
            }
        }
        return VersionPage.paged(listed, options)
    }
}
