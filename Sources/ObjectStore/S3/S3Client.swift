// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging
import NIOCore
import NIOHTTP1
import Synchronization

/// Sends S3 requests: address, signature, retries, and the corrections that a server may ask for.
///
/// Every attempt is signed anew, with the time and the credentials of its moment.
final class S3Client: Sendable {
    /// One request, before it is addressed and signed.
    struct Call: Sendable {
        var operation: String
        var method: String
        var key: String?
        var query: [(name: String, value: String)] = []
        var headers: [(name: String, value: String)] = []
        var body: RequestBody?
        /// The body's SHA-256 in hexadecimal digits, where it is known.
        var bodySHA256: String?
        /// A checksum header to send with the body.
        var checksum: Checksum?
        /// An answer of status 200 may carry a failure (complete, copy).
        var mayFailInside = false
        /// Whether the same request may be sent again after a conflict of conditions; after that of a completion, S3 wants
        /// the whole upload again.
        var mayRepeatConflict = true
    }

    /// The head of an answer, and its body to come or collected.
    struct Answer: Sendable {
        var reply: HTTPTransport.Reply
        var collected = ByteBuffer()
    }

    private struct Corrections: Sendable {
        var region: String
        var clockOffset: TimeInterval = 0
    }

    /// What may be corrected once for a request, without counting as a retry.
    private struct OneShots {
        var region = false
        var clock = false
        var credentials = false
    }

    let configuration: S3Store.Configuration
    private let transport: HTTPTransport
    private let credentials: CredentialCache
    private let signingKeys = SigningKeys()
    private let budget = RetryBudget()
    private let logger: Logger?
    private let corrections: Mutex<Corrections>
    private let throttles = Mutex(0)

    init(
        _ configuration: S3Store.Configuration,
        credentials: any CredentialProvider,
        logger: Logger?
    ) throws(ObjectStoreError) {
        try configuration.check()
        self.configuration = configuration
        transport = try HTTPTransport(configuration.transport)
        self.credentials = CredentialCache(credentials)
        self.logger = logger
        corrections = Mutex(Corrections(region: configuration.region ?? "us-east-1"))
    }

    /// The region in use: as configured, or as the server corrected it.
    var region: String { corrections.withLock(\.region) }

    /// How many requests the server asked to slow down for.
    var throttledRequestCount: Int { throttles.withLock { $0 } }

    /// Sends a request until it succeeds or fails for good.
    ///
    /// - Returns: The answer, of a status in 200...299; collected if `collecting`.
    func send(_ call: Call, collecting: Bool = true) async throws -> Answer {
        var oneShots = OneShots()
        var (attempt, spent) = (1, 0)
        var isAmbiguous = false
        while true {
            try Task.checkCancellation()
            do {
                let answer = try await attemptOnce(call, collecting: collecting, &oneShots)
                budget.giveBack(spent)
                return answer
            } catch let failure as Failure {
                switch failure {
                case .corrected: continue
                case .final(var error, let serverWait):
                    if error.kind == .throttled { throttles.withLock { $0 += 1 } }
                    error.isAmbiguous = isAmbiguous && call.method != "GET" && call.method != "HEAD"
                    isAmbiguous = isAmbiguous || error.kind.leavesOutcomeOpen
                    let isFinal = error.code == "ConditionalRequestConflict" && !call.mayRepeatConflict
                    let wait = configuration.retry.wait(
                        after: error.kind,
                        attempt: attempt,
                        serverWait: serverWait,
                        random: .random(in: 0...1)
                    )
                    guard let wait, !isFinal, budget.take(error.kind.retryCost) else { throw located(error, call) }
                    spent += error.kind.retryCost
                    attempt += 1
                    logger?.debug(
                        "Retrying a request",
                        metadata: [
                            "s3.operation": "\(call.operation)", "s3.reason": "\(error.kind)",
                            "s3.attempt": "\(attempt)",
                        ]
                    )
                    try await Task.sleep(for: wait)
                }
            }
        }
    }

    private enum Failure: Error {
        /// Something was learnt (region, clock, credentials): send again at once.
        case corrected
        case final(ObjectStoreError, serverWait: Duration?)
    }

    private func attemptOnce(_ call: Call, collecting: Bool, _ oneShots: inout OneShots) async throws -> Answer {
        let current = corrections.withLock { $0 }
        let found: Credentials
        do {
            found = try await credentials.current()
        } catch let error as ObjectStoreError {
            throw Failure.final(error, serverWait: nil)
        }
        let request = signed(call, found, current)
        do {
            let reply = try await transport.send(request)
            let isSuccess = 200...299 ~= reply.status
            if isSuccess && !collecting { return Answer(reply: reply) }
            let body = try await reply.collect(upTo: S3Answer.maximumByteCount)
            if isSuccess && !(call.mayFailInside && S3Answer.rootName(body) == "Error") {
                return Answer(reply: reply, collected: body)
            }
            if call.method == "HEAD", [400, 403].contains(reply.status), body.readableBytes == 0 {
                return try await explained(call, reply, collecting: collecting, found, current, &oneShots)
            }
            throw failure(reply, body, found, current, &oneShots)
        } catch let error as ObjectStoreError {
            throw Failure.final(error, serverWait: nil)
        }
    }

    /// Asks again why a HEAD was refused: its answer has no body, and keys that expired, a clock that is wrong and a right
    /// that is missing all look alike.
    private func explained(
        _ call: Call,
        _ refusal: HTTPTransport.Reply,
        collecting: Bool,
        _ used: Credentials,
        _ current: Corrections,
        _ oneShots: inout OneShots
    ) async throws -> Answer {
        var question = call
        question.method = "GET"
        question.headers.append(("range", "bytes=0-0"))
        let reply = try await transport.send(signed(question, used, current))
        // A body that was read (who may read but not look), or none again, explains nothing.
        if 200...299 ~= reply.status || reply.status == 416 {
            throw failure(refusal, ByteBuffer(), used, current, &oneShots)
        }
        throw failure(reply, try await reply.collect(upTo: S3Answer.maximumByteCount), used, current, &oneShots)
    }

    /// What an answer that is no success asks for.
    private func failure(
        _ reply: HTTPTransport.Reply,
        _ body: ByteBuffer,
        _ used: Credentials,
        _ current: Corrections,
        _ oneShots: inout OneShots
    ) -> Failure {
        let error = S3Failure.error(status: reply.status, headers: reply.headers, body: body)
        if let region = S3Failure.region(headers: reply.headers, body: body), region != current.region,
            !oneShots.region,
            [301, 302, 307, 308, 400, 403].contains(reply.status)
        {
            oneShots.region = true
            corrections.withLock { $0.region = region }
            return .corrected
        }
        if error.kind == .clockSkew, !oneShots.clock, let text = reply.headers.first(name: "date"),
            let date = Timestamp.parse(text)
        {
            oneShots.clock = true
            corrections.withLock { $0.clockOffset = date.timeIntervalSinceNow }
            return .corrected
        }
        if error.kind == .expiredCredentials, !oneShots.credentials {
            oneShots.credentials = true
            credentials.discard(used)
            return .corrected
        }
        return .final(error, serverWait: Self.serverWait(reply.headers))
    }

    private static func serverWait(_ headers: HTTPHeaders) -> Duration? {
        if let text = headers.first(name: "x-amz-retry-after"), let milliseconds = Int(text), milliseconds >= 0 {
            return .milliseconds(min(milliseconds, 3_600_000))
        }
        guard let text = headers.first(name: "retry-after") else { return nil }
        let seconds = Int(text) ?? Timestamp.parse(text).map { Int($0.timeIntervalSinceNow.rounded(.up)) }
        return seconds.map { .seconds(max(0, min($0, 3600))) }
    }

    private func located(_ error: ObjectStoreError, _ call: Call) -> ObjectStoreError {
        var error = error.at(operation: call.operation, location: "s3://" + configuration.bucket, key: call.key)
        if error.isAmbiguous {
            error.message += "; an earlier attempt of this request got no answer and may have taken effect"
        }
        return error
    }

    // MARK: Signing

    private func signed(_ call: Call, _ credentials: Credentials, _ current: Corrections) -> HTTPTransport.Request {
        let (endpoint, path) = configuration.address(call.key, region: current.region)
        var headers = call.headers
        headers.append(("host", endpoint.authority))
        let (payload, trailer) = payload(call, endpoint)
        if let trailer {
            headers += ChunkedBody(payload, trailer: trailer.checksum).headers(size: call.body?.count ?? 0)
        } else if let checksum = call.checksum {
            headers.append((checksum.algorithm.headerName, checksum.base64))
        }
        var request = SignableRequest(method: call.method, path: path, query: call.query, headers: headers)
        let date = Date(timeIntervalSinceNow: current.clockOffset)
        let signer = RequestSigner(credentials, region: current.region, keys: signingKeys)
            .sign(&request, payload: payload, at: date)
        var body = call.body
        if let trailer, case .bytes(let plain) = body {
            body = .bytes(ChunkedBody(payload, trailer: trailer.checksum).encoded(plain, signer: signer))
        }
        return HTTPTransport.Request(endpoint, call.method, request.target, headers: request.headers, body: body)
    }

    private struct Trailer {
        var checksum: Checksum?
    }

    /// How the body is signed; a trailer (perhaps without a checksum) where it goes in chunks.
    private func payload(_ call: Call, _ endpoint: Endpoint) -> (RequestSigner.Payload, Trailer?) {
        guard let body = call.body, body.count > 0 else { return (.empty, nil) }
        // A file comes with its digests, and in chunks it is not sent: S3Store sees to both.
        guard case .bytes(let bytes) = body else { return (call.bodySHA256.map { .hash($0) } ?? .unsigned, nil) }
        let checksum = { call.checksum ?? ChecksumHasher.checksum(.crc64nvme, of: bytes) }
        switch configuration.payloadSigning {
        case .automatic where endpoint.isSecure && call.checksum != nil: return (.unsigned, nil)
        case .automatic, .hash: return (.hash(call.bodySHA256 ?? ChecksumHasher.digest(of: bytes)), nil)
        case .chunks where call.checksum == nil: return (.signedChunks, Trailer())
        case .chunks, .chunksWithTrailer: return (.signedChunksWithTrailer, Trailer(checksum: checksum()))
        case .unsignedChunksWithTrailer: return (.unsignedChunksWithTrailer, Trailer(checksum: checksum()))
        }
    }

    /// A URL that lets someone without keys do one request.
    func presigned(
        _ method: String,
        _ key: String,
        query: [(name: String, value: String)],
        seconds: Int
    ) async throws -> String {
        let current = corrections.withLock { $0 }
        let (endpoint, path) = configuration.address(key, region: current.region)
        var request = SignableRequest(method: method, path: path, query: query, headers: [("host", endpoint.authority)])
        RequestSigner(try await credentials.current(), region: current.region)
            .presign(&request, at: Date(timeIntervalSinceNow: current.clockOffset), seconds: seconds)
        return endpoint.description + request.target
    }
}
