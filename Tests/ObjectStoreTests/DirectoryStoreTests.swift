// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import ObjectStore
import ObjectStoreTestSupport
import Testing

@Suite("DirectoryStore")
struct DirectoryStoreTests {
    private func withStore(
        _ versioning: Versioning = .enabled,
        _ body: (DirectoryStore, String) async throws -> Void
    ) async throws {
        try await withTemporaryDirectory { path in
            try await body(try DirectoryStore(path: path, versioning: versioning), path)
        }
    }

    @Test("Objects are plain files; nothing else is visible")
    func plainFiles() async throws {
        try await withStore { store, path in
            try await store.put(try ObjectKey("lora/a/config.json"), bytes: Array("{}".utf8))
            #expect(FileManager.default.contents(atPath: path + "/lora/a/config.json") == Data("{}".utf8))
            #expect(try FileManager.default.contentsOfDirectory(atPath: path).sorted() == [".lumina-store", "lora"])
            let temporary = try FileManager.default.contentsOfDirectory(atPath: path + "/.lumina-store/temporary")
            #expect(temporary.isEmpty)
        }
    }

    @Test("A file put there by hand is an object, and is kept as a version when it is overwritten")
    func foreignFile() async throws {
        try await withStore { store, path in
            let key = try ObjectKey("by-hand")
            try Data("hand".utf8).write(to: URL(fileURLWithPath: path + "/by-hand"))
            let info = try await store.head(key)
            #expect(info.size == 4)
            #expect(try await store.read(key, GetOptions(version: VersionID("null"))).bytes == Array("hand".utf8))
            #expect(try await store.list(ListOptions()).objects.map(\.etag) == [info.etag])
            await expectFailure(.preconditionFailed) {
                try await store.put(key, bytes: [1], PutOptions(condition: .ifAbsent))
            }
            try await store.put(key, bytes: [1], PutOptions(condition: .ifMatch(info.etag)))
            let versions = try await store.versions(of: key)
            #expect(versions.count == 2)
            let old = try #require(versions.last)
            #expect(try await store.read(key, GetOptions(version: old.version)).bytes == Array("hand".utf8))
        }
    }

    @Test("A file replaced by hand has a new tag; the version before is intact")
    func replacedByHand() async throws {
        try await withStore { store, path in
            let key = try ObjectKey("file")
            let written = try await store.put(key, bytes: [1])
            try FileManager.default.removeItem(atPath: path + "/file")
            try Data([2, 2]).write(to: URL(fileURLWithPath: path + "/file"))
            let (bytes, info) = try await store.read(key)
            #expect(bytes == [2, 2])
            #expect(info.etag != written.etag)
            let version = try #require(written.version)
            #expect(try await store.read(key, GetOptions(version: version)).bytes == [1])
        }
    }

    @Test("A version edited in place is reported, not served")
    func editedInPlace() async throws {
        try await withStore { store, path in
            let key = try ObjectKey("file")
            let version = try #require(try await store.put(key, bytes: [1]).version)
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path + "/file")
            let handle = try #require(FileHandle(forWritingAtPath: path + "/file"))
            try handle.write(contentsOf: Data([7, 7, 7]))
            try handle.close()
            await expectFailure(.corrupted) { _ = try await store.read(key, GetOptions(version: version)) }
        }
    }

    @Test("A crash before the commit leaves the old object, one after it the new")
    func crash() async throws {
        try await withStore { store, path in
            let key = try ObjectKey("file")
            let first = try #require(try await store.put(key, bytes: [1]).version)
            let second = try #require(try await store.put(key, bytes: [2]).version)
            let records = path + "/.lumina-store/versions/file/.lumina-store"
            // After the commit, before the record was settled: the visible file's record is still pending.
            try rename(records, version: second)
            #expect(try await store.read(key).info.version == second)
            #expect(try await store.versions(of: key).map(\.isLatest) == [true, false])
            let third = try #require(try await store.put(key, bytes: [3]).version)
            #expect(try await store.versions(of: key).map(\.version) == [third, second, first])
            // Before the commit: a pending record whose file never became visible.
            try rename(records, version: first)
            #expect(try await store.versions(of: key).map(\.version) == [third, second])
            try await store.put(key, bytes: [4])
            let names = try FileManager.default.contentsOfDirectory(atPath: records)
            #expect(names.allSatisfy { !$0.hasSuffix(".pending") && !$0.hasPrefix(first.text) })
        }
    }

    private func rename(_ records: String, version: VersionID) throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: records)
        let name = try #require(names.first { $0.hasPrefix(version.text) && $0.hasSuffix(".json") })
        try FileManager.default.moveItem(
            atPath: records + "/" + name,
            toPath: records + "/" + name.dropLast(5) + ".pending"
        )
    }

    @Test(
        "Keys that no directory can hold are refused",
        arguments: ["a//b", "a/", ".lumina-store/x", "x/.lumina-store", String(repeating: "n", count: 256)]
    )
    func invalidKeys(text: String) async throws {
        try await withStore { store, _ in
            let key = try ObjectKey(text)
            await expectFailure(.invalidKey) { try await store.put(key, bytes: [1]) }
            await expectFailure(.invalidKey) { _ = try await store.read(key) }
        }
    }

    @Test("A file and a folder of one name are refused with a reason")
    func fileAndFolder() async throws {
        try await withStore { store, _ in
            try await store.put(try ObjectKey("a"), bytes: [1])
            await expectFailure(.invalidKey) { try await store.put(try ObjectKey("a/b"), bytes: [1]) }
            try await store.put(try ObjectKey("c/d"), bytes: [1])
            await expectFailure(.invalidKey) { try await store.put(try ObjectKey("c"), bytes: [1]) }
            #expect(try await store.list(ListOptions()).objects.map(\.key) == ["a", "c/d"])
        }
    }

    @Test("Links are not listed, and a path that is a file is no store")
    func links() async throws {
        try await withStore { store, path in
            try await store.put(try ObjectKey("real"), bytes: [1])
            try FileManager.default.createSymbolicLink(atPath: path + "/loop", withDestinationPath: path)
            #expect(try await store.list(ListOptions()).objects.map(\.key) == ["real"])
            let file = try DirectoryStore(path: path + "/real")
            await expectFailure(.noSuchBucket) { _ = try await file.list(ListOptions()) }
            #expect(throws: ObjectStoreError.self) { try DirectoryStore(path: "") }
        }
    }

    @Test("A store remembers whether it keeps versions")
    func settings() async throws {
        try await withStore(.off) { store, path in
            try await store.put(try ObjectKey("a"), bytes: [1])
            let again = try DirectoryStore(path: path, versioning: .enabled)
            #expect(try await again.versioning() == .off)
            try await again.setVersioning(.enabled)
            #expect(try await store.versioning() == .enabled)
            try Data("?".utf8).write(to: URL(fileURLWithPath: path + "/.lumina-store/settings.json"))
            await expectFailure(.malformedResponse) { _ = try await store.versioning() }
        }
    }

    @Test("Suspended: new writes replace each other, old versions stay")
    func suspended() async throws {
        try await withStore { store, _ in
            let key = try ObjectKey("file")
            let first = try #require(try await store.put(key, bytes: [1]).version)
            try await store.setVersioning(.suspended)
            #expect(try await store.put(key, bytes: [2]).version == VersionID("null"))
            #expect(try await store.put(key, bytes: [3]).version == VersionID("null"))
            #expect(try await store.read(key).bytes == [3])
            #expect(try await store.versions(of: key).map(\.version) == [VersionID("null"), first])
        }
    }

    @Test("Uploads named by a hostile caller touch nothing outside", arguments: ["../../x", "", "a/b", ".."])
    func hostileUpload(id: String) async throws {
        try await withStore { store, path in
            let upload = MultipartUpload(key: try ObjectKey("k"), id: id)
            await expectFailure(.noSuchUpload) {
                _ = try await store.uploadPart(upload, number: 1, ByteBuffer(bytes: [1]))
            }
            try await store.abortMultipart(upload)
            #expect(FileManager.default.fileExists(atPath: path))
        }
    }

    @Test("Deleting the last object of a folder removes the folder")
    func emptyFolders() async throws {
        try await withStore(.off) { store, path in
            let key = try ObjectKey("a/b/c")
            try await store.put(key, bytes: [1])
            try await store.delete(key)
            #expect(try FileManager.default.contentsOfDirectory(atPath: path) == [".lumina-store"])
        }
    }
}
