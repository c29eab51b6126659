// SPDX-License-Identifier: Apache-2.0

import ObjectStore
import Testing

@Suite("Contract: versions")
struct VersionContractTests {
    @Test("Every write is a version that stays readable", arguments: StoreUnderTest.versioned)
    func versions(kind: StoreUnderTest) async throws {
        try await kind.use { place in
            let key = try place.key("kept")
            #expect(try await place.store.versioning() == .enabled)
            var written: [VersionID] = []
            for number in UInt8(1)...3 {
                let put = try await place.store.put(key, bytes: [number], PutOptions(metadata: ["n": "\(number)"]))
                written.append(try #require(put.version))
            }
            #expect(Set(written).count == 3)
            for (index, version) in written.enumerated() {
                let (bytes, info) = try await place.store.read(key, GetOptions(version: version))
                #expect(bytes == [UInt8(index + 1)])
                #expect(info.version == version)
                #expect(info.metadata == ["n": "\(index + 1)"])
            }
            let listed = try await place.store.versions(of: key)
            #expect(listed.map(\.version) == written.reversed())
            #expect(listed.map(\.isLatest) == [true, false, false])
            #expect(listed.allSatisfy { !$0.isDeleteMarker && $0.size == 1 && $0.etag != nil })
        }
    }

    @Test("A delete writes a marker; removing the marker brings the object back", arguments: StoreUnderTest.versioned)
    func marker(kind: StoreUnderTest) async throws {
        try await kind.use { place in
            let key = try place.key("marked")
            let first = try #require(try await place.store.put(key, bytes: [1]).version)
            let deleted = try await place.store.delete(key)
            #expect(deleted.isDeleteMarker)
            let marker = try #require(deleted.version)
            await expectFailure(.notFound) { _ = try await place.store.read(key) }
            await expectFailure(.notFound) { _ = try await place.store.read(key, GetOptions(version: marker)) }
            #expect(try await place.store.read(key, GetOptions(version: first)).bytes == [1])
            let listed = try await place.store.versions(of: key)
            #expect(listed.map(\.isDeleteMarker) == [true, false])
            #expect(listed.map(\.isLatest) == [true, false])
            #expect(try await place.store.list(ListOptions(prefix: key.text)).objects.isEmpty)
            try await place.store.delete(key, version: marker)
            #expect(try await place.store.read(key).bytes == [1])
        }
    }

    @Test("Deleting the current version uncovers the one before", arguments: StoreUnderTest.versioned)
    func deleteVersion(kind: StoreUnderTest) async throws {
        try await kind.use { place in
            let key = try place.key("uncovered")
            let first = try #require(try await place.store.put(key, bytes: [1]).version)
            let second = try #require(try await place.store.put(key, bytes: [2]).version)
            try await place.store.delete(key, version: second)
            #expect(try await place.store.read(key).bytes == [1])
            await expectFailure(.notFound) { _ = try await place.store.read(key, GetOptions(version: second)) }
            try await place.store.delete(key, version: first)
            await expectFailure(.notFound) { _ = try await place.store.read(key) }
            #expect(try await place.store.versions(of: key).isEmpty)
        }
    }

    @Test("Deleting an old version leaves the current one", arguments: StoreUnderTest.versioned)
    func deleteOldVersion(kind: StoreUnderTest) async throws {
        try await kind.use { place in
            let key = try place.key("old")
            let first = try #require(try await place.store.put(key, bytes: [1]).version)
            try await place.store.put(key, bytes: [2])
            try await place.store.delete(key, version: first)
            #expect(try await place.store.read(key).bytes == [2])
            #expect(try await place.store.versions(of: key).count == 1)
        }
    }

    @Test("Restoring makes an old version the current one again", arguments: StoreUnderTest.versioned)
    func restore(kind: StoreUnderTest) async throws {
        try await kind.use { place in
            let key = try place.key("restored")
            let first = try await place.store.put(key, bytes: [1, 1], PutOptions(metadata: ["n": "1"]))
            try await place.store.put(key, bytes: [2])
            try await place.store.delete(key)
            let restored = try await place.store.restore(key, version: try #require(first.version))
            #expect(restored.etag == first.etag)
            let (bytes, info) = try await place.store.read(key)
            #expect(bytes == [1, 1])
            #expect(info.metadata == ["n": "1"])
            #expect(try await place.store.versions(of: key).count == 4)
        }
    }

    @Test("An unknown version is not found", arguments: StoreUnderTest.versioned)
    func unknownVersion(kind: StoreUnderTest) async throws {
        try await kind.use { place in
            let key = try place.key("unknown")
            let version = try #require(try await place.store.put(key, bytes: [1]).version)
            try await place.store.delete(key, version: version)
            try await place.store.put(key, bytes: [2])
            await expectFailure(.notFound) { _ = try await place.store.read(key, GetOptions(version: version)) }
        }
    }

    @Test("A copy of an old version carries its bytes", arguments: StoreUnderTest.versioned)
    func copyVersion(kind: StoreUnderTest) async throws {
        try await kind.use { place in
            let (key, other) = (try place.key("source"), try place.key("copy"))
            let first = try #require(try await place.store.put(key, bytes: [1]).version)
            try await place.store.put(key, bytes: [2])
            _ = try await place.store.copy(key, to: other, CopyOptions(version: first))
            #expect(try await place.store.read(other).bytes == [1])
        }
    }

    @Test("Versions are listed in pages, by key, the newest first", arguments: StoreUnderTest.versioned)
    func pages(kind: StoreUnderTest) async throws {
        try await kind.use { place in
            let expected = ["a", "b-2", "b/c", "bc"].filter { $0 != "b-2" || !kind.listsByFolder }
            for name in expected {
                for number in UInt8(0)..<3 { try await place.store.put(try place.key(name), bytes: [number]) }
            }
            var listed: [ListedVersion] = []
            var marker: VersionListOptions.Marker?
            var pageCount = 0
            repeat {
                let page = try await place.store.listVersions(
                    VersionListOptions(prefix: place.prefix + "/", marker: marker, limit: 5)
                )
                #expect(page.versions.count <= 5)
                listed += page.versions
                marker = page.marker
                pageCount += 1
            } while marker != nil && pageCount < 20
            #expect(listed.count == 3 * expected.count)
            #expect(Set(listed).count == 3 * expected.count)
            let names = listed.map { String($0.key.dropFirst(place.prefix.count + 1)) }
            #expect(names == expected.flatMap { [$0, $0, $0] })
            #expect(listed.map(\.isLatest) == listed.indices.map { $0 % 3 == 0 })
        }
    }

    @Test("Without versions a write names none and a delete leaves nothing", arguments: StoreUnderTest.unversioned)
    func withoutVersions(kind: StoreUnderTest) async throws {
        try await kind.use { place in
            let key = try place.key("plain")
            #expect(try await place.store.versioning() == .off)
            try await place.store.put(key, bytes: [1])
            let second = try await place.store.put(key, bytes: [2])
            #expect(second.version == nil)
            #expect(try await place.store.head(key).version == nil)
            let deleted = try await place.store.delete(key)
            #expect(!deleted.isDeleteMarker)
            #expect(try await !place.store.exists(key))
        }
    }
}
