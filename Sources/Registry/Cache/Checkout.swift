// SPDX-License-Identifier: Apache-2.0

import Crypto
import NIOCore
import ObjectStore

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// Puts a cached version into a directory of the user's, never half.
///
/// A directory that is new, or holds nothing but an earlier version, is exchanged in one step. Where the user keeps other
/// files beside the version, its files are replaced one by one, the weights last, between two writes of
/// `adapter_manifest.json` that say so; whoever checks by that file never takes a mixture for a version.
public struct Checkout: Sendable {
    private let entry: LocalCache.Entry
    private let manifest: FlatManifest?
    private let directory: String

    /// Prepares to fill a directory.
    ///
    /// - Parameters:
    ///   - entry: The version's files.
    ///   - manifest: Goes beside the files, so that they can be checked later; nil for files of no registry.
    ///   - directory: Where to.
    init(_ entry: LocalCache.Entry, manifest: FlatManifest?, to directory: String) {
        self.entry = entry
        self.manifest = manifest
        var directory = directory
        while directory.utf8.count > 1 && directory.hasSuffix("/") { directory.removeLast() }
        self.directory = directory
    }

    /// Fills the directory.
    ///
    /// - Throws: `RegistryError` of kind `.local` when something else is in the way; `ObjectStoreError` of kind `.noSpace`.
    func run() async throws { try await FileThreads.run { try write() } }

    private func write() throws {
        let parent = LocalDirectory.parent(of: directory) ?? (directory.hasPrefix("/") ? "/" : ".")
        if parent != "." { try LocalDirectory.create(parent) }
        let isWritten = try existing()
        if isWritten == .current { return }
        let name = directory.split(separator: "/").last.map(String.init) ?? "version"
        let staging = "\(parent)/.\(name).lumina-\(String(UInt64.random(in: 0 ... .max), radix: 36))"
        do {
            try fill(staging)
            switch isWritten {
            case .missing: try LocalDirectory.rename(staging, to: directory)
            case .replaceable: try exchange(staging)
            case .shared(let known): try replaceFiles(from: staging, known)
            case .current: break
            }
            try LocalDirectory.synchronize(parent)
        } catch {
            try LocalDirectory.removeTree(staging)
            throw error
        }
        try LocalDirectory.removeTree(staging)
        try removeAbandoned(parent, ".\(name).lumina-")
    }

    private enum Existing: Equatable {
        case missing
        /// Exactly this version is there.
        case current
        /// Nothing but files of an earlier version.
        case replaceable
        /// Other files too; the paths are those of the earlier version.
        case shared([String])
    }

    private func existing() throws -> Existing {
        guard let status = try LocalDirectory.status(directory) else { return .missing }
        guard status.kind == .directory else {
            // A link to a directory is the user's arrangement: its target is filled file by file.
            if status.kind == .symbolicLink, try FollowedLink.status(directory)?.kind == .directory {
                return .shared([])
            }
            throw RegistryError(.local, "'\(directory)' is there and no directory; choose another place")
        }
        let present = Set(try Self.paths(directory))
        if present.isEmpty { return .replaceable }
        let earlier = try earlierManifest()
        let known = Set((earlier?.files ?? []).map(\.path))
        if let earlier, let manifest, earlier.digest == manifest.digest, earlier.state == .complete,
            try isIntact(manifest, present)
        {
            return .current
        }
        let ours = known.union([KeyLayout.flatManifestName])
        return earlier != nil && present.isSubset(of: ours) ? .replaceable : .shared(known.sorted())
    }

    private func earlierManifest() throws -> FlatManifest? {
        let path = directory + "/" + KeyLayout.flatManifestName
        guard let bytes = try SmallFile.read(path, limit: FlatManifest.maximumByteCount) else { return nil }
        return try? FlatManifest(bytes, from: path)  // what cannot be read is a stranger's file
    }

    private func isIntact(_ manifest: FlatManifest, _ present: Set<String>) throws -> Bool {
        for file in manifest.files {
            let path = directory + "/" + file.path
            guard present.contains(file.path), try LocalDirectory.status(path)?.size == file.size,
                try FileHash.sha256(path) == file.sha256
            else { return false }
        }
        return true
    }

    /// Copies the version's files, so that the user's edits do not reach the cache.
    private func fill(_ staging: String) throws {
        try LocalDirectory.create(staging)
        for file in entry.files {
            let path = staging + "/" + file.path
            if let parent = LocalDirectory.parent(of: path) { try LocalDirectory.create(parent) }
            try copy(entry.directory + "/" + file.path, file, to: path)
        }
        if let manifest { try SmallFile.write(manifest.encoded(), to: staging + "/" + KeyLayout.flatManifestName) }
        try LocalDirectory.synchronize(staging)
    }

    private func copy(_ source: String, _ record: FileRecord, to path: String) throws {
        let input = try LocalFile(source, .read)
        let output = try LocalFile(path, .createNew)
        try output.preallocate(record.size)
        var hasher = SHA256()
        var position = 0
        while position < record.size {
            let bytes = try input.read(at: position, count: min(4 << 20, record.size - position))
            if bytes.readableBytes == 0 { break }
            hasher.update(bytes)
            try output.write(bytes, at: position)
            position += bytes.readableBytes
        }
        guard position == record.size, Hexadecimal.encode(hasher.finalize()) == record.sha256 else {
            throw RegistryError(.corrupted, "'\(source)' in the local cache was damaged; pull again")
        }
        try output.synchronize()
    }

    /// Exchanges two directories in one step, or in two where the file system cannot.
    private func exchange(_ staging: String) throws {
        if DirectoryExchange.swap(staging, directory) { return }
        let aside = staging + "-old"
        try LocalDirectory.rename(directory, to: aside)
        do {
            try LocalDirectory.rename(staging, to: directory)
        } catch {
            try LocalDirectory.rename(aside, to: directory)
            throw error
        }
        try LocalDirectory.removeTree(aside)
    }

    private func replaceFiles(from staging: String, _ known: [String]) throws {
        let label = directory + "/" + KeyLayout.flatManifestName
        if var updating = manifest {
            updating.state = .updating
            try SmallFile.write(updating.encoded(), to: label)
        }
        for file in entry.files.sorted(by: { ($0.size, $0.path) < ($1.size, $1.path) }) {
            let target = directory + "/" + file.path
            if let parent = LocalDirectory.parent(of: target) { try LocalDirectory.create(parent) }
            try LocalDirectory.rename(staging + "/" + file.path, to: target)
        }
        let wanted = Set(entry.files.map(\.path))
        for path in known where !wanted.contains(path) { try LocalDirectory.remove(directory + "/" + path) }
        if let manifest { try SmallFile.write(manifest.encoded(), to: label) }
    }

    /// Removes what killed pulls into this directory left behind, if it is old enough to be nobody's.
    private func removeAbandoned(_ parent: String, _ prefix: String) throws {
        let border = Int64(time(nil) - 3600) * 1_000_000_000
        for name in try LocalDirectory.names(parent) where name.hasPrefix(prefix) {
            if let status = try LocalDirectory.status(parent + "/" + name), status.modified < border {
                try LocalDirectory.removeTree(parent + "/" + name)
            }
        }
    }

    /// How many files are in a directory, and their bytes.
    ///
    /// - Throws: `ObjectStoreError` when it cannot be read.
    public static func files(in directory: String) throws -> (count: Int, byteCount: Int) {
        let paths = try paths(directory)
        let sizes = try paths.map { try LocalDirectory.status(directory + "/" + $0)?.size ?? 0 }
        return (paths.count, sizes.reduce(0, +))
    }

    /// The files below a directory, relative to it.
    static func paths(_ directory: String, below folder: String = "") throws -> [String] {
        try LocalDirectory.names(directory).flatMap { name -> [String] in
            let path = directory + "/" + name
            guard try LocalDirectory.status(path)?.kind == .directory else { return [folder + name] }
            return try paths(path, below: folder + name + "/")
        }
    }
}

/// Two directories that change places.
enum DirectoryExchange {
    /// - Returns: false where the system or the file system cannot.
    static func swap(_ one: String, _ other: String) -> Bool {
        #if os(Linux)
        // renameat2 is in glibc since 2.28 and in musl, but not in the headers that Swift sees.
        typealias Rename = @convention(c) (Int32, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>, UInt32) -> Int32
        let exchange: UInt32 = 2  // RENAME_EXCHANGE
        guard let program = unsafe dlopen(nil, RTLD_NOW), let symbol = unsafe dlsym(program, "renameat2") else {
            return false
        }
        let rename = unsafe unsafeBitCast(symbol, to: Rename.self)
        return unsafe rename(AT_FDCWD, one, AT_FDCWD, other, exchange) == 0
        #else
        return unsafe renamex_np(one, other, UInt32(RENAME_SWAP)) == 0
        #endif
    }
}
