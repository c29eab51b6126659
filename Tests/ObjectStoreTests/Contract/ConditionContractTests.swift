// SPDX-License-Identifier: Apache-2.0

import ObjectStore
import ObjectStoreTestSupport
import Testing

@Suite("Contract: conditional writes")
struct ConditionContractTests {
    private static let other = ETag("\"00000000000000000000000000000000\"")

    @Test("If absent: the first write succeeds, the second does not", arguments: StoreUnderTest.all)
    func ifAbsent(kind: StoreUnderTest) async throws {
        try await kind.use { place in
            let key = try place.key("once")
            try await place.store.put(key, bytes: [1], PutOptions(condition: .ifAbsent))
            await expectFailure(.preconditionFailed) {
                try await place.store.put(key, bytes: [2], PutOptions(condition: .ifAbsent))
            }
            #expect(try await place.store.read(key).bytes == [1])
        }
    }

    @Test("If absent: a deleted object is absent", arguments: StoreUnderTest.all)
    func ifAbsentAfterDelete(kind: StoreUnderTest) async throws {
        try await kind.use { place in
            let key = try place.key("again")
            try await place.store.put(key, bytes: [1])
            try await place.store.delete(key)
            try await place.store.put(key, bytes: [2], PutOptions(condition: .ifAbsent))
            #expect(try await place.store.read(key).bytes == [2])
        }
    }

    @Test("If absent: of twelve writers at once one wins", arguments: StoreUnderTest.fenced)
    func race(kind: StoreUnderTest) async throws {
        try await kind.use { place in
            let store = place.store
            for round in 0..<2 {
                let key = try place.key("race-\(round)")
                let winners = try await withThrowingTaskGroup(of: UInt8?.self) { group in
                    for writer in UInt8(0)..<12 {
                        group.addTask { try await Self.tryPut(store, key, writer) }
                    }
                    return try await group.reduce(into: [UInt8]()) { if let winner = $1 { $0.append(winner) } }
                }
                #expect(winners.count == 1)
                #expect(try await store.read(key).bytes == winners)
            }
        }
    }

    private static func tryPut(_ store: any ObjectStore, _ key: ObjectKey, _ writer: UInt8) async throws -> UInt8? {
        while true {
            do {
                try await store.put(key, bytes: [writer], PutOptions(condition: .ifAbsent))
                return writer
            } catch let error as ObjectStoreError where error.kind == .preconditionFailed {
                return nil
            } catch let error as ObjectStoreError where error.kind == .conflict {
                continue
            }
        }
    }

    @Test("If match: right, wrong, missing", arguments: StoreUnderTest.fenced)
    func ifMatch(kind: StoreUnderTest) async throws {
        try await kind.use { place in
            let key = try place.key("match")
            await expectFailure(.preconditionFailed) {
                try await place.store.put(key, bytes: [0], PutOptions(condition: .ifMatch(Self.other)))
            }
            let first = try await place.store.put(key, bytes: [1])
            try await place.store.put(key, bytes: [2], PutOptions(condition: .ifMatch(first.etag)))
            await expectFailure(.preconditionFailed) {
                try await place.store.put(key, bytes: [3], PutOptions(condition: .ifMatch(first.etag)))
            }
            #expect(try await place.store.read(key).bytes == [2])
        }
    }

    @Test(
        "A server that cannot compare tags says so, and writes nothing",
        arguments: StoreUnderTest.all.filter { $0.server == .swift }
    )
    func unfenced(kind: StoreUnderTest) async throws {
        try await kind.use { place in
            let key = try place.key("match")
            let first = try await place.store.put(key, bytes: [1])
            await expectFailure(.unsupported) {
                try await place.store.put(key, bytes: [2], PutOptions(condition: .ifMatch(first.etag)))
            }
            #expect(try await place.store.read(key).bytes == [1])
        }
    }

    @Test("If match: a counter that six raise at once loses no count", arguments: StoreUnderTest.fenced)
    func counter(kind: StoreUnderTest) async throws {
        try await kind.use { place in
            let (key, store) = (try place.key("counter"), place.store)
            try await store.put(key, bytes: Array("0".utf8))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<6 { group.addTask { for _ in 0..<4 { try await Self.raise(store, key) } } }
                try await group.waitForAll()
            }
            #expect(try await store.read(key).bytes == Array("24".utf8))
        }
    }

    private static func raise(_ store: any ObjectStore, _ key: ObjectKey) async throws {
        while true {
            let (bytes, info) = try await store.read(key)
            let value = try #require(Int(String(decoding: bytes, as: UTF8.self)))
            do {
                try await store.put(key, bytes: Array("\(value + 1)".utf8), PutOptions(condition: .ifMatch(info.etag)))
                return
            } catch let error as ObjectStoreError where [.preconditionFailed, .conflict].contains(error.kind) {
                continue
            }
        }
    }

    @Test("A conditional copy is fenced by its destination", arguments: StoreUnderTest.fenced)
    func conditionalCopy(kind: StoreUnderTest) async throws {
        try await kind.use { place in
            let (source, destination) = (try place.key("from"), try place.key("to"))
            let written = try await place.store.put(source, bytes: [1], PutOptions(metadata: ["a": "b"]))
            let copied = try await place.store.copy(source, to: destination, CopyOptions(condition: .ifAbsent))
            await expectFailure(.preconditionFailed) {
                _ = try await place.store.copy(source, to: destination, CopyOptions(condition: .ifAbsent))
            }
            await expectFailure(.preconditionFailed) {
                _ = try await place.store.copy(source, to: destination, CopyOptions(condition: .ifMatch(Self.other)))
            }
            _ = try await place.store.copy(
                source,
                to: destination,
                CopyOptions(condition: .ifMatch(copied.etag), ifSourceMatch: written.etag)
            )
            await expectFailure(.preconditionFailed) {
                _ = try await place.store.copy(source, to: destination, CopyOptions(ifSourceMatch: Self.other))
            }
            let (bytes, info) = try await place.store.read(destination)
            #expect(bytes == [1])
            #expect(info.metadata == ["a": "b"])
        }
    }

    @Test("A copy can take new properties; a missing source is not found", arguments: StoreUnderTest.all)
    func copyProperties(kind: StoreUnderTest) async throws {
        try await kind.use { place in
            let (source, destination) = (try place.key("from"), try place.key("to"))
            await expectFailure(.notFound) { try await place.store.copy(source, to: destination) }
            try await place.store.put(source, bytes: [1], PutOptions(metadata: ["a": "b"]))
            _ = try await place.store.copy(source, to: destination, CopyOptions(metadata: ["C": "d"]))
            #expect(try await place.store.head(destination).metadata == ["c": "d"])
        }
    }

    @Test("A conditional delete spares another's object", arguments: StoreUnderTest.fenced)
    func conditionalDelete(kind: StoreUnderTest) async throws {
        try await kind.use { place in
            let key = try place.key("fenced")
            let written = try await place.store.put(key, bytes: [1])
            await expectFailure(.preconditionFailed) {
                _ = try await place.store.delete(key, version: nil, ifMatch: Self.other)
            }
            #expect(try await place.store.exists(key))
            _ = try await place.store.delete(key, version: nil, ifMatch: written.etag)
            #expect(try await !place.store.exists(key))
        }
    }
}
