// SPDX-License-Identifier: Apache-2.0

import Crypto
import NIOCore
import ObjectStore
import ObjectStoreTestSupport
import Testing

@Suite("Contract: reading and writing")
struct ReadWriteContractTests {
    @Test("What was put is read back, with its properties", arguments: StoreUnderTest.all)
    func roundTrip(kind: StoreUnderTest) async throws {
        try await kind.use { place in
            let (key, bytes) = (try place.key("a/b.bin"), patternBytes(300_000))
            let options = PutOptions(
                metadata: ["Sha256": "abc", "who": "me"],
                contentType: "application/x-foo",
                checksum: .sha256
            )
            let written = try await place.store.put(key, bytes: bytes, options)
            let (read, info) = try await place.store.read(key)
            #expect(read == bytes)
            #expect(info.size == bytes.count)
            #expect(info.etag == written.etag)
            #expect(info.metadata == ["sha256": "abc", "who": "me"])
            #expect(info.contentType == "application/x-foo")
            let head = try await place.store.head(key)
            #expect(head.size == bytes.count)
            #expect(head.etag == written.etag)
            #expect(head.lastModified != nil)
        }
    }

    @Test("An empty object is an object", arguments: StoreUnderTest.all)
    func empty(kind: StoreUnderTest) async throws {
        try await kind.use { place in
            let key = try place.key("empty")
            try await place.store.put(key, bytes: [])
            let (read, info) = try await place.store.read(key)
            #expect(read.isEmpty)
            #expect(info.size == 0)
        }
    }

    @Test("A missing object is not found, by head, get, range and version", arguments: StoreUnderTest.all)
    func missing(kind: StoreUnderTest) async throws {
        try await kind.use { place in
            let key = try place.key("missing")
            await expectFailure(.notFound) { _ = try await place.store.head(key) }
            await expectFailure(.notFound) { _ = try await place.store.read(key) }
            await expectFailure(.notFound) {
                _ = try await place.store.read(key, GetOptions(range: .bounded(0..<4)))
            }
            #expect(try await !place.store.exists(key))
        }
    }

    @Test("Failures name store and key", arguments: StoreUnderTest.all)
    func failureNamesKey(kind: StoreUnderTest) async throws {
        try await kind.use { place in
            let key = try place.key("missing")
            let error = await #expect(throws: ObjectStoreError.self) { _ = try await place.store.read(key) }
            #expect(
                error?.description.contains(place.store.location + "/" + key.text) == true,
                "\(String(describing: error))"
            )
        }
    }

    @Test("Ranges are exact: bounded, clamped, from, last", arguments: StoreUnderTest.all)
    func ranges(kind: StoreUnderTest) async throws {
        try await kind.use { place in
            let (key, bytes) = (try place.key("ranges"), patternBytes(100_000))
            try await place.store.put(key, bytes: bytes)
            let cases: [(ByteRange, Range<Int>)] = [
                (.bounded(1000..<2000), 1000..<2000), (.bounded(99_000..<1_000_000), 99_000..<100_000),
                (.from(99_997), 99_997..<100_000), (.last(7), 99_993..<100_000), (.last(1_000_000), 0..<100_000),
                (.bounded(0..<1), 0..<1),
            ]
            for (asked, expected) in cases {
                let body = try await place.store.get(key, GetOptions(range: asked))
                #expect(body.range == expected)
                #expect(body.info.size == bytes.count)
                let read = Array(buffer: try await body.collect(upTo: 1 << 20))
                #expect(read == Array(bytes[expected]))
            }
            await expectFailure(.invalidRange) {
                _ = try await place.store.read(key, GetOptions(range: .from(100_000)))
            }
        }
    }

    @Test("A range of an empty object is invalid", arguments: StoreUnderTest.all)
    func rangeOfEmpty(kind: StoreUnderTest) async throws {
        try await kind.use { place in
            let key = try place.key("empty")
            try await place.store.put(key, bytes: [])
            await expectFailure(.invalidRange) {
                _ = try await place.store.read(key, GetOptions(range: .bounded(0..<10)))
            }
        }
    }

    @Test("Reads with conditions", arguments: StoreUnderTest.all)
    func conditionalReads(kind: StoreUnderTest) async throws {
        try await kind.use { place in
            let key = try place.key("conditional")
            let written = try await place.store.put(key, bytes: [1, 2, 3])
            let other = ETag("\"00000000000000000000000000000000\"")
            #expect(try await place.store.read(key, GetOptions(ifMatch: written.etag)).bytes == [1, 2, 3])
            let part = try await place.store.read(key, GetOptions(range: .bounded(1..<2), ifMatch: written.etag))
            #expect(part.bytes == [2])
            #expect(try await place.store.read(key, GetOptions(ifNoneMatch: other)).bytes == [1, 2, 3])
            await expectFailure(.preconditionFailed) { _ = try await place.store.read(key, GetOptions(ifMatch: other)) }
            await expectFailure(.notModified) {
                _ = try await place.store.read(key, GetOptions(ifNoneMatch: written.etag))
            }
            await expectFailure(.notModified) {
                _ = try await place.store.head(key, GetOptions(ifNoneMatch: written.etag))
            }
        }
    }

    @Test("An overwrite replaces bytes and properties", arguments: StoreUnderTest.all)
    func overwrite(kind: StoreUnderTest) async throws {
        try await kind.use { place in
            let key = try place.key("over")
            let first = try await place.store.put(key, bytes: [1], PutOptions(metadata: ["a": "1"]))
            let second = try await place.store.put(key, bytes: [2, 2])
            #expect(first.etag != second.etag)
            let (bytes, info) = try await place.store.read(key)
            #expect(bytes == [2, 2])
            #expect(info.metadata.isEmpty)
        }
    }

    @Test("Keys with spaces, signs and other scripts come back as they are", arguments: StoreUnderTest.all)
    func oddKeys(kind: StoreUnderTest) async throws {
        try await kind.use { place in
            let names = [
                "a b+c", "\u{FC}/\u{6F22}\u{5B57} %41#?&=~.txt", "q'(x)!*", "x:y@z,$;", "plus+plus", "%2F", "=",
                "<&>\"",
                "e\u{301}", "\u{E9}", " leading", "trailing ",
            ]
            for name in names { try await place.store.put(try place.key(name), bytes: Array(name.utf8)) }
            for name in names {
                #expect(try await place.store.read(try place.key(name)).bytes == Array(name.utf8), "\(name)")
            }
            let listed = try await place.store.list(ListOptions(prefix: place.prefix + "/")).objects.map {
                Array($0.key.utf8)
            }
            #expect(Set(listed) == Set(names.map { Array((place.prefix + "/" + $0).utf8) }))
        }
    }

    @Test("Deleting removes, and deleting nothing is no error", arguments: StoreUnderTest.all)
    func delete(kind: StoreUnderTest) async throws {
        try await kind.use { place in
            let key = try place.key("gone")
            try await place.store.put(key, bytes: [1])
            try await place.store.delete(key)
            await expectFailure(.notFound) { _ = try await place.store.read(key) }
            try await place.store.delete(key)
            try await place.store.put(key, bytes: [2])
            #expect(try await place.store.read(key).bytes == [2])
        }
    }

    @Test("Reading more than the limit is refused", arguments: StoreUnderTest.all)
    func limit(kind: StoreUnderTest) async throws {
        try await kind.use { place in
            let key = try place.key("big")
            try await place.store.put(key, bytes: patternBytes(1000))
            await expectFailure(.invalidRequest) { _ = try await place.store.read(key, limit: 999) }
        }
    }

    @Test("Concurrent readers see one whole version each", arguments: StoreUnderTest.all)
    func atomicOverwrite(kind: StoreUnderTest) async throws {
        try await kind.use { place in
            let (key, store) = (try place.key("whole"), place.store)
            let bodies = (0..<4).map { [UInt8](repeating: UInt8($0), count: 200_000 + $0) }
            try await store.put(key, bytes: bodies[0])
            try await withThrowingTaskGroup(of: Void.self) { group in
                for body in bodies { group.addTask { for _ in 0..<5 { try await store.put(key, bytes: body) } } }
                for _ in 0..<4 {
                    group.addTask {
                        for _ in 0..<15 {
                            let (bytes, info) = try await store.read(key)
                            let first = try #require(bytes.first)
                            #expect(bytes.allSatisfy { $0 == first })
                            #expect(bytes.count == 200_000 + Int(first))
                            #expect(info.size == bytes.count)
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }
}
