// SPDX-License-Identifier: Apache-2.0

import Crypto
package import Foundation
import NIOCore

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

    /// Signs for one region and service.
    package init(_ credentials: Credentials, region: String, service: String = "s3") {
        self.credentials = credentials
        self.region = region
        self.service = service
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
        let (signature, signer) = signature(of: request, payload: payload.header, timestamp)
        let authorization =
            "AWS4-HMAC-SHA256 Credential=\(credentials.accessKeyID)/\(scope(timestamp)), "
            + "SignedHeaders=\(request.signedHeaders), Signature=\(signature)"
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
        let (signature, _) = signature(of: request, payload: Payload.unsigned.header, timestamp)
        request.query.append(("X-Amz-Signature", signature))
    }

    private func signature(
        of request: SignableRequest,
        payload: String,
        _ timestamp: Timestamp
    ) -> (String, ChunkSigner) {
        let hash = Hexadecimal.encode(SHA256.hash(data: Array(request.canonicalRequest(payload: payload).utf8)))
        let text = ["AWS4-HMAC-SHA256", timestamp.compact, scope(timestamp), hash].joined(separator: "\n")
        let key = signingKey(timestamp)
        let signature = key.signature(of: text)
        return (signature, ChunkSigner(key: key, date: timestamp.compact, scope: scope(timestamp), seed: signature))
    }

    private func scope(_ timestamp: Timestamp) -> String { "\(timestamp.day8)/\(region)/\(service)/aws4_request" }

    private func signingKey(_ timestamp: Timestamp) -> SigningKey {
        let start = SigningKey(bytes: SymmetricKey(data: Array("AWS4\(credentials.secretAccessKey)".utf8)))
        return [timestamp.day8, region, service, "aws4_request"].reduce(start) { $0.derived($1) }
    }
}

/// A key of one day, region and service.
struct SigningKey: Sendable {
    fileprivate let bytes: SymmetricKey

    fileprivate func derived(_ text: String) -> SigningKey {
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
    private let scope: String
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
