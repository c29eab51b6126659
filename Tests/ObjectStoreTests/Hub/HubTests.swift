// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import NIOHTTP1
import ObjectStore
import ObjectStoreTestSupport
import Synchronization
import Testing

@Suite("Hub")
struct HubTests {
    /// A hub and the host that holds its large files, each noting who asked with a token.
    private final class Stub: Sendable {
        let files: [String: [UInt8]]
        let requests = Mutex<[(host: String, target: String, token: String?)]>([])
        let hostPort = Mutex(0)
        /// After so many requests for large files the host fails.
        let breaksAfter = Mutex(Int.max)
        let servedBytes = Mutex(0)
        /// The file whose bytes are not those of its digest.
        let liesAbout = Mutex<String?>(nil)
        let loops: Bool
        let names: [String]

        init(_ files: [String: [UInt8]], loops: Bool = false, names: [String]? = nil) {
            self.files = files
            self.loops = loops
            self.names = names ?? Array(files.keys)
        }

        private func note(_ host: String, _ head: HTTPRequestHead) {
            requests.withLock { $0.append((host, head.uri, head.headers.first(name: "authorization"))) }
        }

        func hub(_ head: HTTPRequestHead, _ out: LoopbackServer.Writer) async throws -> Bool {
            note("hub", head)
            if head.headers.first(name: "authorization") != "Bearer secret-token" {
                try await LoopbackServer.write(401, [:], ByteBuffer(), out)
                return true
            }
            if head.uri == "/api/models/o/r/revision/main?blobs=true" {
                try await LoopbackServer.write(200, [:], ByteBuffer(string: listing()), out)
            } else if let path = head.uri.split(separator: "?").first,
                let name = path.split(separator: "/").last.map(String.init), let bytes = files[name]
            {
                if loops {
                    try await LoopbackServer.write(302, ["location": head.uri + "?again=1"], ByteBuffer(), out)
                } else if bytes.count > 1000 {
                    let target = "http://127.0.0.1:\(hostPort.withLock { $0 })/blob/\(name)?signed=1"
                    let headers: HTTPHeaders = [
                        "location": target, "x-linked-etag": "\"\(name)-tag\"", "x-repo-commit": "c0ffee",
                    ]
                    try await LoopbackServer.write(302, headers, ByteBuffer(), out)
                } else {
                    try await file(bytes, head, "\"\(name)-small\"", out)
                }
            } else {
                try await LoopbackServer.write(404, [:], ByteBuffer(), out)
            }
            return true
        }

        func host(_ head: HTTPRequestHead, _ out: LoopbackServer.Writer) async throws -> Bool {
            note("host", head)
            let name = head.uri.dropFirst("/blob/".count).split(separator: "?").first.map(String.init) ?? ""
            let isBroken = breaksAfter.withLock { left in
                left -= left == .max ? 0 : 1
                return left < 0
            }
            if isBroken {
                try await LoopbackServer.write(500, [:], ByteBuffer(), out)
                return true
            }
            var bytes = files[name] ?? []
            if liesAbout.withLock({ $0 }) == name { bytes[bytes.count / 2] ^= 1 }
            try await file(bytes, head, "\"other\"", out)
            return true
        }

        private func file(
            _ bytes: [UInt8],
            _ head: HTTPRequestHead,
            _ tag: String,
            _ out: LoopbackServer.Writer
        ) async throws {
            guard let range = head.headers.first(name: "range")?.dropFirst("bytes=".count).split(separator: "-"),
                let first = Int(range[0]), first < bytes.count
            else {
                let isEmpty = head.headers.contains(name: "range")
                return try await LoopbackServer.write(
                    isEmpty ? 416 : 200,
                    ["etag": tag],
                    ByteBuffer(bytes: isEmpty ? [] : bytes),
                    out
                )
            }
            let end = min(bytes.count, (range.dropFirst().first.flatMap { Int($0) } ?? bytes.count) + 1)
            servedBytes.withLock { $0 += end - first }
            let headers: HTTPHeaders = ["etag": tag, "content-range": "bytes \(first)-\(end - 1)/\(bytes.count)"]
            try await LoopbackServer.write(206, headers, ByteBuffer(bytes: bytes[first..<end]), out)
        }

        private func listing() -> String {
            let siblings = names.map { name -> String in
                guard let bytes = files[name], bytes.count > 1000 else {
                    return "{\"rfilename\":\"\(name)\",\"size\":\(files[name]?.count ?? 0)}"
                }
                let digest = Hexadecimal.encode(hash(bytes))
                return
                    "{\"rfilename\":\"\(name)\",\"size\":\(bytes.count),\"lfs\":{\"sha256\":\"\(digest)\",\"size\":\(bytes.count)}}"
            }
            return "{\"sha\":\"c0ffee\",\"siblings\":[\(siblings.joined(separator: ","))]}"
        }

        private func hash(_ bytes: [UInt8]) -> [UInt8] {
            var hasher = ChecksumHasher(.sha256)
            hasher.update(bytes: bytes)
            return hasher.finalBytes
        }
    }

    private func withHub<Result: Sendable>(
        _ stub: Stub,
        _ body: @escaping @Sendable (HubRepository.Configuration) async throws -> Result
    ) async throws -> Result {
        try await LoopbackServer.run { hostPort, hostHandlers in
            hostHandlers.set { head, _, out in try await stub.host(head, out) }
            stub.hostPort.withLock { $0 = hostPort }
            return try await LoopbackServer.run { port, handlers in
                handlers.set { head, _, out in try await stub.hub(head, out) }
                return try await body(
                    .init(endpoint: Endpoint(isSecure: false, host: "127.0.0.1", port: port), token: "secret-token")
                )
            }
        }
    }

    private static let engine = TransferEngine(
        .init(
            partSize: 64 << 10,
            retry: RetryPolicy(maximumAttempts: 3, transientBase: .milliseconds(1), throttledBase: .milliseconds(1))
        )
    )

    @Test("A repository is downloaded whole; the token stays with the hub")
    func download() async throws {
        let files = ["config.json": Array("{}".utf8), "model.safetensors": patternBytes(300_000), "empty": []]
        let stub = Stub(files)
        try await withHub(stub) { configuration in
            let repository = try await HubRepository.open(try HubReference("hf://o/r"), configuration)
            #expect(repository.commit == "c0ffee")
            #expect(repository.files.map(\.path.text) == ["config.json", "empty", "model.safetensors"])
            try await withTemporaryDirectory { path in
                try await repository.download(to: path, with: Self.engine)
                for (name, bytes) in files {
                    #expect(FileManager.default.contents(atPath: path + "/" + name) == Data(bytes))
                }
                let before = stub.requests.withLock { $0.count { $0.target.contains("model") } }
                try await repository.download(to: path, with: Self.engine)
                #expect(
                    stub.requests.withLock { $0.count { $0.target.contains("model") } } == before,
                    "it is there already"
                )
            }
        }
        let requests = stub.requests.withLock { $0 }
        #expect(requests.contains { $0.host == "host" })
        #expect(requests.allSatisfy { ($0.host == "hub") == ($0.token == "Bearer secret-token") })
        #expect(requests.contains { $0.target == "/o/r/resolve/c0ffee/model.safetensors" })
    }

    @Test("A checkpoint in shards goes on where it broke, is counted as one, and a changed shard is not mixed in")
    func shards() async throws {
        let names = (1...3).map { "model-0000\($0)-of-00003.safetensors" }
        var files: [String: [UInt8]] = ["model.safetensors.index.json": Array("{}".utf8)]
        for (number, name) in names.enumerated() { files[name] = patternBytes(300_000, seed: UInt64(number)) }
        let stub = Stub(files)
        stub.breaksAfter.withLock { $0 = 9 }
        let expected = files
        try await withHub(stub) { configuration in
            let repository = try await HubRepository.open(try HubReference("hf://o/r"), configuration)
            try await withTemporaryDirectory { path in
                let thin = TransferEngine(
                    .init(
                        partSize: 64 << 10,
                        startingConcurrency: 1,
                        maximumConcurrency: 1,
                        retry: RetryPolicy(maximumAttempts: 1)
                    )
                )
                await expectFailure(.serverFailure) { try await repository.download(to: path, with: thin) }
                let before = stub.servedBytes.withLock { $0 }
                stub.breaksAfter.withLock { $0 = .max }
                let last = Mutex<TransferProgress?>(nil)
                let note: @Sendable (TransferProgress) -> Void = { progress in
                    last.withLock { if progress.completedBytes >= $0?.completedBytes ?? 0 { $0 = progress } }
                }
                try await repository.download(to: path, with: thin, progress: note)
                #expect(last.withLock { $0?.completedBytes } == 900_002)
                #expect(stub.servedBytes.withLock { $0 } - before < 900_002 - 100_000, "parts were fetched twice")
                for (name, bytes) in expected {
                    #expect(FileManager.default.contents(atPath: path + "/" + name) == Data(bytes))
                }
                #expect(try FileManager.default.contentsOfDirectory(atPath: path).sorted() == expected.keys.sorted())
            }
        }
    }

    @Test("A file whose tag changes between two parts is begun again, and what does not match its digest is refused")
    func changedShard() async throws {
        let stub = Stub(["model.safetensors": patternBytes(300_000)])
        stub.liesAbout.withLock { $0 = "model.safetensors" }
        try await withHub(stub) { configuration in
            let repository = try await HubRepository.open(try HubReference("hf://o/r"), configuration)
            try await withTemporaryDirectory { path in
                await expectFailure(.corrupted) { try await repository.download(to: path, with: Self.engine) }
                let left = try FileManager.default.contentsOfDirectory(atPath: path)
                #expect(left.isEmpty)
            }
        }
    }

    @Test("A missing token, repository and revision are told apart, without showing the token")
    func refusals() async throws {
        try await withHub(Stub(["a": [1]])) { configuration in
            var without = configuration
            without.token = "wrong-token"
            let error = await #expect(throws: ObjectStoreError.self) {
                _ = try await HubRepository.open(try HubReference("hf://o/r"), without)
            }
            #expect(error?.kind == .accessDenied && error?.description.contains("HF_TOKEN") == true)
            #expect(error?.description.contains("wrong-token") == false)
            await expectFailure(.notFound) {
                _ = try await HubRepository.open(try HubReference("hf://o/r@none"), configuration)
            }
        }
    }

    @Test("Redirects without end are given up")
    func loop() async throws {
        try await withHub(Stub(["a": [1]], loops: true)) { configuration in
            let repository = try await HubRepository.open(try HubReference("o/r"), configuration)
            let file = try #require(repository.files.first)
            await expectFailure(.malformedResponse) { _ = try await repository.source(file).properties() }
        }
    }

    @Test(
        "Paths that leave their directory, or collide, are refused",
        arguments: [["../x"], ["/etc/passwd"], ["a/..//b"], ["A", "a"]]
    )
    func hostile(names: [String]) async throws {
        try await withHub(Stub([:], names: names)) { configuration in
            await expectFailure(.invalidKey) {
                _ = try await HubRepository.open(try HubReference("o/r"), configuration)
            }
        }
    }

    @Test("References are read")
    func references() throws {
        #expect(try HubReference("hf://o/r").revision == "main")
        #expect(try HubReference("hf://o/r@v1.5/x").revision == "v1.5/x")
        for text in [
            "", "hf://o", "hf://o/r/x", "hf:///r", "hf://../r", "hf://o/r@", "hf://o/r@..", "hf://o/r@a b",
            "hf://\u{E9}/r",
        ] {
            #expect(throws: ObjectStoreError.self) { try HubReference(text) }
        }
        let configuration = try HubRepository.Configuration.from(environment: [
            "HF_ENDPOINT": "http://h:1/", "HF_TOKEN": "t",
        ])
        #expect(configuration.endpoint.description == "http://h:1" && configuration.token == "t")
    }
}
