// SPDX-License-Identifier: Apache-2.0

import Checksums
import Foundation
import NIOCore
import ObjectStore
import ObjectStoreTestSupport
import Synchronization
import Testing

@Suite("Trees")
struct TreeTransferTests {
    private let engine = TransferEngine(.init(partSize: 64 << 10))

    /// A store with adapters of three files, and a neighbour whose name begins alike.
    private func filled(_ store: some ObjectStore, adapters: Int = 5) async throws -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        for number in 0..<adapters {
            files["a\(number)/adapter_model.safetensors"] = patternBytes(100_000 + number, seed: UInt64(number))
            files["a\(number)/adapter_config.json"] = Array("{\"r\":\(number)}".utf8)
            files["a\(number)/training_args.json"] = []
        }
        for (path, bytes) in files {
            try await store.put(try ObjectKey("lora/" + path), bytes: bytes, PutOptions(checksum: .crc64nvme))
        }
        try await store.put(try ObjectKey("lora-2/other"), bytes: [1])
        try await store.put(try ObjectKey("lora/folder/"), bytes: [])
        return files
    }

    private func contents(_ directory: String) throws -> [String: [UInt8]] {
        var found: [String: [UInt8]] = [:]
        for path in try FileManager.default.subpathsOfDirectory(atPath: directory) {
            guard let bytes = FileManager.default.contents(atPath: directory + "/" + path) else { continue }
            found[path] = Array(bytes)
        }
        return found
    }

    @Test("A prefix becomes a directory and a directory a prefix, byte for byte", arguments: ["lora", "lora/"])
    func roundTrip(prefix: String) async throws {
        let (store, back) = (MemoryStore(), MemoryStore())
        let files = try await filled(store)
        try await withTemporaryDirectory { path in
            let last = Mutex<TransferProgress?>(nil)
            let down = try await engine.downloadTree(store, prefix: prefix, to: path + "/d") { progress in
                last.withLock { if progress.completedBytes >= $0?.completedBytes ?? 0 { $0 = progress } }
            }
            #expect(down.transferred == files.keys.sorted())
            #expect(down.transferredBytes == files.values.reduce(0) { $0 + $1.count })
            #expect(try contents(path + "/d") == files)
            #expect(last.withLock { $0?.completedBytes } == down.transferredBytes)
            #expect(last.withLock { $0?.totalBytes } == down.transferredBytes)
            let up = try await engine.uploadTree(path + "/d", to: back, prefix: prefix)
            #expect(up.transferred == down.transferred)
            for (name, bytes) in files {
                #expect(try await back.read(try ObjectKey("lora/" + name)).bytes == bytes)
            }
        }
    }

    @Test("What has not changed stays; what has is copied, of one size too")
    func changes() async throws {
        let store = MemoryStore()
        let files = try await filled(store)
        try await withTemporaryDirectory { path in
            let options = TreeOptions(index: path + "/index.json")
            try await engine.downloadTree(store, prefix: "lora", to: path + "/d", options)
            let again = try await engine.downloadTree(store, prefix: "lora", to: path + "/d", options)
            #expect(again.transferred.isEmpty && again.unchanged == files.keys.sorted())
            // Within one second, with the same size: times cannot tell, tags can.
            let name = "a3/adapter_model.safetensors"
            let newer = patternBytes(100_003, seed: 77)
            try await store.put(try ObjectKey("lora/" + name), bytes: newer)
            // A file changed here comes back as well.
            try Data("{\"r\":7}".utf8).write(to: URL(fileURLWithPath: path + "/d/a1/adapter_config.json"))
            let third = try await engine.downloadTree(store, prefix: "lora", to: path + "/d", options)
            #expect(third.transferred == ["a1/adapter_config.json", name])
            #expect(try contents(path + "/d") == files.merging([name: newer]) { $1 })
        }
    }

    @Test("Sizes, times and nothing compared", arguments: [TreeOptions.Comparison.sizes, .exactTimes, .nothing])
    func comparisons(comparison: TreeOptions.Comparison) async throws {
        let store = MemoryStore()
        let files = try await filled(store)
        try await withTemporaryDirectory { path in
            try await engine.downloadTree(store, prefix: "lora", to: path + "/d")
            let file = path + "/d/a2/adapter_config.json"
            try Data("{\"r\":9}".utf8).write(to: URL(fileURLWithPath: file))
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: 4e9)],
                ofItemAtPath: file
            )
            let options = TreeOptions(comparison: comparison)
            let done = try await engine.downloadTree(store, prefix: "lora", to: path + "/d", options)
            let expected: [TreeOptions.Comparison: [String]] = [
                .sizes: [], .exactTimes: ["a2/adapter_config.json"], .nothing: files.keys.sorted(),
            ]
            #expect(done.transferred == expected[comparison])
        }
    }

    @Test("Only what was asked for is deleted, on either side")
    func deletion() async throws {
        let store = MemoryStore()
        let files = try await filled(store)
        try await withTemporaryDirectory { path in
            try await engine.downloadTree(store, prefix: "lora", to: path + "/d")
            for name in ["old/x", "keep.txt"] {
                let url = URL(fileURLWithPath: path + "/d/" + name)
                try FileManager.default.createDirectory(
                    at: url.deletingLastPathComponent(),
                    withIntermediateDirectories: true
                )
                try Data([1]).write(to: url)
            }
            let options = TreeOptions(deletesOthers: true) { $0 != "keep.txt" }
            let down = try await engine.downloadTree(store, prefix: "lora", to: path + "/d", options)
            #expect(down.deleted == ["old/x"])
            #expect(!FileManager.default.fileExists(atPath: path + "/d/old"))
            #expect(try contents(path + "/d").keys.sorted() == (files.keys + ["keep.txt"]).sorted())
            try FileManager.default.removeItem(atPath: path + "/d/a0")
            let up = try await engine.uploadTree(path + "/d", to: store, prefix: "lora", options)
            #expect(up.deleted.count == 3 && up.deleted.allSatisfy { $0.hasPrefix("a0/") })
            #expect(try await store.exists(try ObjectKey("lora-2/other")), "a neighbour is not below the prefix")
            #expect(try await !store.exists(try ObjectKey("lora/keep.txt")))
        }
    }

    @Test("A small file that grows before it is read is sent whole, one that changes while it is sent is an error")
    func changingUploads() async throws {
        try await withTemporaryDirectory { path in
            let grown = patternBytes(3 << 20, seed: 4)
            let file = URL(fileURLWithPath: path + "/f")
            try Data([1]).write(to: file)
            let store = MemoryStore()
            // Asked after the size was looked at, and before anything is read.
            let growing = TreeOptions { _ in (try? Data(grown).write(to: file)) != nil }
            try await engine.uploadTree(path, to: store, prefix: "", growing)
            #expect(try await store.read(try ObjectKey("f")).bytes == grown)
            try Data([1]).write(to: file)
            let changing = ChangingStore(base: store) { try? Data([1, 2]).write(to: file) }
            await expectFailure(.changedDuringTransfer) {
                try await engine.uploadTree(path, to: changing, prefix: "", TreeOptions(comparison: .nothing))
            }
        }
    }

    @Test(
        "Of an answer that breaks, the checksum of the whole is compared with what came in pieces",
        arguments: [false, true]
    )
    func brokenAnswers(isRestWrong: Bool) async throws {
        let (base, key) = (MemoryStore(), try ObjectKey("p/f"))
        let bytes = patternBytes(100_000)
        try await base.put(key, bytes: bytes, PutOptions(checksum: .crc64nvme))
        let store = BreakingStore(base: base, bytes: bytes, isRestWrong: isRestWrong)
        try await withTemporaryDirectory { path in
            if isRestWrong {
                await expectFailure(.corrupted) {
                    try await TransferEngine().downloadTree(store, prefix: "p", to: path + "/d")
                }
                #expect(!FileManager.default.fileExists(atPath: path + "/d/f"))
            } else {
                try await TransferEngine().downloadTree(store, prefix: "p", to: path + "/d")
                #expect(try contents(path + "/d") == ["f": bytes])
            }
        }
    }

    @Test("Nothing is deleted when a listing or a file fails")
    func failure() async throws {
        let store = MemoryStore()
        _ = try await filled(store)
        try await withTemporaryDirectory { path in
            try FileManager.default.createDirectory(atPath: path + "/d", withIntermediateDirectories: true)
            try Data([1]).write(to: URL(fileURLWithPath: path + "/d/mine"))
            let broken = FaultyStore(store, [.otherTag], seed: 1, probability: 1, count: 100_000)
            let small = TransferEngine(.init(partSize: 4096))
            await expectFailure(.changedDuringTransfer) {
                try await small.downloadTree(broken, prefix: "lora", to: path + "/d", TreeOptions(deletesOthers: true))
            }
            #expect(FileManager.default.fileExists(atPath: path + "/d/mine"))
            let left = try FileManager.default.subpathsOfDirectory(atPath: path + "/d").filter { $0.contains(".part") }
            #expect(left.isEmpty)
        }
    }

    @Test(
        "Keys that cannot be files beside each other are refused before anything is fetched",
        arguments: [["A/x", "a/x"], ["a", "a/b"], ["a//b"]]
    )
    func hostile(keys: [String]) async throws {
        let store = MemoryStore()
        for key in keys { try await store.put(try ObjectKey("p/" + key), bytes: [1]) }
        try await withTemporaryDirectory { path in
            let error = await #expect(throws: ObjectStoreError.self) {
                try await engine.downloadTree(store, prefix: "p", to: path + "/d")
            }
            #expect(error?.kind == .invalidKey && error?.key?.hasPrefix("p/") == true)
            #expect(!FileManager.default.fileExists(atPath: path + "/d"))
            await expectFailure(.notFound) {
                try await engine.uploadTree(path + "/none", to: store, prefix: "p")
            }
        }
    }

    @Test("Links in a directory are neither sent nor followed")
    func links() async throws {
        let store = MemoryStore()
        try await withTemporaryDirectory { path in
            try FileManager.default.createDirectory(atPath: path + "/d", withIntermediateDirectories: true)
            try Data([1]).write(to: URL(fileURLWithPath: path + "/d/real"))
            try Data([2]).write(to: URL(fileURLWithPath: path + "/secret"))
            try FileManager.default.createSymbolicLink(atPath: path + "/d/link", withDestinationPath: path + "/secret")
            try FileManager.default.createSymbolicLink(atPath: path + "/d/folder", withDestinationPath: path)
            let up = try await engine.uploadTree(path + "/d", to: store, prefix: "")
            #expect(up.transferred == ["real"])
        }
    }

    @Test(
        "200 adapters of 3 files go up and come back",
        .enabled(if: SlowSuite.isOn, "set LUMINA_SLOW=1"),
        arguments: [LocalServer.seaweedfs]
    )
    func many(server: LocalServer) async throws {
        let store = try await Buckets.shared.store(server, versioned: true)
        try await withTemporaryDirectory { path in
            var files: [String: [UInt8]] = [:]
            for number in 0..<200 {
                files["a\(number)/adapter_model.safetensors"] = patternBytes(20_000 + number * 97, seed: UInt64(number))
                files["a\(number)/adapter_config.json"] = Array("{\"r\":\(number)}".utf8)
                files["a\(number)/training_args.json"] = Array("{}".utf8)
            }
            for (name, bytes) in files {
                let url = URL(fileURLWithPath: path + "/d/" + name)
                let folder = url.deletingLastPathComponent()
                try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
                try Data(bytes).write(to: url)
            }
            let prefix = "many-\(UInt64.random(in: 0 ... .max))"
            #expect(
                try await TransferEngine().uploadTree(path + "/d", to: store, prefix: prefix).transferred.count == 600
            )
            let down = try await TransferEngine().downloadTree(store, prefix: prefix, to: path + "/e")
            #expect(down.transferred.count == 600)
            #expect(try contents(path + "/e") == files)
            let again = try await TransferEngine().uploadTree(path + "/e", to: store, prefix: prefix)
            #expect(again.transferred.isEmpty)
        }
    }
}

/// Does something else before each object is written.
private struct ChangingStore: ForwardingStore {
    let base: any ObjectStore
    let change: @Sendable () -> Void

    func willAsk(_ operation: String) throws { if operation == "put" { change() } }
}

/// Opens an object whole as a server that vouches for its checksum does, and breaks off in the middle.
private struct BreakingStore: ForwardingStore {
    let base: any ObjectStore
    let bytes: [UInt8]
    let isRestWrong: Bool

    func get(_ key: ObjectKey, _ options: GetOptions) async throws -> ObjectBody {
        let body = try await base.get(key, options)
        if options.range == nil {
            let half = ByteBuffer(bytes: bytes[..<(bytes.count / 2)])
            var broken = ObjectBody(info: body.info, range: body.range, bytes: ByteStream(BreakingBytes(first: half)))
            var code = CyclicRedundancyCode(.nvme64)
            unsafe bytes.withUnsafeBytes { unsafe code.update($0) }
            broken.assuredCode = code
            return broken
        }
        guard isRestWrong else { return body }
        var other = Array(bytes[body.range])
        other[other.count - 1] ^= 1
        return ObjectBody(info: body.info, range: body.range, bytes: ByteStream(ByteBuffer(bytes: other)))
    }
}

/// Some bytes, then a connection that breaks.
private struct BreakingBytes: AsyncSequence, Sendable {
    let first: ByteBuffer

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(rest: first) }

    struct AsyncIterator: AsyncIteratorProtocol {
        var rest: ByteBuffer?

        mutating func next() async throws -> ByteBuffer? {
            guard let next = rest.take() else { throw ObjectStoreError(.connectionFailed, message: "it broke") }
            return next
        }
    }
}
