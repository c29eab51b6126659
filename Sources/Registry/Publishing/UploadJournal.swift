// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import NIOCore
import ObjectStore
import Synchronization

/// Remembers unfinished uploads, so that a push that was killed goes on where it stopped when it is called again.
struct UploadJournal: Sendable {
    /// An attempt of this process; others leave it alone until it is released, by a crash too.
    final class Claim: Sendable {
        let tree: TreeID
        private let path: String
        private let file: Mutex<LocalFile?>

        init(tree: TreeID, path: String, file: LocalFile) {
            self.tree = tree
            self.path = path
            self.file = Mutex(file)
        }

        func release() { file.withLock { $0 = nil } }

        func finish() {
            file.withLock { file in
                // A note that stays only makes the next push of the same bytes look at the old folder.
                if file != nil { try? LocalDirectory.remove(path) }
                file = nil
            }
        }
    }

    /// Younger than what a collection takes for abandoned, with time left to commit.
    private static let lifetime = 6.0 * 3600

    let directory: String

    /// Takes up the attempt that was begun for these bytes at this place, or notes a new one.
    ///
    /// - Returns: nil when nothing can be noted, which costs only the resuming.
    func claim(_ fresh: TreeID, place: String, digest: String, now: Date) async throws -> Claim? {
        let name = Hexadecimal.encode(SHA256.hash(data: Array("\(place)\n\(digest)".utf8)))
        let path = directory + "/" + name
        return try await FileThreads.run {
            do {
                try LocalDirectory.create(directory)
                let file = try LocalFile(path, .createOrUpdate)
                guard try file.tryLockExclusively() else { return nil }
                // A claim that another process has just finished is gone from the directory.
                guard try LocalDirectory.status(path)?.inode == file.status().inode else { return nil }
                let bytes = try file.read(at: 0, count: 64)
                if let noted = TreeID(String(buffer: bytes)), abs(now.timeIntervalSince(noted.date)) < Self.lifetime {
                    return Claim(tree: noted, path: path, file: file)
                }
                try file.truncate(0)
                try file.write(.init(string: fresh.text), at: 0)
                return Claim(tree: fresh, path: path, file: file)
            } catch is ObjectStoreError {
                return nil
            }
        }
    }
}
