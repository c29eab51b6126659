// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import ObjectStore
import ObjectStoreTestSupport
import Testing

/// What differs from server to server, and what only servers can judge.
@Suite("S3Store on real servers", .serialized, .enabled(if: SlowSuite.isOn, "set LUMINA_SLOW=1"))
struct S3ServerTests {
    private static let kinds: [S3Store.Configuration.PayloadSigning] = [
        .automatic, .hash, .chunks, .chunksWithTrailer, .unsignedChunksWithTrailer,
    ]

    @Test(
        "Every kind of signed body is taken, by the strict judge of signatures too",
        arguments: [LocalServer.seaweedfs, .swift],
        kinds
    )
    func payloads(server: LocalServer, kind: S3Store.Configuration.PayloadSigning) async throws {
        let store = try await Buckets.shared.store(server, versioned: false) { $0.payloadSigning = kind }
        for size in [0, 1, 70_000, 300_001] {
            let (key, bytes) = (try ObjectKey("payload/\(kind)/\(size)"), patternBytes(size))
            try await store.put(key, bytes: bytes)
            #expect(try await store.read(key).bytes == bytes)
        }
    }

    @Test("Keys of random bytes round-trip", arguments: [LocalServer.seaweedfs, .swift])
    func randomKeys(server: LocalServer) async throws {
        let store = try await Buckets.shared.store(server, versioned: false)
        var random = SplitMix(seed: 11)
        let alphabet = Array("aZ09-._~ !\"#$%&'()*+,:;<=>?@[]^`{|}\u{E9}\u{6F22}\u{1F3B5}")
        for index in 0..<60 {
            let name = String(
                (0..<Int.random(in: 1...40, using: &random)).map { _ in
                    alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
                }
            )
            let key = try ObjectKey("random/\(index)-" + name)
            try await store.put(key, bytes: Array(name.utf8))
            #expect(try await store.read(key).bytes == Array(name.utf8), "\(name)")
            #expect(try await store.list(ListOptions(prefix: key.text)).objects.map(\.key) == [key.text])
        }
    }

    @Test("Bucket names in host names")
    func virtualHost() async throws {
        let bucket = try await Buckets.shared.bucket(.seaweedfs, versioned: false)
        let store = try await Buckets.shared.store(.seaweedfs, versioned: false) { configuration in
            configuration.endpoint = Endpoint(isSecure: false, host: "s3.localhost", port: 18433)
            configuration.addressing = .virtualHost
            configuration.addresses = ["\(bucket).s3.localhost": "127.0.0.1"]
        }
        let key = try ObjectKey("virtual/a b")
        try await store.put(key, bytes: [1, 2])
        #expect(try await store.read(key).bytes == [1, 2])
        #expect(try await store.list(ListOptions(prefix: "virtual/")).objects.count == 1)
    }

    @Test("A certificate that is not trusted ends the connection with a hint")
    func untrusted() async throws {
        let store = try await Buckets.shared.store(.seaweedfs, versioned: false, secure: true) {
            $0.certificateAuthority = nil
            $0.retry = RetryPolicy(maximumAttempts: 1)
        }
        let error = await #expect(throws: ObjectStoreError.self) { _ = try await store.list(ListOptions()) }
        #expect(
            error?.kind == .connectionFailed && error?.description.contains("AWS_CA_BUNDLE") == true,
            "\(String(describing: error))"
        )
        #expect(throws: ObjectStoreError.self) {
            var configuration = try LocalServer.seaweedfs.configuration(bucket: "bucket", secure: true)
            configuration.certificateAuthority = "/no/such/file"
            _ = try S3Store(configuration, credentials: LocalServer.seaweedfs.credentials)
        }
    }

    @Test("Wrong keys, a missing bucket and a silent port are told apart")
    func refusals() async throws {
        let bucket = try await Buckets.shared.bucket(.seaweedfs, versioned: false)
        var configuration = try LocalServer.seaweedfs.configuration(bucket: bucket)
        configuration.retry = RetryPolicy(maximumAttempts: 2, transientBase: .milliseconds(1))
        let wrong = StaticCredentials(Credentials(accessKeyID: "test", secretAccessKey: "hush-hush"))
        let refused = try S3Store(configuration, credentials: wrong)
        let error = await #expect(throws: ObjectStoreError.self) { _ = try await refused.list(ListOptions()) }
        #expect(error?.kind == .invalidCredentials && error?.description.contains("hush") == false)
        configuration.bucket = "lumina-no-such-bucket"
        let missing = try S3Store(configuration, credentials: LocalServer.seaweedfs.credentials)
        await expectFailure(.noSuchBucket) { _ = try await missing.list(ListOptions()) }
        configuration.endpoint = Endpoint(isSecure: false, host: "127.0.0.1", port: 9)
        let silent = try S3Store(configuration, credentials: LocalServer.seaweedfs.credentials)
        await expectFailure(.connectionFailed) { _ = try await silent.list(ListOptions()) }
        configuration.bucket = "../x"
        #expect(throws: ObjectStoreError.self) { try S3Store(configuration, credentials: wrong) }
    }

    @Test("Presigned URLs let someone without keys read and write", arguments: [LocalServer.seaweedfs, .swift])
    func presigned(server: LocalServer) async throws {
        let store = try await Buckets.shared.store(server, versioned: false)
        let key = try ObjectKey("presigned/a b+c")
        let target = try await store.presignedURL(put: key, seconds: 60)
        var request = HTTPClientRequest(url: target)
        request.method = .PUT
        request.body = .bytes(ByteBuffer(string: "by URL"))
        #expect(try await HTTPClient.shared.execute(request, timeout: .seconds(10)).status.code == 200)
        let source = try await store.presignedURL(get: key, seconds: 60)
        let answer = try await HTTPClient.shared.execute(HTTPClientRequest(url: source), timeout: .seconds(10))
        #expect(String(buffer: try await answer.body.collect(upTo: 100)) == "by URL")
        let forged = try await HTTPClient.shared.execute(HTTPClientRequest(url: source + "0"), timeout: .seconds(10))
        #expect(forged.status.code == 403)
    }

    @Test("Metadata that is no header is refused before it is sent", arguments: ["line\nbreak", "\u{E9}", "\u{7F}"])
    func metadata(value: String) async throws {
        let store = try await Buckets.shared.store(.seaweedfs, versioned: false)
        await expectFailure(.invalidRequest) {
            try await store.put(try ObjectKey("m"), bytes: [1], PutOptions(metadata: ["a": value]))
        }
    }

    @Test("A server's checksum of the whole is kept with an upload in parts")
    func storedChecksum() async throws {
        let store = try await Buckets.shared.store(.seaweedfs, versioned: false)
        try await withTemporaryDirectory { path in
            let bytes = patternBytes(20 << 20)
            try Data(bytes).write(to: URL(fileURLWithPath: path + "/f"))
            let key = try ObjectKey("checked")
            let engine = TransferEngine()
            let sent = try await engine.upload(path + "/f", to: store, key)
            let info = try await store.head(key)
            #expect(info.checksums.contains(ChecksumHasher.checksum(.crc64nvme, of: ByteBuffer(bytes: bytes))))
            let got = try await engine.download(
                StoredObject(store, key),
                to: path + "/g",
                expected: ExpectedContent(size: bytes.count, sha256: sent.sha256)
            )
            #expect(got.etag == info.etag)
            #expect(FileManager.default.contents(atPath: path + "/g") == Data(bytes))
        }
    }
}
