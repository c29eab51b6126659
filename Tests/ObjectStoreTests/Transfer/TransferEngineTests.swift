// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import NIOCore
import ObjectStore
import ObjectStoreTestSupport
import Synchronization
import Testing

@Suite("TransferEngine")
struct TransferEngineTests {
    private static let quick = TransferEngine.Configuration(
        partSize: 64 << 10,
        maximumConcurrency: 8,
        retry: RetryPolicy(maximumAttempts: 30, transientBase: .milliseconds(1), throttledBase: .milliseconds(1))
    )
    private let engine = TransferEngine(quick)

    private func withObject(
        _ count: Int,
        _ body: (MemoryStore, ObjectKey, [UInt8], String) async throws -> Void
    ) async throws {
        let (store, key, bytes) = (MemoryStore(), try ObjectKey("a/object"), patternBytes(count))
        try await store.put(key, bytes: bytes, PutOptions(checksum: .crc64nvme))
        try await withTemporaryDirectory { try await body(store, key, bytes, $0) }
    }

    private func digest(_ bytes: [UInt8]) -> String { Hexadecimal.encode(SHA256.hash(data: bytes)) }
    private func names(_ path: String) throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: path) }

    @Test(
        "Objects of every size arrive whole, with nothing beside them",
        arguments: [0, 1, 65_535, 65_536, 65_537, 1_000_003]
    )
    func sizes(count: Int) async throws {
        try await withObject(count) { store, key, bytes, path in
            let expected = ExpectedContent(size: count, sha256: digest(bytes))
            let found = try await engine.download(StoredObject(store, key), to: path + "/deep/er/f", expected: expected)
            #expect(found.size == count)
            #expect(found.sha256 == digest(bytes))
            #expect(FileManager.default.contents(atPath: path + "/deep/er/f") == Data(bytes))
            #expect(try names(path + "/deep/er") == ["f"])
        }
    }

    @Test("An object goes into memory that the caller owns")
    func memory() async throws {
        try await withObject(300_000) { store, key, bytes, _ in
            let region = UnsafeMutableRawBufferPointer.allocate(byteCount: 300_000, alignment: 4096)
            defer { unsafe region.deallocate() }
            let found = try await engine.download(
                StoredObject(store, key),
                into: unsafe TransferMemory(region),
                expected: ExpectedContent(sha256: digest(bytes))
            )
            #expect(found.size == 300_000)
            #expect(unsafe Array(region) == bytes)
            let small = unsafe UnsafeMutableRawBufferPointer(rebasing: region[..<1000])
            await expectFailure(.invalidRequest) {
                _ = try await engine.download(StoredObject(store, key), into: unsafe TransferMemory(small))
            }
        }
    }

    @Test("Through every fault of reads the bytes come right", arguments: 0..<12)
    func faults(seed: Int) async throws {
        try await withObject(1_000_003) { store, key, bytes, path in
            let faulty = FaultyStore(store, [.throttled, .broken, .short, .slow], seed: UInt64(seed))
            try await engine.download(
                StoredObject(faulty, key),
                to: path + "/f",
                expected: ExpectedContent(sha256: digest(bytes))
            )
            #expect(FileManager.default.contents(atPath: path + "/f") == Data(bytes))
            #expect(try names(path) == ["f"])
        }
    }

    @Test("A chunk with a wrong byte is fetched again; one that stays wrong fails and leaves nothing")
    func wrongBytes() async throws {
        try await withObject(500_000) { store, key, bytes, path in
            let chunks = stride(from: 0, to: bytes.count, by: 64 << 10).map {
                digest(Array(bytes[$0..<min($0 + (64 << 10), bytes.count)]))
            }
            let expected = ExpectedContent(
                size: bytes.count,
                sha256: digest(bytes),
                chunkSize: 64 << 10,
                chunks: chunks
            )
            let once = FaultyStore(store, [.wrongByte], seed: 3, probability: 0.3, count: 1)
            try await engine.download(StoredObject(once, key), to: path + "/f", expected: expected)
            #expect(FileManager.default.contents(atPath: path + "/f") == Data(bytes))
            let always = FaultyStore(store, [.wrongByte], seed: 3, probability: 1, count: 1000)
            await expectFailure(.corrupted) {
                try await engine.download(StoredObject(always, key), to: path + "/g", expected: expected)
            }
            #expect(try names(path) == ["f"])
        }
    }

    @Test("Without a manifest the store's own checksum finds a wrong byte")
    func storedChecksum() async throws {
        try await withObject(500_000) { store, key, _, path in
            // In every answer: on a busy machine a part may be fetched twice, and one right copy would mend the other.
            let faulty = FaultyStore(store, [.wrongByte], seed: 5, probability: 1, count: 1000)
            await expectFailure(.corrupted) { try await engine.download(StoredObject(faulty, key), to: path + "/f") }
            let left = try names(path)
            #expect(left.isEmpty)
        }
    }

    @Test("A checksum of any kind that the store holds is compared", arguments: ChecksumAlgorithm.allCases)
    func otherChecksums(algorithm: ChecksumAlgorithm) async throws {
        let (store, key, bytes) = (MemoryStore(), try ObjectKey("a"), patternBytes(300_000))
        try await store.put(key, bytes: bytes, PutOptions(checksum: algorithm))
        try await withTemporaryDirectory { path in
            try await engine.download(StoredObject(store, key), to: path + "/f")
            #expect(FileManager.default.contents(atPath: path + "/f") == Data(bytes))
            // In every answer: on a busy machine a part may be fetched twice, and one right copy would mend the other.
            let faulty = FaultyStore(store, [.wrongByte], seed: 5, probability: 1, count: 1000)
            await expectFailure(.corrupted) { try await engine.download(StoredObject(faulty, key), to: path + "/g") }
            #expect(try names(path) == ["f"])
        }
    }

    @Test("An object larger than the disk is refused before a byte is fetched")
    func noSpace() async throws {
        try await withTemporaryDirectory { path in
            let source = HugeSource()
            let error = await #expect(throws: ObjectStoreError.self) {
                try await engine.download(source, to: path + "/f", expected: ExpectedContent(size: HugeSource.size))
            }
            #expect(error?.kind == .noSpace && error?.message.contains(String(HugeSource.size)) == true)
            let left = try names(path)
            #expect(left.isEmpty)
        }
    }

    /// Says that it has an exabyte.
    private struct HugeSource: RangeSource {
        static let size = 1 << 60
        let description = "huge"

        func open(_ range: ByteRange, ifMatch: ETag?) async throws -> ObjectBody {
            ObjectBody(
                info: try await properties(),
                range: 0..<65_536,
                bytes: ByteStream(ByteBuffer(repeating: 0, count: 65_536))
            )
        }

        func properties() async throws -> ObjectInfo {
            ObjectInfo(key: try ObjectKey("huge"), size: Self.size, etag: ETag("\"h\""))
        }
    }

    @Test("A small object whose size is known takes one request without a range")
    func whole() async throws {
        try await withObject(10_000) { store, key, bytes, path in
            let reads = ReadCounter(store)
            try await engine.download(
                StoredObject(reads, key),
                to: path + "/f",
                expected: ExpectedContent(size: 10_000)
            )
            #expect(reads.requests == 1 && reads.bytes == 10_000)
            #expect(FileManager.default.contents(atPath: path + "/f") == Data(bytes))
        }
    }

    @Test("A manifest that lies is refused: size, digest, chunks")
    func lies() async throws {
        try await withObject(200_000) { store, key, bytes, path in
            let source = StoredObject(store, key)
            for expected in [
                ExpectedContent(size: 199_999), ExpectedContent(sha256: digest([])),
                ExpectedContent(size: 200_000, chunkSize: 64 << 10, chunks: Array(repeating: digest([]), count: 4)),
            ] {
                await expectFailure(.corrupted) {
                    try await engine.download(source, to: path + "/f", expected: expected)
                }
            }
            for expected in [
                ExpectedContent(size: 200_000, chunkSize: 64 << 10, chunks: []),
                ExpectedContent(chunkSize: 0, chunks: ["00"]),
            ] {
                await expectFailure(.invalidRequest) {
                    try await engine.download(source, to: path + "/f", expected: expected)
                }
            }
            let left = try names(path)
            #expect(left.isEmpty)
            #expect(bytes.count == 200_000)
        }
    }

    @Test("An object overwritten meanwhile is read again from its start")
    func overwritten() async throws {
        try await withObject(500_000) { store, key, _, path in
            let newer = patternBytes(400_000, seed: 9)
            let isDone = Mutex(false)
            let oneByOne = TransferEngine(.init(partSize: 64 << 10, startingConcurrency: 1, maximumConcurrency: 1))
            try await oneByOne.download(StoredObject(store, key), to: path + "/f") { _ in
                let isFirst = isDone.withLock { done in
                    defer { done = true }
                    return !done
                }
                guard isFirst else { return }
                let semaphore = DispatchSemaphore(value: 0)
                Task.detached {
                    try await store.put(key, bytes: newer, PutOptions(checksum: .crc64nvme))
                    semaphore.signal()
                }
                semaphore.wait()
            }
            #expect(FileManager.default.contents(atPath: path + "/f") == Data(newer))
            #expect(try names(path) == ["f"])
        }
    }

    @Test("An object whose tag differs in every answer fails, and leaves nothing")
    func restless() async throws {
        try await withObject(500_000) { store, key, _, path in
            let small = TransferEngine(.init(partSize: 4096, startingConcurrency: 2, maximumConcurrency: 2))
            let faulty = FaultyStore(store, [.otherTag], seed: 1, probability: 0.5, count: 10_000)
            await expectFailure(.changedDuringTransfer) {
                try await small.download(StoredObject(faulty, key), to: path + "/f")
            }
            let left = try names(path)
            #expect(left.isEmpty)
        }
    }

    @Test("An interrupted download goes on where it was, and does not trust the parts blindly")
    func resume() async throws {
        try await withObject(640 << 10) { store, key, bytes, path in
            let giveUp = TransferEngine(
                .init(
                    partSize: 64 << 10,
                    startingConcurrency: 1,
                    maximumConcurrency: 1,
                    retry: RetryPolicy(maximumAttempts: 1)
                )
            )
            let broken = FaultyStore(store, [.broken], seed: 2, probability: 1, count: 1000, spared: 5)
            await expectFailure(.connectionFailed) {
                try await giveUp.download(StoredObject(broken, key), to: path + "/f")
            }
            let left = try names(path).sorted()
            #expect(left.count == 2 && left.allSatisfy { $0.hasPrefix(".f.") })
            let fetched = broken.getCount
            #expect(fetched > 1, "the fault came too early to show anything")
            let counting = FaultyStore(store, [], seed: 0, probability: 0)
            try await giveUp.download(StoredObject(counting, key), to: path + "/f")
            #expect(counting.getCount <= 7)
            #expect(FileManager.default.contents(atPath: path + "/f") == Data(bytes))
            #expect(try names(path) == ["f"])
        }
    }

    @Test("A damaged part or journal of an earlier run is fetched again", arguments: [true, false])
    func damagedPart(damagesJournal: Bool) async throws {
        try await withObject(640 << 10) { store, key, bytes, path in
            let giveUp = TransferEngine(
                .init(
                    partSize: 64 << 10,
                    startingConcurrency: 1,
                    maximumConcurrency: 1,
                    retry: RetryPolicy(maximumAttempts: 1)
                )
            )
            let broken = FaultyStore(store, [.broken], seed: 2, probability: 1, count: 1000, spared: 5)
            await expectFailure(.connectionFailed) {
                try await giveUp.download(StoredObject(broken, key), to: path + "/f")
            }
            let name = try #require(try names(path).first { $0.hasSuffix(damagesJournal ? ".parts" : ".part") })
            let handle = try #require(FileHandle(forWritingAtPath: path + "/" + name))
            try handle.seek(toOffset: 5)
            try handle.write(contentsOf: Data("garbage".utf8))
            try handle.close()
            try await engine.download(
                StoredObject(store, key),
                to: path + "/f",
                expected: ExpectedContent(sha256: digest(bytes))
            )
            #expect(FileManager.default.contents(atPath: path + "/f") == Data(bytes))
        }
    }

    @Test("A cancelled download leaves nothing")
    func cancelled() async throws {
        try await withObject(2_000_000) { store, key, _, path in
            let (started, continuation) = AsyncStream<Void>.makeStream()
            let slow = FaultyStore(store, [.slow], seed: 1, probability: 1, count: 100_000)
            let task = Task {
                try await engine.download(StoredObject(slow, key), to: path + "/f") { _ in continuation.yield() }
            }
            for await _ in started { break }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            let left = try names(path)
            #expect(left.isEmpty)
        }
    }

    @Test("Two downloads into one file at once both succeed")
    func twice() async throws {
        try await withObject(1_000_000) { store, key, bytes, path in
            async let first = engine.download(StoredObject(store, key), to: path + "/f")
            async let second = engine.download(StoredObject(store, key), to: path + "/f")
            let sizes = [try await first.size, try await second.size]
            #expect(sizes == [1_000_000, 1_000_000])
            #expect(FileManager.default.contents(atPath: path + "/f") == Data(bytes))
            #expect(try names(path) == ["f"])
        }
    }

    @Test("Many downloads into one file at once never touch what one of them has published")
    func manyIntoOne() async throws {
        try await withObject(1000) { store, key, bytes, path in
            let engine = engine
            for _ in 0..<20 {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<12 {
                        group.addTask {
                            try await engine.download(StoredObject(store, key), to: path + "/f")
                            let found = FileManager.default.contents(atPath: path + "/f")
                            #expect(found == Data(bytes), "a reader saw a file that was being written")
                        }
                    }
                    try await group.waitForAll()
                }
            }
            #expect(try names(path) == ["f"])
        }
    }

    @Test("A target that cannot be written is reported with its path")
    func unwritable() async throws {
        try await withObject(100) { store, key, _, path in
            try FileManager.default.createDirectory(atPath: path + "/dir", withIntermediateDirectories: true)
            await expectFailure(.localFile) { try await engine.download(StoredObject(store, key), to: path + "/dir") }
            try Data().write(to: URL(fileURLWithPath: path + "/file"))
            await expectFailure(.invalidKey) {
                try await engine.download(StoredObject(store, key), to: path + "/file/x")
            }
            await expectFailure(.notFound) {
                try await engine.download(StoredObject(store, try ObjectKey("none")), to: path + "/n")
            }
            let left = try names(path).sorted()
            #expect(left == ["dir", "file"])
        }
    }

    @Test("Progress ends with all bytes")
    func progress() async throws {
        try await withObject(1_000_000) { store, key, _, path in
            let last = Mutex<TransferProgress?>(nil)
            try await engine.download(StoredObject(store, key), to: path + "/f") { progress in
                last.withLock { if progress.completedBytes >= $0?.completedBytes ?? 0 { $0 = progress } }
            }
            let end = try #require(last.withLock { $0 })
            #expect(end.completedBytes == 1_000_000)
            #expect(end.totalBytes == 1_000_000)
            #expect(end.timeLeft == .zero)
        }
    }

    @Test("Files are sent whole or in parts, and come back", arguments: [0, 1000, 16 << 20, (16 << 20) + 1, 22 << 20])
    func upload(count: Int) async throws {
        try await withTemporaryDirectory { path in
            let (store, key, bytes) = (MemoryStore(), try ObjectKey("up"), patternBytes(count))
            try Data(bytes).write(to: URL(fileURLWithPath: path + "/f"))
            let sent = try await engine.upload(
                path + "/f",
                to: store,
                key,
                PutOptions(condition: .ifAbsent, metadata: ["a": "b"])
            )
            #expect(sent.sha256 == digest(bytes))
            let (read, info) = try await store.read(key, limit: 1 << 30)
            #expect(read == bytes)
            #expect(info.metadata == ["a": "b"])
            #expect(info.checksums == [ChecksumHasher.checksum(.crc64nvme, of: ByteBuffer(bytes: bytes))])
            await expectFailure(.preconditionFailed) {
                try await engine.upload(path + "/f", to: store, key, PutOptions(condition: .ifAbsent))
            }
            await expectFailure(.localFile) { try await engine.upload(path, to: store, key) }
            await expectFailure(.notFound) { try await engine.upload(path + "/none", to: store, key) }
        }
    }

    @Test("A file changed while it is sent is not published")
    func changedSource() async throws {
        try await withTemporaryDirectory { path in
            let (store, key) = (MemoryStore(), try ObjectKey("up"))
            try Data(patternBytes(20 << 20)).write(to: URL(fileURLWithPath: path + "/f"))
            await expectFailure(.changedDuringTransfer) {
                try await engine.upload(path + "/f", to: store, key) { _ in
                    let handle = FileHandle(forWritingAtPath: path + "/f")
                    try? handle?.write(contentsOf: Data([1]))
                    try? handle?.close()
                }
            }
            #expect(try await !store.exists(key))
        }
    }
}
