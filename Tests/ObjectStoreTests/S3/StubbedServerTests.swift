// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import NIOHTTP1
import ObjectStore
import ObjectStoreTestSupport
import Synchronization
import Testing

/// What a server may say that none here says on demand.
@Suite("S3Store and strange answers")
struct StubbedServerTests {
    private typealias Answer = (status: Int, headers: HTTPHeaders, body: String)

    /// Runs a store against answers that a closure gives to the number, method and target of each request.
    private func withServer<Result: Sendable>(
        _ answer: @escaping @Sendable (Int, HTTPRequestHead) -> Answer,
        _ body: @escaping @Sendable (S3Store) async throws -> Result
    ) async throws -> Result {
        try await LoopbackServer.run { port, handlers in
            let count = Mutex(0)
            handlers.set { head, _, out in
                let index = count.withLock { count in
                    defer { count += 1 }
                    return count
                }
                let (status, headers, text) = answer(index, head)
                let body = head.method == .HEAD ? ByteBuffer() : ByteBuffer(string: text)
                if head.method == .HEAD {
                    var headers = headers
                    // Else the server's encoder would end a body that a HEAD has not.
                    if !headers.contains(name: "content-length") { headers.add(name: "content-length", value: "0") }
                    let head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: status), headers: headers)
                    try await out.write(.head(head))
                    try await out.write(.end(nil))
                } else {
                    try await LoopbackServer.write(status, headers, body, out)
                }
                return true
            }
            let configuration = S3Store.Configuration(
                bucket: "bucket",
                region: "us-east-1",
                endpoint: Endpoint(isSecure: false, host: "127.0.0.1", port: port),
                retry: RetryPolicy(maximumAttempts: 3, transientBase: .milliseconds(1), throttledBase: .milliseconds(1))
            )
            let keys = Credentials(accessKeyID: "AKIDEXAMPLE", secretAccessKey: "hush-hush", sessionToken: "hush-token")
            return try await body(try S3Store(configuration, credentials: StaticCredentials(keys)))
        }
    }

    private static func failure(_ code: String) -> String {
        "<Error><Code>\(code)</Code><Message>no</Message><RequestId>R1</RequestId></Error>"
    }

    @Test(
        "Why a HEAD was refused is asked for, and is not guessed",
        arguments: [
            ("AccessDenied", ObjectStoreError.Kind.accessDenied), ("SignatureDoesNotMatch", .invalidCredentials),
            ("ExpiredToken", .expiredCredentials), ("RequestTimeTooSkewed", .clockSkew),
        ]
    )
    func explained(code: String, kind: ObjectStoreError.Kind) async throws {
        let answer: @Sendable (Int, HTTPRequestHead) -> Answer = { _, _ in (403, [:], Self.failure(code)) }
        try await withServer(answer) { store in
            let error = await #expect(throws: ObjectStoreError.self) { _ = try await store.head(try ObjectKey("k")) }
            #expect(
                error?.kind == kind && error?.code == code && error?.requestID == "R1",
                "\(String(describing: error))"
            )
            #expect(
                error?.key == "k" && error?.operation == "head" && error?.description.contains("s3://bucket/k") == true
            )
        }
    }

    @Test("A clock that is wrong is corrected by a HEAD too")
    func skewedHead() async throws {
        let text = "Fri, 24 May 2130 00:00:00 GMT"
        let later = try #require(Timestamp.parse(text))
        let answer: @Sendable (Int, HTTPRequestHead) -> Answer = { _, head in
            let sent = head.headers.first(name: "x-amz-date").flatMap(Timestamp.parse) ?? .distantPast
            if abs(sent.timeIntervalSince(later)) < 900 {
                return (200, ["etag": "\"e\"", "content-length": "3"], "")
            }
            return (403, ["date": text], Self.failure("RequestTimeTooSkewed"))
        }
        try await withServer(answer) { store in
            let key = try ObjectKey("k")
            #expect(try await store.head(key).size == 3)
        }
    }

    @Test("A wait given as a date is kept to, one in the past is none")
    func retryAfterDate() async throws {
        let answer: @Sendable (Int, HTTPRequestHead) -> Answer = { index, _ in
            if index == 0 { return (503, ["retry-after": "Fri, 24 May 2013 00:00:00 GMT"], Self.failure("SlowDown")) }
            return (200, ["etag": "\"e\""], "abc")
        }
        try await withServer(answer) { store in
            let key = try ObjectKey("k")
            #expect(try await store.read(key).bytes == Array("abc".utf8))
            #expect(store.region == "us-east-1")
        }
    }

    @Test(
        "Answers that are not S3's end in an error with bucket, key, status and request id; secrets stay secret",
        arguments: [
            "", "not XML", "<html><body>proxy login</body></html>", "<ListBucketResult>",
            "<!DOCTYPE r [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><r>&b;</r>",
            "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
            "<ListBucketResult><Contents><Key>k</Key><Size>-1</Size></Contents></ListBucketResult>",
            "<ListBucketResult><EncodingType>url</EncodingType><Contents><Key>%zz</Key><Size>1</Size></Contents></ListBucketResult>",
            String(repeating: "<a>", count: 100),
        ]
    )
    func nonsense(text: String) async throws {
        let answer: @Sendable (Int, HTTPRequestHead) -> Answer = { _, _ in (200, ["x-amz-request-id": "R7"], text) }
        try await withServer(answer) { store in
            for operation in ["list", "copy"] {
                let error = await #expect(throws: ObjectStoreError.self) {
                    if operation == "list" { _ = try await store.list(ListOptions()) }
                    if operation == "copy" { try await store.copy(try ObjectKey("a"), to: try ObjectKey("b")) }
                }
                let said = error?.description ?? ""
                #expect(error?.kind == .malformedResponse && said.contains("s3://bucket"), "\(said)")
                #expect(!said.contains("hush"))
            }
        }
    }

    @Test("A failure inside a copy's answer of status 200 is a failure", arguments: ["InternalError", "AccessDenied"])
    func failureInside(code: String) async throws {
        let answer: @Sendable (Int, HTTPRequestHead) -> Answer = { _, _ in (200, [:], Self.failure(code)) }
        try await withServer(answer) { store in
            let error = await #expect(throws: ObjectStoreError.self) {
                try await store.copy(try ObjectKey("a"), to: try ObjectKey("b"))
            }
            #expect(error?.code == code && error?.status == 200 && error?.requestID == "R1")
        }
    }

    @Test("A server's text cannot forge a line of the log, nor show a key")
    func forged() async throws {
        let text = "<Error><Code>X&#10;Y</Code><Message>a&#10;b hush</Message><RequestId>r&#13;</RequestId></Error>"
        let answer: @Sendable (Int, HTTPRequestHead) -> Answer = { _, _ in (400, [:], text) }
        try await withServer(answer) { store in
            let error = await #expect(throws: ObjectStoreError.self) { _ = try await store.list(ListOptions()) }
            let said = error?.description ?? ""
            let lineCount = said.split(omittingEmptySubsequences: false) { $0.isNewline }.count
            #expect(lineCount == 1, "\(said)")
            #expect(!said.contains("hush-hush") && !said.contains("hush-token"))
        }
    }

    @Test("A conflict at the completion is not sent again: S3 wants the whole upload anew")
    func conflictAtCompletion() async throws {
        let completions = Mutex(0)
        let answer: @Sendable (Int, HTTPRequestHead) -> Answer = { _, head in
            if head.uri.contains("uploads=") { return (200, [:], "<Result><UploadId>u</UploadId></Result>") }
            if head.method == .PUT { return (200, ["etag": "\"p\""], "") }
            if head.method == .DELETE { return (204, [:], "") }
            completions.withLock { $0 += 1 }
            return (409, [:], Self.failure("ConditionalRequestConflict"))
        }
        try await withServer(answer) { store in
            try await withTemporaryDirectory { path in
                try Data(patternBytes(6 << 20)).write(to: URL(fileURLWithPath: path + "/f"))
                await expectFailure(.conflict) {
                    let engine = TransferEngine(.init(singleRequestLimit: 1 << 20))
                    try await engine.upload(path + "/f", to: store, try ObjectKey("k"))
                }
            }
        }
        #expect(completions.withLock { $0 } == 3, "once for each of three uploads")
    }
}
