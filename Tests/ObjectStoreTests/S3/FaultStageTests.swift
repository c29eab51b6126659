// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import ObjectStore
import ObjectStoreTestSupport
import Synchronization
import Testing

/// Every fault at every kind of request, and what must hold whatever fails.
@Suite("Faults at every stage", .serialized, .enabled(if: SlowSuite.isOn, "set LUMINA_SLOW=1"))
struct FaultStageTests {
    private enum Stage: String, CaseIterable, Sendable {
        case put, get, head, list, versions, copy, delete, create, part, listParts, complete, abort

        func matches(_ seen: FaultProxy.Seen) -> Bool {
            let (method, target) = (seen.method, seen.target)
            let isPlain = !target.contains("?")
            return switch self {
            case .put: method == "PUT" && isPlain && !target.hasSuffix("-copy")
            case .get: method == "GET" && isPlain
            case .head: method == "HEAD"
            case .list: target.contains("list-type=2")
            case .versions: target.contains("versions=")
            case .copy: method == "PUT" && target.hasSuffix("-copy")
            case .delete: method == "DELETE" && isPlain
            case .create: target.contains("uploads=")
            case .part: target.contains("partNumber=")
            case .listParts: method == "GET" && target.contains("uploadId=")
            case .complete: method == "POST" && target.contains("uploadId=")
            case .abort: method == "DELETE" && target.contains("uploadId=")
            }
        }

        /// Whether the fault can happen there: a HEAD's code is in a body that it has not, and only writes have bodies.
        func allows(_ fault: FaultProxy.Fault) -> Bool {
            switch fault {
            case .errorInside: self == .complete || self == .copy
            case .resetDuringRequest: self == .put || self == .part
            case .status(400, _, _): self != .head
            case .resetAfter: ![.head, .delete, .abort].contains(self)
            default: true
            }
        }
    }

    /// A write under a condition: what failed with "somebody was first" may have been done by the attempt before.
    private static func resolved(_ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch let error as ObjectStoreError where error.kind == .preconditionFailed && error.isAmbiguous {
            return
        }
    }

    @Test(
        "One fault at any kind of request is overcome: no lost write, no second version",
        arguments: FaultTests.transient + [.errorInside, .resetDuringRequest(100_000)]
    )
    func stages(fault: FaultProxy.Fault) async throws {
        for stage in Stage.allCases where stage.allows(fault) {
            try await FaultTests().withStore(FaultTests.once(fault, stage.matches)) { store, proxy in
                let (key, bytes) = (try FaultTests.key(), patternBytes(300_000))
                let copy = try ObjectKey(key.text + "-copy")
                let options = PutOptions(condition: .ifAbsent, checksum: .crc64nvme)
                try await Self.resolved { _ = try await store.put(key, ByteBuffer(bytes: bytes), options) }
                #expect(try await Self.bytes(store, key) == bytes, "\(stage)")
                try await Self.resolved { _ = try await store.copy(key, to: copy, CopyOptions(condition: .ifAbsent)) }
                #expect(try await store.head(copy).size == bytes.count)
                #expect(try await store.list(ListOptions(prefix: key.text)).objects.count == 2)
                for name in [key, copy] {
                    let found = try await store.versions(of: name)
                    #expect(found.count == 1, "\(stage): a retried write must not write twice")
                }
                try await Self.multipart(store, key, stage)
                try await store.delete(copy)
                #expect(try await !store.exists(copy))
                #expect(proxy.requests.contains(where: stage.matches), "\(stage) was not reached")
            }
        }
    }

    private static func bytes(_ store: S3Store, _ key: ObjectKey) async throws -> [UInt8] {
        try await withTemporaryDirectory { path in
            try await TransferEngine().download(StoredObject(store, key), to: path + "/f")
            return Array(FileManager.default.contents(atPath: path + "/f") ?? Data())
        }
    }

    private static func multipart(_ store: S3Store, _ key: ObjectKey, _ stage: Stage) async throws {
        let target = try ObjectKey(key.text + "-parts")
        let upload = try await store.createMultipart(target, PutOptions(checksum: .crc64nvme))
        let parts = [
            try await store.uploadPart(upload, number: 1, ByteBuffer(bytes: patternBytes(5 << 20))),
            try await store.uploadPart(upload, number: 2, ByteBuffer(bytes: [1, 2, 3])),
        ]
        #expect(try await store.listParts(upload).map(\.size) == [5 << 20, 3], "\(stage)")
        _ = try await store.completeMultipart(upload, parts: parts, CompleteOptions(condition: .ifAbsent))
        #expect(try await store.head(target).size == (5 << 20) + 3)
        #expect(try await store.versions(of: target).count == 1, "\(stage): completed twice")
        let other = try await store.createMultipart(target, PutOptions())
        try await store.abortMultipart(other)
        await expectFailure(.noSuchUpload) { _ = try await store.listParts(other) }
    }

    @Test("Through seeded faults no update is lost and none happens twice", arguments: 0..<6)
    func updates(seed: Int) async throws {
        let faults = FaultTests.transient.filter { $0 != .stall(.seconds(2)) } + [.resetDuringRequest(0)]
        let random = Mutex(SplitMix(seed: UInt64(seed)))
        let plan: @Sendable (FaultProxy.Seen) -> FaultProxy.Fault? = { _ in
            random.withLock { $0.unit() < 0.12 ? faults.randomElement(using: &$0) : nil }
        }
        try await FaultTests().withStore(plan) { store, _ in
            let key = try FaultTests.key()
            try await Self.resolved { try await store.put(key, bytes: [], PutOptions(condition: .ifAbsent)) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<4 {
                    group.addTask { for turn in 0..<4 { try await Self.append("\(writer).\(turn)", store, key) } }
                }
                try await group.waitForAll()
            }
            let bucket = try await Buckets.shared.store(.seaweedfs, versioned: true)
            let versions = try await bucket.versions(of: key)
            var before: [Substring] = []
            for version in versions.reversed() {
                let bytes = try await bucket.read(key, GetOptions(version: version.version)).bytes
                let words = String(decoding: bytes, as: UTF8.self).split(separator: " ")
                // A retry of a write whose answer was lost may write the same again, never something else.
                #expect(words.dropLast(words.count == before.count ? 0 : 1) == before[...], "an update was lost")
                before = words
            }
            #expect(Set(before).count == 16 && before.count == 16, "\(before)")
        }
    }

    /// Adds a word to an object, by comparing and swapping.
    private static func append(_ word: String, _ store: S3Store, _ key: ObjectKey) async throws {
        while true {
            let (bytes, info): ([UInt8], ObjectInfo)
            do {
                (bytes, info) = try await store.read(key)
            } catch let error as ObjectStoreError where error.kind == .connectionFailed {
                continue  // The body broke, which is the reader's to repeat.
            }
            let text = String(decoding: bytes, as: UTF8.self)
            if text.split(separator: " ").contains(word[...]) { return }
            do {
                let next = text.isEmpty ? word : text + " " + word
                try await store.put(key, bytes: Array(next.utf8), PutOptions(condition: .ifMatch(info.etag)))
                return
            } catch let error as ObjectStoreError where [.preconditionFailed, .conflict].contains(error.kind) {
                continue  // Somebody else was first, or this very write was, unheard: the next look tells.
            }
        }
    }

    @Test("An object too large for one copy is copied in ranges, with its pairs, or not at all")
    func largeCopy() async throws {
        let isLarge: @Sendable (FaultProxy.Seen) -> FaultProxy.Fault? = { seen in
            let isWhole = seen.method == "PUT" && seen.target.hasSuffix("-copy")
            return isWhole ? .status(400, code: "InvalidRequest", retryAfter: nil) : nil
        }
        let adjust: @Sendable (inout S3Store.Configuration) -> Void = {
            $0.largestCopy = 10 << 20
            $0.copyPartSize = 5 << 20
        }
        try await FaultTests().withStore(adjust: adjust, isLarge) { store, proxy in
            let (key, bytes) = (try FaultTests.key(), patternBytes(12 << 20))
            let copy = try ObjectKey(key.text + "-copy")
            let options = PutOptions(metadata: ["a": "b"], contentType: "x/y")
            let written = try await store.put(key, ByteBuffer(bytes: bytes), options)
            let fenced = CopyOptions(condition: .ifAbsent, ifSourceMatch: written.etag)
            let done = try await store.copy(key, to: copy, fenced)
            let (read, info) = try await store.read(copy)
            #expect(read == bytes && info.metadata == ["a": "b"] && info.contentType == "x/y" && info.etag == done.etag)
            #expect(proxy.requests.count { $0.target.contains("partNumber=") } == 3)
            await expectFailure(.preconditionFailed) {
                _ = try await store.copy(key, to: copy, CopyOptions(condition: .ifAbsent))
            }
            #expect(try await store.versions(of: copy).count == 1)
            let small = try ObjectKey(key.text + "-small")
            try await store.put(small, bytes: [1])
            await expectFailure(.invalidRequest) { try await store.copy(small, to: copy) }
        }
    }
}
