// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore

/// What a download has left where: the tag of each object, and size and time of its file.
///
/// It saves work and decides nothing alone: an entry counts only while the file is as it was left.
struct TreeIndex: Codable, Sendable {
    struct Entry: Codable, Sendable, Hashable {
        var etag: String
        var size: Int
        var modified: Int64
    }

    var files: [String: Entry] = [:]

    /// Reads an index; blocks.
    ///
    /// - Returns: An empty one for a file that is missing or is no index.
    static func read(_ path: String) throws(ObjectStoreError) -> TreeIndex {
        guard try LocalDirectory.status(path)?.kind == .file else { return TreeIndex() }
        let file = try LocalFile(path, .read)
        let bytes = try file.read(at: 0, count: min(try file.status().size, 64 << 20))
        return (try? JSONDecoder().decode(TreeIndex.self, from: Data(bytes.readableBytesView))) ?? TreeIndex()
    }

    /// Writes the index whole; blocks.
    func write(_ path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        let temporary = path + ".tmp-" + String(UInt64.random(in: 0 ... .max), radix: 36)
        if let parent = LocalDirectory.parent(of: path) { try LocalDirectory.create(parent) }
        let file = try LocalFile(temporary, .createNew)
        do {
            try file.write(ByteBuffer(bytes: try encoder.encode(self)), at: 0)
            try file.synchronize()
            try LocalDirectory.rename(temporary, to: path)
        } catch {
            try LocalDirectory.remove(temporary)
            throw error
        }
    }
}
