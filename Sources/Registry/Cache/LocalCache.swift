// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import NIOCore
import ObjectStore

/// Versions on the local disk, by digest: fetched once, verified, shared by all processes of a user, usable offline.
///
/// ```text
/// trees/DIGEST/…         the files of a version, exactly; appears whole by one rename
/// trees/DIGEST.json      what they are and when they were used last
/// staging/DIGEST/…       a fetch under way, or killed: the next one goes on with it
/// locks/DIGEST           held while somebody fetches
/// logs/PLACE/NAME.jsonl  the last known log, for resolving names offline
/// links/KEY              which digest a foreign prefix was found to have
/// ```
///
/// All of it may be deleted at any time.
public struct LocalCache: Sendable {
    /// A version on the local disk.
    public struct Entry: Sendable, Hashable {
        /// The directory with the files.
        public let directory: String
        /// The files.
        public let files: [FileRecord]
        /// The tree's digest, in hexadecimal.
        public let digest: String
    }

    /// Trees that were used so recently are not removed: somebody may be about to open them.
    static let graceInterval: TimeInterval = 600
    /// Space for about 500 adapters of rank 64.
    public static let defaultByteCount = 50 << 30

    /// The cache's own directory.
    public let directory: String
    /// The most bytes of trees to keep; the ones longest unused go first.
    public let maximumByteCount: Int
    let environment: RegistryEnvironment

    /// Names a cache; nothing is made before something is to be kept.
    public init(
        directory: String,
        maximumByteCount: Int = LocalCache.defaultByteCount,
        environment: RegistryEnvironment = RegistryEnvironment()
    ) {
        self.directory = directory
        self.maximumByteCount = maximumByteCount
        self.environment = environment
    }

    /// Where unfinished uploads are noted.
    public var journalDirectory: String { directory + "/journal" }

    var treesDirectory: String { directory + "/trees" }
    func treePath(_ digest: String) -> String { treesDirectory + "/" + digest }
    func indexPath(_ digest: String) -> String { treesDirectory + "/" + digest + ".json" }

    // MARK: Finding

    /// A version that is here and whole.
    ///
    /// Sizes and times of all files are compared with those noted when they were verified; a file that somebody touched is
    /// hashed again, and a tree with wrong bytes is put away.
    public func entry(_ digest: String) async throws -> Entry? {
        guard SHA256Text.isValid(digest) else { return nil }
        return try await FileThreads.run { try find(digest) }
    }

    private func find(_ digest: String) throws -> Entry? {
        guard var index = try CacheIndex.read(indexPath(digest)), index.digest == digest else { return nil }
        let directory = treePath(digest)
        var hasChanged = false
        for file in index.files {
            guard let status = try LocalDirectory.status(directory + "/" + file.path), status.kind == .file else {
                return nil
            }
            if index.identities[file.path] == status.identity { continue }
            if try FileHash.sha256(directory + "/" + file.path) != file.sha256 {
                try putAway(digest)
                return nil
            }
            index.identities[file.path] = status.identity
            hasChanged = true
        }
        // A cache that cannot be written serves what it has.
        if hasChanged { try? index.write(indexPath(digest)) } else { touch(digest) }
        return Entry(directory: directory, files: index.files, digest: digest)
    }

    private func touch(_ digest: String) {
        let now = Int64(environment.now().timeIntervalSince1970 * 1_000_000_000)
        // The time decides only what is removed first.
        try? LocalFile(indexPath(digest), .update).setModified(nanoseconds: now)
    }

    /// Takes a damaged tree out of the way.
    func putAway(_ digest: String) throws {
        try LocalDirectory.remove(indexPath(digest))
        let grave = directory + "/staging/removed-" + environment.token()
        try LocalDirectory.create(directory + "/staging")
        do {
            try LocalDirectory.rename(treePath(digest), to: grave)
        } catch let error where error.kind == .notFound {
            return
        }
        try LocalDirectory.removeTree(grave)
    }

    // MARK: Keeping

    /// Gets a version here, once, however many ask at the same time.
    ///
    /// - Parameters:
    ///   - digest: The tree's digest.
    ///   - files: Its files.
    ///   - concurrency: How many files are fetched at once.
    ///   - fetch: Writes a file to a path and verifies it; is called for those that are not here yet.
    /// - Returns: Where the files are.
    /// - Throws: `RegistryError` of kind `.corrupted` when the bytes are not those promised; what `fetch` throws.
    func obtain(
        _ digest: String,
        _ files: [FileRecord],
        concurrency: Int,
        fetch: @escaping @Sendable (FileRecord, String) async throws -> Void
    ) async throws -> Entry {
        if let entry = try await entry(digest) { return entry }
        let lock = try await lock(digest)
        defer { withExtendedLifetime(lock) {} }
        if let entry = try await entry(digest) { return entry }
        try await makeSpace(for: files.reduce(0) { $0 + $1.size })
        let staging = directory + "/staging/" + digest
        try await FileThreads.run { try LocalDirectory.create(staging) }
        // Small files first, so that they never wait for the weights.
        try await Concurrency.forEach(files.sorted { $0.size < $1.size }, limit: concurrency) { file in
            try await stage(file, in: staging, fetch)
        }
        return try await FileThreads.run { try place(staging, digest, files) }
    }

    private func stage(
        _ file: FileRecord,
        in staging: String,
        _ fetch: @Sendable (FileRecord, String) async throws -> Void
    ) async throws {
        let path = staging + "/" + file.path
        let isThere = try await FileThreads.run {
            if let parent = LocalDirectory.parent(of: path) { try LocalDirectory.create(parent) }
            guard let status = try LocalDirectory.status(path), status.kind == .file, status.size == file.size else {
                return false
            }
            return try FileHash.sha256(path) == file.sha256
        }
        if isThere { return }
        do {
            try await fetch(file, path)
        } catch let error as ObjectStoreError where error.kind == .corrupted {
            throw RegistryError(
                .corrupted,
                "\(error); the store's copy is damaged or was replaced, see: registry verify"
            )
        }
    }

    private func place(_ staging: String, _ digest: String, _ files: [FileRecord]) throws -> Entry {
        var index = CacheIndex(digest: digest, files: files)
        for file in files {
            let opened = try LocalFile(staging + "/" + file.path, .update)
            try opened.synchronize()
            try opened.makeReadOnly()
            index.identities[file.path] = try opened.status().identity
        }
        try LocalDirectory.synchronize(staging)
        try LocalDirectory.create(treesDirectory)
        // What is there without an index is the rest of a removal.
        try LocalDirectory.removeTree(treePath(digest))
        try LocalDirectory.rename(staging, to: treePath(digest))
        try index.write(indexPath(digest))
        try LocalDirectory.synchronize(treesDirectory)
        return Entry(directory: treePath(digest), files: files, digest: digest)
    }

    /// Waits for the right to fetch a digest; given back when the file is closed, also by a crash.
    private func lock(_ digest: String) async throws -> LocalFile {
        let path = directory + "/locks/" + digest
        let file = try await FileThreads.run {
            try LocalDirectory.create(directory + "/locks")
            return try LocalFile(path, .createOrUpdate)
        }
        while try await !FileThreads.run({ try file.tryLockExclusively() }) {
            // Waiting inside flock would take a thread for as long as another process downloads, and could not be cancelled.
            try await environment.sleep(.milliseconds(50))
        }
        return file
    }
}

/// The hash of a local file.
enum FileHash {
    /// SHA-256 in hexadecimal; blocks.
    static func sha256(_ path: String) throws -> String {
        let file = try LocalFile(path, .read)
        var hasher = SHA256()
        var position = 0
        while true {
            let bytes = try file.read(at: position, count: 1 << 20)
            if bytes.readableBytes == 0 { return Hexadecimal.encode(hasher.finalize()) }
            hasher.update(bytes)
            position += bytes.readableBytes
        }
    }
}
