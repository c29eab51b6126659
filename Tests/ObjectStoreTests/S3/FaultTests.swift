// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import ObjectStore
import ObjectStoreTestSupport
import Synchronization
import Testing

/// Every fault that a server or a network has, before a real server.
@Suite("S3Store through a failing proxy", .serialized, .enabled(if: SlowSuite.isOn, "set LUMINA_SLOW=1"))
struct FaultTests {
    static let transient: [FaultProxy.Fault] = [
        .status(500, code: "InternalError", retryAfter: nil), .status(502, code: nil, retryAfter: nil),
        .status(503, code: "SlowDown", retryAfter: nil), .status(503, code: "Unheard", retryAfter: 0),
        .status(429, code: nil, retryAfter: nil), .resetBefore, .lostAnswer, .resetAfter(0), .stall(.seconds(2)),
        .status(400, code: "RequestTimeout", retryAfter: nil), .status(409, code: "OperationAborted", retryAfter: nil),
    ]

    func withStore<Result: Sendable>(
        adjust: @escaping @Sendable (inout S3Store.Configuration) -> Void = { _ in },
        _ plan: @escaping @Sendable (FaultProxy.Seen) -> FaultProxy.Fault?,
        _ body: @escaping @Sendable (S3Store, FaultProxy) async throws -> Result
    ) async throws -> Result {
        let bucket = try await Buckets.shared.bucket(.seaweedfs, versioned: true)
        return try await FaultProxy.run(LocalServer.seaweedfs.endpoint(), plan: plan) { proxy in
            var configuration = try LocalServer.seaweedfs.configuration(bucket: bucket)
            configuration.endpoint = proxy.endpoint
            configuration.idleTimeout = .seconds(1)
            configuration.retry = RetryPolicy(transientBase: .milliseconds(5), throttledBase: .milliseconds(20))
            adjust(&configuration)
            return try await body(try S3Store(configuration, credentials: LocalServer.seaweedfs.credentials), proxy)
        }
    }

    static func once(
        _ fault: FaultProxy.Fault,
        _ matches: @escaping @Sendable (FaultProxy.Seen) -> Bool
    ) -> @Sendable (FaultProxy.Seen) -> FaultProxy.Fault? {
        let isUsed = OneTime()
        return { seen in matches(seen) && isUsed.take() ? fault : nil }
    }

    private func plan(
        _ plan: @escaping @Sendable (FaultProxy.Seen) -> FaultProxy.Fault?
    ) -> @Sendable (FaultProxy.Seen) -> FaultProxy.Fault? { plan }

    private final class OneTime: Sendable {
        private let isTaken = Mutex(false)
        func take() -> Bool {
            isTaken.withLock { taken in
                defer { taken = true }
                return !taken
            }
        }
    }

    static func key() throws -> ObjectKey {
        try ObjectKey("fault-" + String(UInt64.random(in: 0 ... .max), radix: 36))
    }

    @Test("A fault that passes is overcome by put, get, head, list and delete", arguments: transient)
    func simple(fault: FaultProxy.Fault) async throws {
        // An answer to HEAD has no body: a code that alone tells what passes is not seen there.
        let isTold = fault != .status(400, code: "RequestTimeout", retryAfter: nil)
        for method in ["PUT", "GET", "HEAD", "DELETE"] where isTold || method != "HEAD" {
            try await withStore(Self.once(fault) { $0.method == method }) { store, proxy in
                let (key, bytes) = (try Self.key(), patternBytes(300_000))
                try await store.put(key, bytes: bytes)
                #expect(try await store.head(key).size == 300_000)
                _ = try await store.list(ListOptions(prefix: key.text))
                let body: ByteBuffer
                do {
                    body = try await store.get(key, GetOptions()).collect(upTo: 1 << 20)
                } catch let error as ObjectStoreError where fault == .resetAfter(0) && error.kind == .connectionFailed {
                    // A body that breaks is the reader's to go on with (TransferEngine); it never ends silently.
                    body = try await store.get(key, GetOptions()).collect(upTo: 1 << 20)
                }
                #expect(Array(buffer: body) == bytes)
                try await store.delete(key)
                #expect(proxy.requests.count >= 5)
            }
        }
    }

    @Test("An upload in parts survives a fault at each of its stages", arguments: transient + [.errorInside])
    func multipart(fault: FaultProxy.Fault) async throws {
        let stages: [@Sendable (FaultProxy.Seen) -> Bool] = [
            { $0.target.contains("?uploads=") }, { $0.target.contains("partNumber=2") },
            { $0.method == "POST" && $0.target.contains("uploadId=") },
        ]
        let bytes = patternBytes(17 << 20)
        try await withTemporaryDirectory { path in
            try Data(bytes).write(to: URL(fileURLWithPath: path + "/f"))
            for (index, stage) in stages.enumerated() where fault != .errorInside || index == 2 {
                try await withStore(Self.once(fault, stage)) { store, _ in
                    let key = try Self.key()
                    let engine = TransferEngine(.init(partSize: 8 << 20))
                    try await engine.upload(path + "/f", to: store, key, PutOptions(condition: .ifAbsent))
                    #expect(try await store.head(key).size == bytes.count)
                    let versions = try await store.versions(of: key)
                    #expect(versions.count == 1, "a retried completion must not write twice")
                    try await engine.download(StoredObject(store, key), to: path + "/g-\(index)")
                    #expect(FileManager.default.contents(atPath: path + "/g-\(index)") == Data(bytes))
                }
            }
        }
    }

    @Test("Downloads come right through seeded faults of every kind", arguments: 0..<10)
    func download(seed: Int) async throws {
        let bytes = patternBytes(3_000_000, seed: 4)
        let faults = Self.transient + [.resetAfter(50_000), .resetAfter(150_000), .otherTag, .wrongByte]
        let random = Mutex((generator: SplitMix(seed: UInt64(seed)), left: 12))
        let plan: @Sendable (FaultProxy.Seen) -> FaultProxy.Fault? = { seen in
            guard seen.method == "GET" else { return nil }
            return random.withLock { state in
                guard state.left > 0, state.generator.unit() < 0.3 else { return nil }
                state.left -= 1
                return faults.randomElement(using: &state.generator)
            }
        }
        try await withStore(plan) { store, _ in
            let key = try Self.key()
            try await store.put(key, bytes: bytes, PutOptions(checksum: .crc64nvme))
            let engine = TransferEngine(
                .init(
                    partSize: 256 << 10,
                    retry: RetryPolicy(transientBase: .milliseconds(5), throttledBase: .milliseconds(20))
                )
            )
            try await withTemporaryDirectory { path in
                var attempts = 0
                while true {
                    attempts += 1
                    do {
                        try await engine.download(StoredObject(store, key), to: path + "/f")
                        break
                    } catch let error as ObjectStoreError
                        where [.corrupted, .changedDuringTransfer].contains(error.kind)
                    {
                        // Found out, and nothing is left: the caller may try again.
                        #expect(try FileManager.default.contentsOfDirectory(atPath: path).isEmpty)
                        try #require(attempts < 20)
                    }
                }
                #expect(FileManager.default.contents(atPath: path + "/f") == Data(bytes))
                #expect(try FileManager.default.contentsOfDirectory(atPath: path) == ["f"])
            }
        }
    }

    @Test("Of two conditional puts whose answer is lost, the retry says that the first may have won")
    func ambiguous() async throws {
        try await withStore(Self.once(.lostAnswer) { $0.method == "PUT" }) { store, _ in
            let key = try Self.key()
            let error = await #expect(throws: ObjectStoreError.self) {
                try await store.put(key, bytes: [1], PutOptions(condition: .ifAbsent))
            }
            #expect(error?.kind == .preconditionFailed && error?.isAmbiguous == true)
            #expect(try await store.read(key).bytes == [1])
        }
    }

    @Test("The bucket's region is learnt from the answer, in every way servers tell it", arguments: [301, 307, 400])
    func region(status: Int) async throws {
        let plan: @Sendable (FaultProxy.Seen) -> FaultProxy.Fault? = {
            $0.index == 0 ? .otherRegion(status, "eu-west-7") : nil
        }
        try await withStore(plan) { store, _ in
            _ = try? await store.list(ListOptions(limit: 1))
            #expect(store.region == "eu-west-7")
        }
    }

    @Test("An answer that never ends being a redirect is given up")
    func redirectLoop() async throws {
        let plan: @Sendable (FaultProxy.Seen) -> FaultProxy.Fault? = {
            .otherRegion(301, $0.index.isMultiple(of: 2) ? "eu-west-1" : "eu-west-2")
        }
        try await withStore(plan) { store, proxy in
            await expectFailure(.wrongRegion) { _ = try await store.list(ListOptions()) }
            #expect(proxy.requests.count < 5)
        }
    }

    @Test("A wrong range, a wrong byte and a lasting failure are errors that name key, status and request")
    func lasting() async throws {
        try await withStore(plan({ $0.method == "GET" ? .wrongRange : nil })) { store, _ in
            let key = try Self.key()
            try await store.put(key, bytes: patternBytes(1000))
            await expectFailure(.malformedResponse) {
                _ = try await store.read(key, GetOptions(range: .bounded(10..<20)))
            }
        }
        try await withStore(plan({ $0.method == "GET" ? .wrongByte : nil })) { store, _ in
            let key = try Self.key()
            try await store.put(key, bytes: patternBytes(1000), PutOptions(checksum: .crc64nvme))
            await expectFailure(.corrupted) { _ = try await store.read(key) }
        }
        try await withStore(plan({ _ in .status(500, code: "InternalError", retryAfter: nil) })) { store, _ in
            let key = try Self.key()
            let error = await #expect(throws: ObjectStoreError.self) { _ = try await store.read(key) }
            let text = error?.description ?? ""
            #expect(
                text.contains(key.text) && text.contains("500") && text.contains("InternalError")
                    && text.contains("proxy")
            )
            #expect(!text.contains("testsecret"))
        }
    }

    @Test("Expired credentials are asked for once more, then reported")
    func expired() async throws {
        try await withStore(Self.once(.status(400, code: "ExpiredToken", retryAfter: nil)) { _ in true }) { store, _ in
            _ = try await store.list(ListOptions(limit: 1))
        }
        try await withStore(plan({ _ in .status(400, code: "ExpiredToken", retryAfter: nil) })) { store, proxy in
            await expectFailure(.expiredCredentials) { _ = try await store.list(ListOptions()) }
            #expect(proxy.requests.count == 2)
        }
    }
}
