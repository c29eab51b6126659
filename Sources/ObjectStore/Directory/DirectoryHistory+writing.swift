// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore

// Changes of one key. Every one holds the key's lock, which a crash gives back; readers take none.
//
// Order of a write: record (pending) → bytes under the version's name → bytes under the visible name (this is the
// commit) → record settled. A crash before the commit leaves a pending record that the next writer removes; after it, one
// that readers accept (the visible file is the record's) and the next writer settles.

extension DirectoryHistory {
    /// Does something while nobody else changes the key.
    func locked<Result>(_ body: () throws(ObjectStoreError) -> Result) throws(ObjectStoreError) -> Result {
        try LocalDirectory.create(layout.side + "/locks")
        let lock = try LocalFile(layout.lock(key), .createOrUpdate)
        try lock.lockExclusively()
        try repair()
        return try body()
    }

    private func repair() throws(ObjectStoreError) {
        for name in try names() where name.isPending {
            let isCommitted: Bool
            if name.isMarker {
                isCommitted = try LocalDirectory.status(visiblePath) == nil
            } else {
                isCommitted = try LocalDirectory.status(visiblePath)?.identity == name.identity
            }
            if isCommitted {
                try settle(name)
            } else {
                try discard(name)
            }
        }
    }

    private func settle(_ name: DirectoryRecordName) throws(ObjectStoreError) {
        try LocalDirectory.rename(recordsPath + "/" + name.text, to: recordsPath + "/" + name.settled.text)
    }

    private func discard(_ name: DirectoryRecordName) throws(ObjectStoreError) {
        try LocalDirectory.remove(recordsPath + "/" + name.dataName)
        try LocalDirectory.remove(recordsPath + "/" + name.text)
    }

    /// Makes a finished temporary file the current object.
    func publish(
        _ temporary: LocalFile,
        _ info: ObjectInfo,
        _ condition: WriteCondition,
        _ versioning: Versioning,
        now: Date
    )
        throws(ObjectStoreError) -> WrittenObject
    {
        try check(condition)
        try keepForeign(versioning)
        let identity = try temporary.status().identity
        let name = DirectoryRecordName(order: try nextOrder(), isNull: versioning != .enabled, identity: identity)
        try write(DirectoryRecord(info, modified: now), name)
        if versioning != .off {
            _ = try LocalDirectory.link(temporary.path, to: recordsPath + "/" + name.dataName)
        }
        do throws(ObjectStoreError) {
            try show(temporary.path, onlyIfAbsent: condition == .ifAbsent)
        } catch {
            try discard(name)
            throw error
        }
        try settle(name)
        try LocalDirectory.synchronize(recordsPath)
        try forgetNullVersions(before: name, versioning)
        return WrittenObject(etag: info.etag, version: versioning == .off ? nil : name.version)
    }

    /// Checks a condition against the current object.
    func check(_ condition: WriteCondition) throws(ObjectStoreError) {
        switch condition {
        case .none: return
        case .ifAbsent:
            if try current() != nil {
                throw ObjectStoreError(.preconditionFailed, key: key.text, message: "the object is there already")
            }
        case .ifMatch(let etag):
            guard let found = try current() else {
                throw ObjectStoreError(
                    .preconditionFailed,
                    key: key.text,
                    message: "there is no object to match \(etag)"
                )
            }
            if found.info.etag != etag {
                throw ObjectStoreError(
                    .preconditionFailed,
                    key: key.text,
                    message: "the object is \(found.info.etag), not \(etag)"
                )
            }
        }
    }

    /// Deletes the current object: with versions, a marker says so.
    func delete(_ versioning: Versioning, now: Date) throws(ObjectStoreError) -> DeletedObject {
        if versioning == .off {
            try hide()
            for name in try names() { try discard(name) }
            removeEmptyDirectories()
            return DeletedObject()
        }
        try keepForeign(versioning)
        let name = DirectoryRecordName(
            order: try nextOrder(),
            isNull: versioning != .enabled,
            identity: DirectoryRecordName.marker
        )
        try write(DirectoryRecord(markerAt: now), name)
        try hide()
        try settle(name)
        try LocalDirectory.synchronize(recordsPath)
        try forgetNullVersions(before: name, versioning)
        removeEmptyDirectories()
        return DeletedObject(version: name.version, isDeleteMarker: true)
    }

    /// Deletes one version for good; the one before it becomes current if it was the current one.
    func delete(version: VersionID) throws(ObjectStoreError) -> DeletedObject {
        let names = try names()
        let current = try current()
        guard let name = names.last(where: { $0.version == version }) else {
            if let current, current.info.version == version { try hide() }
            removeEmptyDirectories()
            return DeletedObject(version: version)
        }
        let isCurrent = current == nil ? name == names.last && name.isMarker : current?.name == name
        if isCurrent {
            let previous = names.last { $0 != name }
            if let previous, !previous.isMarker {
                let temporary = layout.newTemporary()
                try LocalDirectory.create(layout.temporary)
                _ = try LocalDirectory.link(recordsPath + "/" + previous.dataName, to: temporary)
                try show(temporary, onlyIfAbsent: false)
            } else {
                try hide()
            }
        }
        try discard(name)
        removeEmptyDirectories()
        return DeletedObject(version: version, isDeleteMarker: name.isMarker)
    }

    /// With versions on, a file that somebody put there by hand is kept as a version before it is replaced.
    private func keepForeign(_ versioning: Versioning) throws(ObjectStoreError) {
        guard versioning != .off, let current = try current(), current.name == nil else { return }
        let status = try current.file.status()
        let name = DirectoryRecordName(order: try nextOrder(), isNull: false, identity: status.identity)
        try write(DirectoryRecord(current.info, modified: current.info.lastModified ?? Date()), name)
        _ = try LocalDirectory.link(visiblePath, to: recordsPath + "/" + name.dataName)
        try settle(name)
    }

    private func nextOrder() throws(ObjectStoreError) -> Int { (try names().last?.order ?? 0) + 1 }

    private func write(_ record: DirectoryRecord, _ name: DirectoryRecordName) throws(ObjectStoreError) {
        try LocalDirectory.create(recordsPath)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let bytes: Data
        do {
            bytes = try encoder.encode(record)
        } catch {
            throw ObjectStoreError(
                .invalidRequest,
                key: key.text,
                message: "its properties cannot be written: \(error)"
            )
        }
        // Written aside first: a reader that finds the name finds the whole record.
        let aside = layout.newTemporary()
        try LocalDirectory.create(layout.temporary)
        let file = try LocalFile(aside, .createNew)
        try file.write(.init(bytes: bytes), at: 0)
        try file.synchronize()
        try LocalDirectory.rename(aside, to: recordsPath + "/" + name.text)
    }

    private func show(_ temporary: String, onlyIfAbsent: Bool) throws(ObjectStoreError) {
        let parent = LocalDirectory.parent(of: visiblePath) ?? layout.root
        for attempt in 1...10 {
            try LocalDirectory.create(parent)
            do throws(ObjectStoreError) {
                if onlyIfAbsent {
                    // link, not rename: it also loses against someone who copies a file there by hand.
                    guard try LocalDirectory.link(temporary, to: visiblePath) else {
                        throw ObjectStoreError(
                            .preconditionFailed,
                            key: key.text,
                            message: "the object is there already"
                        )
                    }
                    try LocalDirectory.remove(temporary)
                } else {
                    try LocalDirectory.rename(temporary, to: visiblePath)
                }
                return try LocalDirectory.synchronize(parent)
            } catch  where error.kind == .notFound && attempt < 10 {
                // Another key's deletion has just removed the empty directory.
                continue
            }
        }
    }

    private func hide() throws(ObjectStoreError) {
        try LocalDirectory.remove(visiblePath)
        if let parent = LocalDirectory.parent(of: visiblePath), try LocalDirectory.status(parent) != nil {
            try LocalDirectory.synchronize(parent)
        }
    }

    /// S3 has one `null` version; without versions none but the last write is kept.
    private func forgetNullVersions(before last: DirectoryRecordName, _ versioning: Versioning) throws(ObjectStoreError)
    {
        if versioning == .enabled { return }
        for name in try names() where name < last && (name.isNull || versioning == .off) { try discard(name) }
    }

    private func removeEmptyDirectories() {
        Self.removeEmpty(from: recordsPath, to: layout.side + "/versions")
        Self.removeEmpty(from: LocalDirectory.parent(of: visiblePath) ?? layout.root, to: layout.root)
    }

    private static func removeEmpty(from start: String, to end: String) {
        var path = start
        while path.utf8.count > end.utf8.count, LocalDirectory.removeEmpty(path),
            let parent = LocalDirectory.parent(of: path)
        {
            path = parent
        }
    }
}
