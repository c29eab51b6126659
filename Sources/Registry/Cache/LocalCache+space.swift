// SPDX-License-Identifier: Apache-2.0

import Foundation
import ObjectStore

extension LocalCache {
    /// What the cache holds.
    public struct Usage: Sendable, Hashable, Encodable {
        /// The number of versions.
        public let treeCount: Int
        /// Their bytes.
        public let byteCount: Int
    }

    private struct Tree {
        let digest: String
        let byteCount: Int
        let used: Int64
    }

    /// Adds up what the cache holds.
    public func usage() async throws -> Usage {
        try await FileThreads.run {
            let trees = try trees()
            return Usage(treeCount: trees.count, byteCount: trees.reduce(0) { $0 + $1.byteCount })
        }
    }

    /// Removes the trees longest unused until `size` more bytes fit; those just used stay.
    func makeSpace(for size: Int) async throws {
        try await FileThreads.run {
            // One process at a time decides what goes; whoever does not get the lock trusts the other.
            try LocalDirectory.create(directory)
            let lock = try LocalFile(directory + "/lock", .createOrUpdate)
            guard try lock.tryLockExclusively() else { return }
            let trees = try trees().sorted { $0.used < $1.used }
            var total = trees.reduce(0) { $0 + $1.byteCount }
            let border = Int64((environment.now().timeIntervalSince1970 - Self.graceInterval) * 1_000_000_000)
            for tree in trees where total + size > maximumByteCount && tree.used < border {
                try putAway(tree.digest)
                total -= tree.byteCount
            }
        }
    }

    private func trees() throws -> [Tree] {
        try LocalDirectory.names(treesDirectory).filter { $0.hasSuffix(".json") }.compactMap { name in
            let path = treesDirectory + "/" + name
            guard let status = try LocalDirectory.status(path), let index = try CacheIndex.read(path) else {
                return nil
            }
            return Tree(digest: index.digest, byteCount: index.files.reduce(0) { $0 + $1.size }, used: status.modified)
        }
    }
}
