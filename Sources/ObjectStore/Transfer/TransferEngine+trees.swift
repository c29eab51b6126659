// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

extension TransferEngine {
    /// Downloads what lies below a prefix into a directory: many small files side by side, large ones in parts.
    ///
    /// Each file appears whole and verified, dated as its object, or not at all; what an interrupted run has finished
    /// stays, and is not fetched again.
    ///
    /// - Parameters:
    ///   - store: The store.
    ///   - prefix: The folder, with or without `/` at its end; empty for the whole store.
    ///   - directory: Where to; made if missing.
    ///   - options: What is left alone, and what is deleted.
    ///   - progress: Gets how far all files are.
    /// - Returns: What was done.
    /// - Throws: `.invalidKey` for keys that cannot be files beside each other, before anything is fetched; else what
    ///   downloading one of them throws.
    @discardableResult
    public func downloadTree(
        _ store: any ObjectStore,
        prefix: String,
        to directory: String,
        _ options: TreeOptions = TreeOptions(),
        progress: (@Sendable (TransferProgress) -> Void)? = nil
    ) async throws -> TreeTransferred {
        let objects = try await remoteTree(store, prefix, options)
        let local = try await FileThreads.run { try LocalTree.files(directory) }
        let index = try await FileThreads.run { try options.index.map { try TreeIndex.read($0) } ?? TreeIndex() }
        var result = TreeTransferred()
        var wanted: [(path: String, object: ListedObject)] = []
        for (path, object) in objects {
            if let file = local[path], Self.isCurrent(file, object, index.files[path], options) {
                result.unchanged.append(path)
            } else {
                wanted.append((path, object))
            }
        }
        let meter = ProgressMeter(ofAll: wanted.reduce(0) { $0 + $1.object.size }, progress)
        let newIndex = Mutex(index)
        do {
            result.transferred = try await SideBySide.run(
                wanted.sorted { $0.object.size < $1.object.size },
                limit: configuration.fileConcurrency,
                on: HTTPTransport.executors
            ) {
                path,
                object in
                let target = directory + "/" + path
                let found = try await self.download(
                    StoredObject(store, try ObjectKey(object.key)),
                    target,
                    ExpectedContent(),
                    flushesDirectory: false,
                    knownSize: object.size
                ) { ProgressMeter(partOf: meter) }
                guard options.index != nil else { return path }
                let status = try await FileThreads.run { try LocalDirectory.status(target) }
                let entry = status.map { TreeIndex.Entry(etag: found.etag.text, size: $0.size, modified: $0.modified) }
                newIndex.withLock { $0.files[path] = entry }
                return path
            }.sorted()
        } catch {
            // What was finished is worth remembering; a second failure would hide the first.
            try? await Self.save(newIndex.withLock { $0 }, options)
            throw error
        }
        result.transferredBytes = wanted.reduce(0) { $0 + $1.object.size }
        if options.deletesOthers {
            let names = Set(objects.keys)
            result.deleted = local.keys.filter { !names.contains($0) && options.isIncluded($0) }.sorted()
            let deleted = result.deleted
            newIndex.withLock { index in for path in deleted { index.files[path] = nil } }
            try await FileThreads.run { try LocalTree.remove(deleted, below: directory) }
        }
        try await Self.flush(directory, result.transferred)
        try await Self.save(newIndex.withLock { $0 }, options)
        result.unchanged.sort()
        return result
    }

    /// Uploads the files of a directory below a prefix.
    ///
    /// - Parameters:
    ///   - directory: The directory; links in it are left out.
    ///   - store: The store.
    ///   - prefix: The folder, with or without `/` at its end; empty for the whole store.
    ///   - options: What is left alone, and what is deleted.
    ///   - progress: Gets how far all files are.
    /// - Returns: What was done.
    /// - Throws: `.invalidKey` for names that cannot be keys, `.notFound` for a directory that is not there; else what
    ///   uploading one of the files throws.
    @discardableResult
    public func uploadTree(
        _ directory: String,
        to store: any ObjectStore,
        prefix: String,
        _ options: TreeOptions = TreeOptions(),
        progress: (@Sendable (TransferProgress) -> Void)? = nil
    ) async throws -> TreeTransferred {
        let local = try await FileThreads.run {
            guard try LocalDirectory.status(directory + "/")?.kind == .directory else {
                throw ObjectStoreError(.notFound, operation: "upload", key: directory, message: "there is no directory")
            }
            return try LocalTree.files(directory).filter { options.isIncluded($0.key) }
        }
        let folder = Self.folder(prefix)
        let files = try local.map { (path: $0.key, key: try ObjectKey(folder + $0.key), status: $0.value) }
        // A listing costs one request for a thousand objects; without comparing and deleting it is not needed.
        let isListed = options.comparison != .nothing || options.deletesOthers
        let objects = isListed ? try await remoteTree(store, prefix, options) : [:]
        var result = TreeTransferred()
        let wanted = files.filter { path, _, status in
            guard let object = objects[path], Self.isStored(status, object, options) else { return true }
            result.unchanged.append(path)
            return false
        }
        let meter = ProgressMeter(ofAll: wanted.reduce(0) { $0 + $1.status.size }, progress)
        result.transferred = try await SideBySide.run(
            wanted.sorted { $0.status.size < $1.status.size },
            limit: configuration.fileConcurrency,
            on: HTTPTransport.executors
        ) { path, key, status in
            let file = directory + "/" + path
            if status.size <= self.configuration.gatheredSize,
                try await self.uploadSmall(file, store, key, options.put, meter)
            {
                return path
            }
            _ = try await self.upload(file, store, key, options.put, wantsDigest: false, meter)
            return path
        }.sorted()
        result.transferredBytes = wanted.reduce(0) { $0 + $1.status.size }
        if options.deletesOthers {
            let others = objects.filter { local[$0.key] == nil }.map { (path: $0.key, object: $0.value) }
            result.deleted = try await SideBySide.run(others, limit: configuration.fileConcurrency) { path, object in
                try await store.delete(try ObjectKey(object.key))
                return path
            }.sorted()
        }
        result.unchanged.sort()
        return result
    }

    // MARK: What is on both sides

    /// The objects below a prefix that can be files, by their path; a listing that breaks off is an error.
    private func remoteTree(
        _ store: any ObjectStore,
        _ prefix: String,
        _ options: TreeOptions
    ) async throws -> [String: ListedObject] {
        let folder = Self.folder(prefix)
        var found: [String: ListedObject] = [:]
        var keys: [ObjectKey] = []
        for try await object in store.objects(prefix: folder) where object.key.utf8.starts(with: folder.utf8) {
            let path = String(decoding: object.key.utf8.dropFirst(folder.utf8.count), as: UTF8.self)
            // A console's marker of an empty folder is no file.
            if path.isEmpty || path.utf8.last == UInt8(ascii: "/") || !options.isIncluded(path) { continue }
            let key = try ObjectKey(path)
            if key.components.contains(where: \.isEmpty) {
                throw Self.refusal(store, object.key, "it has an empty folder name and cannot be a file")
            }
            keys.append(key)
            found[path] = object
        }
        if let (one, other) = ObjectKey.caseCollision(in: keys) {
            throw Self.refusal(store, folder + other.text, "it differs from '\(one)' in case alone")
        }
        for key in keys {
            var parent = LocalDirectory.parent(of: key.text)
            while let folderPath = parent {
                if found[folderPath] != nil {
                    throw Self.refusal(store, folder + key.text, "'\(folderPath)' is an object too")
                }
                parent = LocalDirectory.parent(of: folderPath)
            }
        }
        return found
    }

    private static func folder(_ prefix: String) -> String {
        prefix.isEmpty || prefix.utf8.last == UInt8(ascii: "/") ? prefix : prefix + "/"
    }

    private static func refusal(_ store: any ObjectStore, _ key: String, _ message: String) -> ObjectStoreError {
        ObjectStoreError(.invalidKey, operation: "download", location: store.location, key: key, message: message)
    }

    private static func isCurrent(
        _ file: FileStatus,
        _ object: ListedObject,
        _ entry: TreeIndex.Entry?,
        _ options: TreeOptions
    ) -> Bool {
        guard file.size == object.size else { return false }
        let time = object.lastModified.map { Int64(($0.timeIntervalSince1970 * 1e9).rounded()) }
        switch options.comparison {
        case .nothing: return false
        case .sizes: return true
        case .exactTimes: return time.map { $0 / 1_000_000_000 == file.modified / 1_000_000_000 } ?? false
        case .changes:
            if let entry { return entry.etag == object.etag.text && entry.modified == file.modified }
            return time.map { $0 / 1_000_000_000 <= file.modified / 1_000_000_000 } ?? false
        }
    }

    private static func isStored(_ file: FileStatus, _ object: ListedObject, _ options: TreeOptions) -> Bool {
        guard file.size == object.size else { return false }
        switch options.comparison {
        case .nothing: return false
        case .sizes: return true
        case .changes, .exactTimes:
            return object.lastModified.map { Int64($0.timeIntervalSince1970 * 1e9) >= file.modified } ?? false
        }
    }

    // MARK: Work side by side

    private static func flush(_ directory: String, _ paths: [String]) async throws {
        let folders = Set(paths.map { LocalDirectory.parent(of: $0).map { directory + "/" + $0 } ?? directory })
        try await withThrowingTaskGroup(of: Void.self) { group in
            for folder in folders {
                group.addTask { try await FileThreads.run { try LocalDirectory.synchronize(folder) } }
            }
            try await group.waitForAll()
        }
    }

    private static func save(_ index: TreeIndex, _ options: TreeOptions) async throws {
        guard let path = options.index else { return }
        try await FileThreads.run { try index.write(path) }
    }
}
