// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore

/// One key in a directory store: the file one sees, and the records of its versions.
///
/// Blocking.
struct DirectoryHistory: Sendable {
    let layout: DirectoryLayout
    let key: ObjectKey

    var visiblePath: String { layout.visible(key) }
    var recordsPath: String { layout.records(key) }

    /// All records, the oldest first.
    func names() throws(ObjectStoreError) -> [DirectoryRecordName] {
        try LocalDirectory.names(recordsPath).compactMap(DirectoryRecordName.init).sorted()
    }

    func record(_ name: DirectoryRecordName) throws(ObjectStoreError) -> DirectoryRecord {
        let file = try LocalFile(recordsPath + "/" + name.text, .read)
        let size = try file.status().size
        let bytes = try file.read(at: 0, count: min(size, 1 << 20))
        do {
            return try JSONDecoder().decode(DirectoryRecord.self, from: Data(bytes.readableBytesView))
        } catch {
            throw ObjectStoreError(.malformedResponse, key: key.text, message: "its record \(file.path) is damaged")
        }
    }

    /// The visible file, opened, and what is known about it.
    ///
    /// A writer may replace the file between opening it and reading its record; then the new one is taken.
    func current() throws(ObjectStoreError) -> (file: LocalFile, info: ObjectInfo, name: DirectoryRecordName?)? {
        for _ in 0..<100 {
            guard let file = try openVisible() else { return nil }
            let status = try file.status()
            if status.kind != .file { return nil }
            if let (name, record) = try recordOfFile(status.identity) {
                return (file, record.info(key, version: name.version), name)
            }
            if try LocalDirectory.status(visiblePath)?.identity == status.identity {
                return (file, foreignInfo(status), nil)
            }
        }
        throw ObjectStoreError(.conflict, key: key.text, message: "it is being overwritten without pause")
    }

    private func openVisible() throws(ObjectStoreError) -> LocalFile? {
        guard try LocalDirectory.status(visiblePath)?.kind == .file else { return nil }
        do throws(ObjectStoreError) {
            return try LocalFile(visiblePath, .read)
        } catch  where error.kind == .notFound {
            return nil
        }
    }

    private func recordOfFile(_ identity: String) throws(ObjectStoreError) -> (DirectoryRecordName, DirectoryRecord)? {
        // Twice: a record may change its name from pending to settled in between.
        for _ in 0..<2 {
            guard let name = try names().last(where: { $0.identity == identity }) else { return nil }
            do throws(ObjectStoreError) {
                return (name, try record(name))
            } catch  where error.kind == .notFound {
                continue
            }
        }
        return nil
    }

    /// A file that somebody put there by hand: its tag is its identity, its version S3's `null`.
    func foreignInfo(_ status: FileStatus) -> ObjectInfo {
        ObjectInfo(
            key: key,
            size: status.size,
            etag: ETag("\"\(status.identity)\""),
            lastModified: Date(timeIntervalSince1970: Double(status.modified) / 1e9),
            version: VersionID("null")
        )
    }

    /// A version by its name.
    func version(_ version: VersionID) throws(ObjectStoreError) -> (file: LocalFile, info: ObjectInfo)? {
        if let name = try names().last(where: { $0.version == version && !$0.isPending }) {
            if name.isMarker { return nil }
            let info = try record(name).info(key, version: version)
            let file = try openData(name)
            if try file.status().identity != name.identity {
                throw ObjectStoreError(
                    .corrupted,
                    key: key.text,
                    message: "version \(version) was edited in place; its bytes are lost"
                )
            }
            return (file, info)
        }
        guard let current = try current(), current.info.version == version else { return nil }
        return (current.file, current.info)
    }

    private func openData(_ name: DirectoryRecordName) throws(ObjectStoreError) -> LocalFile {
        do throws(ObjectStoreError) {
            return try LocalFile(recordsPath + "/" + name.dataName, .read)
        } catch  where error.kind == .notFound {
            // Without versions the visible file is the only one.
            return try LocalFile(visiblePath, .read)
        }
    }

    /// All versions, the newest first, as a listing shows them.
    func listed() throws(ObjectStoreError) -> [ListedVersion] {
        let current = try current()
        let names = try names().filter { !$0.isPending || $0 == current?.name }
        let latest = current == nil ? names.last(where: \.isMarker) : current?.name
        var versions: [ListedVersion] = []
        if let current, current.name == nil { versions.append(listedForeign(current.info)) }
        for name in names.reversed() {
            let record: DirectoryRecord
            do throws(ObjectStoreError) {
                record = try self.record(name)
            } catch  where error.kind == .notFound {
                continue
            }
            versions.append(
                ListedVersion(
                    key: key.text,
                    version: name.version,
                    isLatest: name == latest,
                    isDeleteMarker: name.isMarker,
                    size: record.size,
                    etag: record.etag.map { ETag($0) },
                    lastModified: record.modified
                )
            )
        }
        return versions
    }

    private func listedForeign(_ info: ObjectInfo) -> ListedVersion {
        ListedVersion(
            key: key.text,
            version: VersionID("null"),
            isLatest: true,
            isDeleteMarker: false,
            size: info.size,
            etag: info.etag,
            lastModified: info.lastModified
        )
    }
}
