// SPDX-License-Identifier: Apache-2.0

import NIOCore
import ObjectStore

/// What a cached tree consists of, and what its files were when they were verified.
struct CacheIndex: Codable {
    let digest: String
    let files: [FileRecord]
    /// Inode, size and time of each file.
    var identities: [String: String] = [:]

    /// Reads an index; blocks.
    ///
    /// - Returns: nil when there is none or it makes no sense, which is the same here.
    static func read(_ path: String) throws -> CacheIndex? {
        guard let status = try LocalDirectory.status(path), status.kind == .file, status.size < 64 << 20 else {
            return nil
        }
        let file = try LocalFile(path, .read)
        let bytes = Array(buffer: try file.read(at: 0, count: status.size))
        guard let index = try? CanonicalJSON.decode(CacheIndex.self, bytes, from: path),
            (try? FileRecord.check(index.files)) != nil, TreeRecord.digest(of: index.files) == index.digest
        else { return nil }
        return index
    }

    /// Writes the index in one step; blocks.
    func write(_ path: String) throws {
        try SmallFile.write(CanonicalJSON.encode(self), to: path)
    }
}

/// Small files of the cache, whole or not at all.
enum SmallFile {
    /// Writes a file in one step; blocks.
    static func write(_ bytes: [UInt8], to path: String) throws {
        if let parent = LocalDirectory.parent(of: path) { try LocalDirectory.create(parent) }
        let temporary = path + ".tmp-" + String(UInt64.random(in: 0 ... .max), radix: 36)
        let file = try LocalFile(temporary, .createNew)
        do {
            try file.write(ByteBuffer(bytes: bytes), at: 0)
            try LocalDirectory.rename(temporary, to: path)
        } catch {
            try LocalDirectory.remove(temporary)
            throw error
        }
    }

    /// Reads a file whole; nil when there is none or it is larger than `limit`; blocks.
    static func read(_ path: String, limit: Int) throws -> [UInt8]? {
        guard let status = try LocalDirectory.status(path), status.kind == .file, status.size <= limit else {
            return nil
        }
        return Array(buffer: try LocalFile(path, .read).read(at: 0, count: status.size))
    }
}
