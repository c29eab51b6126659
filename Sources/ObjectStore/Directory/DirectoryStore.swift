// SPDX-License-Identifier: Apache-2.0

import Crypto
public import Foundation
public import NIOCore

/// A store in a local directory, with S3's semantics: plain files one can see, old versions kept aside.
///
/// Any number of processes may use it at once. Files put there by hand are objects too; their tag is made of inode, size
/// and time. The file system must know hard links and `flock`.
public struct DirectoryStore: ObjectStore {
    private struct Settings: Codable {
        var versioning: String
    }

    let layout: DirectoryLayout
    private let preferredVersioning: Versioning
    private let now: @Sendable () -> Date

    /// Names a directory; it is made by the first write.
    ///
    /// - Parameters:
    ///   - path: The directory, absolute or relative to the working directory.
    ///   - versioning: Whether a new store keeps old versions; one that exists has its own setting.
    ///   - now: The clock for `lastModified`.
    /// - Throws: `.noSuchBucket` for an empty path.
    public init(
        path: String,
        versioning: Versioning = .enabled,
        now: @escaping @Sendable () -> Date = { Date() }
    ) throws(ObjectStoreError) {
        if path.isEmpty || path.utf8.contains(0) {
            throw ObjectStoreError(.noSuchBucket, message: "'\(path)' is no path of a directory")
        }
        var root = path.utf8.first == UInt8(ascii: "/") ? path : FileManager.default.currentDirectoryPath + "/" + path
        while root.utf8.count > 1 && root.utf8.last == UInt8(ascii: "/") { root.removeLast() }
        layout = DirectoryLayout(root: root)
        preferredVersioning = versioning
        self.now = now
    }

    /// `file:///directory`.
    public var location: String { "file://" + layout.root }

    /// Reads an object's properties.
    public func head(_ key: ObjectKey, _ options: GetOptions) async throws -> ObjectInfo {
        let (_, info) = try await find(key, options.version, "head")
        try options.check(info, operation: "head", location: location)
        return info
    }

    /// Opens an object for reading.
    public func get(_ key: ObjectKey, _ options: GetOptions) async throws -> ObjectBody {
        let (file, info) = try await find(key, options.version, "get")
        try options.check(info, operation: "get", location: location)
        let range = try options.resolvedRange(of: info, location: location)
        return ObjectBody(info: info, range: range, bytes: ByteStream(FileBytes(file, range: range)))
    }

    /// Writes an object.
    public func put(_ key: ObjectKey, _ body: ByteBuffer, _ options: PutOptions) async throws -> WrittenObject {
        try await run("put", key) { () throws(ObjectStoreError) in
            let history = try history(key)
            try requireDirectoryOrAbsence()
            // Checked before the bytes are written for an early answer, and again under the lock.
            try history.check(options.condition)
            let versioning = try currentVersioning(creating: true)
            let temporary = try writeTemporary { file throws(ObjectStoreError) in try file.write(body, at: 0) }
            return try publish(
                temporary,
                ObjectInfo(key: key, body: body, options: options),
                options.condition,
                versioning
            )
        }
    }

    /// Copies an object inside the store.
    public func copy(
        _ source: ObjectKey,
        to destination: ObjectKey,
        _ options: CopyOptions
    ) async throws -> WrittenObject {
        let (file, found) = try await find(source, options.version, "copy")
        if let etag = options.ifSourceMatch, etag != found.etag {
            throw ObjectStoreError(
                .preconditionFailed,
                operation: "copy",
                location: location,
                key: source.text,
                message: "the source is \(found.etag), not \(etag)"
            )
        }
        var info = found
        info.key = destination
        info.metadata = options.metadata.map(PutOptions.lowercased) ?? info.metadata
        return try await run("copy", destination) { [info] () throws(ObjectStoreError) in
            _ = try history(destination)
            let versioning = try currentVersioning(creating: true)
            let temporary = try writeTemporary { output throws(ObjectStoreError) in
                _ = try Self.append(file, size: info.size, to: output, at: 0)
            }
            return try publish(temporary, info, options.condition, versioning)
        }
    }

    /// Deletes an object or one version of it.
    public func delete(_ key: ObjectKey, version: VersionID?, ifMatch: ETag?) async throws -> DeletedObject {
        try await run("delete", key) { () throws(ObjectStoreError) in
            let history = try history(key)
            let versioning = try currentVersioning(creating: false)
            let time = now()
            if try LocalDirectory.status(layout.root) == nil { return DeletedObject(version: version) }
            return try history.locked { () throws(ObjectStoreError) in
                if let ifMatch { try history.check(.ifMatch(ifMatch)) }
                if let version { return try history.delete(version: version) }
                return try history.delete(versioning, now: time)
            }
        }
    }

    /// Lists a page of objects.
    public func list(_ options: ListOptions) async throws -> ListPage {
        try await run("list", nil) { () throws(ObjectStoreError) in
            try requireDirectoryOrAbsence()
            return try DirectoryWalk(layout: layout).page(options)
        }
    }

    /// Lists a page of versions.
    public func listVersions(_ options: VersionListOptions) async throws -> VersionPage {
        try await run("list versions of", nil) { () throws(ObjectStoreError) in
            try requireDirectoryOrAbsence()
            return try DirectoryWalk(layout: layout).versionPage(options)
        }
    }

    /// Whether old versions are kept.
    public func versioning() async throws -> Versioning {
        try await run("examine", nil) { () throws(ObjectStoreError) in try currentVersioning(creating: false) }
    }

    /// Switches versions on, or suspends them; what is kept stays.
    public func setVersioning(_ versioning: Versioning) async throws {
        try await run("configure", nil) { () throws(ObjectStoreError) in
            let path = try writeTemporary { file throws(ObjectStoreError) in
                try file.write(ByteBuffer(string: "{\"versioning\":\"\(versioning.rawValue)\"}\n"), at: 0)
            }.path
            try LocalDirectory.rename(path, to: layout.settings)
        }
    }

    // MARK: Shared steps, on a file thread

    func run<Result: Sendable>(
        _ operation: String,
        _ key: ObjectKey?,
        _ work: @escaping @Sendable () throws(ObjectStoreError) -> Result
    ) async throws -> Result {
        try await FileThreads.run {
            do throws(ObjectStoreError) {
                return try work()
            } catch {
                throw error.at(operation: operation, location: location, key: key?.text)
            }
        }
    }

    func history(_ key: ObjectKey) throws(ObjectStoreError) -> DirectoryHistory {
        try layout.check(key)
        return DirectoryHistory(layout: layout, key: key)
    }

    private func find(
        _ key: ObjectKey,
        _ version: VersionID?,
        _ operation: String
    ) async throws -> (file: LocalFile, info: ObjectInfo) {
        try await run(operation, key) { () throws(ObjectStoreError) in
            let history = try history(key)
            if let version {
                if let found = try history.version(version) { return found }
                throw ObjectStoreError(.notFound, key: key.text, message: "there is no version \(version) of it")
            }
            guard let (file, info, _) = try history.current() else {
                throw ObjectStoreError(.notFound, key: key.text, message: "there is no such object")
            }
            return (file, try currentVersioning(creating: false) == .off ? info.withoutVersion : info)
        }
    }

    func publish(
        _ temporary: LocalFile,
        _ info: ObjectInfo,
        _ condition: WriteCondition,
        _ versioning: Versioning
    ) throws(ObjectStoreError) -> WrittenObject {
        let history = try history(info.key)
        let time = now()
        do throws(ObjectStoreError) {
            return try history.locked { () throws(ObjectStoreError) in
                try history.publish(temporary, info, condition, versioning, now: time)
            }
        } catch {
            try LocalDirectory.remove(temporary.path)
            throw error
        }
    }

    func writeTemporary(_ fill: (LocalFile) throws(ObjectStoreError) -> Void) throws(ObjectStoreError) -> LocalFile {
        try LocalDirectory.create(layout.temporary)
        let file = try LocalFile(layout.newTemporary(), .createNew)
        do throws(ObjectStoreError) {
            try fill(file)
            try file.makeReadOnly()
            try file.synchronize()
            return file
        } catch {
            try LocalDirectory.remove(file.path)
            throw error
        }
    }

    static func append(
        _ source: LocalFile,
        size: Int,
        to output: LocalFile,
        at start: Int
    ) throws(ObjectStoreError) -> Int {
        var offset = 0
        while offset < size {
            let bytes = try source.read(at: offset, count: min(1 << 20, size - offset))
            if bytes.readableBytes == 0 {
                throw ObjectStoreError(
                    .corrupted,
                    key: source.path,
                    message: "the file ends after \(offset) of \(size) bytes"
                )
            }
            try output.write(bytes, at: start + offset)
            offset += bytes.readableBytes
        }
        return start + offset
    }

    func currentVersioning(creating: Bool) throws(ObjectStoreError) -> Versioning {
        do throws(ObjectStoreError) {
            let file = try LocalFile(layout.settings, .read)
            let bytes = try file.read(at: 0, count: 4096)
            let settings = try? JSONDecoder().decode(Settings.self, from: Data(bytes.readableBytesView))
            guard let versioning = settings.flatMap({ Versioning(rawValue: $0.versioning) }) else {
                throw ObjectStoreError(
                    .malformedResponse,
                    key: layout.settings,
                    message: "this is no settings file of a store"
                )
            }
            return versioning
        } catch  where error.kind == .notFound {
            guard creating else { return preferredVersioning }
            let path = try writeTemporary { file throws(ObjectStoreError) in
                try file.write(ByteBuffer(string: "{\"versioning\":\"\(preferredVersioning.rawValue)\"}\n"), at: 0)
            }.path
            let isFirst = try LocalDirectory.link(path, to: layout.settings)
            try LocalDirectory.remove(path)
            return isFirst ? preferredVersioning : try currentVersioning(creating: false)
        }
    }

    private func requireDirectoryOrAbsence() throws(ObjectStoreError) {
        if let status = try LocalDirectory.status(layout.root), status.kind == .file {
            throw ObjectStoreError(.noSuchBucket, message: "it is a file, not a directory")
        }
    }
}

extension ObjectInfo {
    /// A store without versions names none.
    fileprivate var withoutVersion: ObjectInfo {
        var info = self
        info.version = nil
        return info
    }
}
