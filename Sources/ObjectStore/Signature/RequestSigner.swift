// SPDX-License-Identifier: Apache-2.0

import Crypto
package import Foundation
import NIOCore
import Synchronization

/// Signs requests by AWS Signature Version 4, as S3 wants it: paths encoded once and never normalised.
///
/// Source: "Authenticating Requests (AWS Signature Version 4)" of the S3 API reference; every example there is a test.
package struct RequestSigner: Sendable {
    /// What the signature says about the body.
    package enum Payload: Sendable, Hashable {
        /// The SHA-256 of the body, in hexadecimal digits.
        case hash(String)
        /// Nothing: only over TLS.
        case unsigned
        /// Chunks that carry a signature each.
        case signedChunks
        /// Chunks that carry a signature each, and signed trailing headers.
        case signedChunksWithTrailer
        /// Chunks without signatures, with trailing headers (a checksum).
        case unsignedChunksWithTrailer

        /// The body that has no bytes.
        package static let empty = Payload.hash("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")

        /// The value of `x-amz-content-sha256`.
        package var header: String {
            switch self {
            case .hash(let digits): digits
            case .unsigned: "UNSIGNED-PAYLOAD"
            case .signedChunks: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
            case .signedChunksWithTrailer: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
            case .unsignedChunksWithTrailer: "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
            }
        }
    }

    private let credentials: Credentials
    private let region: String
    private let service: String
    private let keys: SigningKeys?

    /// Signs for one region and service.
    ///
    /// - Parameters:
    ///   - credentials: Whose signature it is.
    ///   - region: The region.
    ///   - service: The service.
    ///   - keys: Keeps the key of the day for the next request.
    package init(_ credentials: Credentials, region: String, service: String = "s3", keys: SigningKeys? = nil) {
        self.credentials = credentials
        self.region = region
        self.service = service
        self.keys = keys
    }

    /// Adds date, token, payload hash and `authorization` to a request's headers.
    ///
    /// - Returns: What chunks of the body need to be signed in turn.
    @discardableResult
    package func sign(_ request: inout SignableRequest, payload: Payload, at date: Date) -> ChunkSigner {
        let timestamp = Timestamp(date)
        request.headers.append(("x-amz-date", timestamp.compact))
        request.headers.append(("x-amz-content-sha256", payload.header))
        if let token = credentials.sessionToken { request.headers.append(("x-amz-security-token", token)) }
        let (signer, signedHeaders) = signed(request, payload: payload.header, timestamp)
        let authorization =
            "AWS4-HMAC-SHA256 Credential=\(credentials.accessKeyID)/\(signer.scope), "
            + "SignedHeaders=\(signedHeaders), Signature=\(signer.last)"
        request.headers.append(("authorization", authorization))
        return signer
    }

    /// Adds a signature to a request's query, for someone without keys.
    ///
    /// - Parameters:
    ///   - request: The request; its headers must be sent as they are.
    ///   - date: When the signature starts to hold.
    ///   - seconds: How long it holds; at most a week.
    package func presign(_ request: inout SignableRequest, at date: Date, seconds: Int) {
        let timestamp = Timestamp(date)
        request.query += [
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
            ("X-Amz-Credential", "\(credentials.accessKeyID)/\(scope(timestamp))"),
            ("X-Amz-Date", timestamp.compact), ("X-Amz-Expires", String(seconds)),
            ("X-Amz-SignedHeaders", request.signedHeaders),
        ]
        if let token = credentials.sessionToken { request.query.append(("X-Amz-Security-Token", token)) }
        let (signer, _) = signed(request, payload: Payload.unsigned.header, timestamp)
        request.query.append(("X-Amz-Signature", signer.last))
    }

    private func signed(
        _ request: SignableRequest,
        payload: String,
        _ timestamp: Timestamp
    ) -> (ChunkSigner, signedHeaders: String) {
        let (canonical, names) = request.canonical(payload: payload)
        let hash = Hexadecimal.encode(SHA256.hash(data: Array(canonical.utf8)))
        let (date, scope) = (timestamp.compact, scope(timestamp))
        let key = signingKey(timestamp.day8)
        let signature = key.signature(of: "AWS4-HMAC-SHA256\n\(date)\n\(scope)\n\(hash)")
        return (ChunkSigner(key: key, date: date, scope: scope, seed: signature), names)
    }

    private func scope(_ timestamp: Timestamp) -> String { "\(timestamp.day8)/\(region)/\(service)/aws4_request" }

    private func signingKey(_ day: String) -> SigningKey {
        let secret = credentials.secretAccessKey
        guard let keys else { return SigningKey(secret: secret, day, region, service) }
        return keys.key(secret: secret, day, region, service)
    }
}

/// Keeps the key of the last request: the next one has the same, unless a new day or new credentials have come.
package final class SigningKeys: Sendable {
    private struct Entry {
        let origin: [String]
        let key: SigningKey
    }

    private let last = Mutex<Entry?>(nil)

    /// Keeps none yet.
    package init() {}

    fileprivate func key(secret: String, _ day: String, _ region: String, _ service: String) -> SigningKey {
        let origin = [day, region, service, secret]
        if let known = last.withLock({ $0?.origin == origin ? $0?.key : nil }) { return known }
        let key = SigningKey(secret: secret, day, region, service)
        last.withLock { $0 = Entry(origin: origin, key: key) }
        return key
    }
}

/// A key of one day, region and service.
struct SigningKey: Sendable {
    private let bytes: SymmetricKey

    private init(bytes: SymmetricKey) { self.bytes = bytes }

    fileprivate init(secret: String, _ day: String, _ region: String, _ service: String) {
        let start = SigningKey(bytes: SymmetricKey(data: Array("AWS4\(secret)".utf8)))
        self = [day, region, service, "aws4_request"].reduce(start) { $0.derived($1) }
    }

    private func derived(_ text: String) -> SigningKey {
        SigningKey(bytes: SymmetricKey(data: HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: bytes)))
    }

    fileprivate func signature(of text: String) -> String {
        Hexadecimal.encode(HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: bytes))
    }
}

/// Signs the chunks of one body, each chained to the one before.
package struct ChunkSigner: Sendable {
    private static let emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    private let key: SigningKey
    private let date: String
    fileprivate let scope: String
    private var previous: String

    init(key: SigningKey, date: String, scope: String, seed: String) {
        self.key = key
        self.date = date
        self.scope = scope
        previous = seed
    }

    /// The signature of the request's head or of the last chunk.
    package var last: String { previous }

    /// The signature of the next chunk, given the SHA-256 of its bytes.
    package mutating func sign(chunkHash: String) -> String {
        chain(["AWS4-HMAC-SHA256-PAYLOAD", date, scope, previous, Self.emptyHash, chunkHash])
    }

    /// The signature of the trailing headers, given the SHA-256 of their lines.
    package mutating func sign(trailerHash: String) -> String {
        chain(["AWS4-HMAC-SHA256-TRAILER", date, scope, previous, trailerHash])
    }

    private mutating func chain(_ lines: [String]) -> String {
        previous = key.signature(of: lines.joined(separator: "\n"))
        return previous
    }
}
