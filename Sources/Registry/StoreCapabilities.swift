// SPDX-License-Identifier: Apache-2.0

import NIOCore
import ObjectStore

/// Which conditions a store really checks.
///
/// Servers accept conditions that they do not know and write regardless, so the registry tries them on the bucket itself
/// (it matters whether it is versioned) before it relies on them.
public struct StoreCapabilities: Sendable, Hashable, Codable {
    /// `put` with `.ifAbsent` refuses to overwrite: without it two publishers cannot be told apart.
    public var putIfAbsent: Bool
    /// `put` with `.ifMatch` works both ways.
    public var putIfMatch: Bool
    /// `copy` checks a condition on the destination.
    public var copyIfMatch: Bool
    /// `delete` checks a condition.
    public var deleteIfMatch: Bool

    /// What memory, directories, SeaweedFS and Amazon's S3 do.
    public static let all = StoreCapabilities(
        putIfAbsent: true,
        putIfMatch: true,
        copyIfMatch: true,
        deleteIfMatch: true
    )

    /// Names what a store does.
    public init(putIfAbsent: Bool, putIfMatch: Bool, copyIfMatch: Bool, deleteIfMatch: Bool) {
        self.putIfAbsent = putIfAbsent
        self.putIfMatch = putIfMatch
        self.copyIfMatch = copyIfMatch
        self.deleteIfMatch = deleteIfMatch
    }

    /// Tries the conditions on an object that nobody else uses, and removes it.
    ///
    /// - Throws: What the store throws when plain writes fail.
    static func probe(_ store: any ObjectStore, at key: ObjectKey) async throws -> StoreCapabilities {
        let first = ByteBuffer(string: "first")
        let second = ByteBuffer(string: "second")
        let absent = PutOptions(condition: .ifAbsent)
        let wrong = ETag("\"00000000000000000000000000000000\"")
        _ = try await store.put(key, first, PutOptions())
        let putIfAbsent = await isRefused { _ = try await store.put(key, second, absent) }
        let refusesWrong = await isRefused {
            _ = try await store.put(key, second, PutOptions(condition: .ifMatch(wrong)))
        }
        let acceptsRight = await isDone {
            let tag = try await store.head(key).etag
            _ = try await store.put(key, second, PutOptions(condition: .ifMatch(tag)))
        }
        let found = StoreCapabilities(
            putIfAbsent: putIfAbsent,
            putIfMatch: refusesWrong && acceptsRight,
            copyIfMatch: await isRefused {
                _ = try await store.copy(
                    key,
                    to: key,
                    CopyOptions(condition: .ifMatch(wrong), metadata: ["probe": "1"])
                )
            },
            deleteIfMatch: await isRefused { _ = try await store.delete(key, version: nil, ifMatch: wrong) }
        )
        try await remove(key, from: store)
        return found
    }

    private static func isRefused(_ write: () async throws -> Void) async -> Bool {
        do {
            try await write()
            return false
        } catch let error as ObjectStoreError {
            return error.kind == .preconditionFailed || error.kind == .conflict
        } catch {
            return false
        }
    }

    private static func isDone(_ write: () async throws -> Void) async -> Bool {
        do {
            try await write()
            return true
        } catch {
            return false
        }
    }

    /// Removes an object and all its versions, where the store lists them.
    private static func remove(_ key: ObjectKey, from store: any ObjectStore) async throws {
        // A store without versions cannot list them; the plain delete below is all there is then.
        for version in (try? await store.versions(of: key)) ?? [] where version.version.text != "null" {
            try await store.delete(key, version: version.version)
        }
        if try await store.exists(key) { try await store.delete(key) }
    }
}
