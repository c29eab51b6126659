// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import NIOHTTP1

/// S3's own account of a failure.
struct S3Failure: Decodable {
    var code: String?
    var message: String?
    var requestID: String?
    var region: String?

    private enum CodingKeys: String, CodingKey {
        case code = "Code"
        case message = "Message"
        case requestID = "RequestId"
        case region = "Region"
    }

    /// What a status and a body (empty after HEAD) say.
    static func error(status: Int, headers: HTTPHeaders, body: ByteBuffer) -> ObjectStoreError {
        // A body that cannot be read leaves the status, which says enough.
        let failure = try? S3Answer.decode(S3Failure.self, body)
        let kind = kind(status: status, code: failure?.code)
        return ObjectStoreError(
            kind,
            status: status,
            code: failure?.code,
            requestID: failure?.requestID ?? headers.first(name: "x-amz-request-id"),
            message: failure?.message.map { String($0.prefix(500)) } ?? kind.sentence
        )
    }

    /// The bucket's region, where the answer names one.
    static func region(headers: HTTPHeaders, body: ByteBuffer) -> String? {
        let named = headers.first(name: "x-amz-bucket-region") ?? (try? S3Answer.decode(S3Failure.self, body))?.region
        guard let named, !named.isEmpty, named.utf8.count <= 64,
            named.utf8.allSatisfy({ (48...57).contains($0) || (97...122).contains($0) || $0 == 45 })
        else { return nil }
        return named
    }

    private static func kind(status: Int, code: String?) -> ObjectStoreError.Kind {
        if let code, let kind = kinds[code] { return kind }
        switch status {
        case 304: return .notModified
        case 301, 302, 307, 308: return .wrongRegion
        case 401, 403: return .accessDenied
        case 404, 405: return .notFound
        case 408: return .timedOut
        case 409: return .conflict
        case 412: return .preconditionFailed
        case 416: return .invalidRange
        case 429, 503: return .throttled
        case 501: return .unsupported
        case 200...299, 500...: return .serverFailure
        default: return .invalidRequest
        }
    }

    private static let kinds: [String: ObjectStoreError.Kind] = [
        "NoSuchBucket": .noSuchBucket, "NoSuchUpload": .noSuchUpload, "NoSuchKey": .notFound,
        "NoSuchVersion": .notFound,
        "PreconditionFailed": .preconditionFailed, "ConditionalRequestConflict": .conflict,
        "OperationAborted": .conflict,
        "InvalidRange": .invalidRange, "AccessDenied": .accessDenied, "SignatureDoesNotMatch": .invalidCredentials,
        "InvalidAccessKeyId": .invalidCredentials, "ExpiredToken": .expiredCredentials,
        "ExpiredTokenException": .expiredCredentials, "TokenRefreshRequired": .expiredCredentials,
        "InvalidToken": .expiredCredentials, "RequestTimeTooSkewed": .clockSkew, "RequestExpired": .clockSkew,
        "AuthorizationHeaderMalformed": .wrongRegion, "PermanentRedirect": .wrongRegion,
        "TemporaryRedirect": .wrongRegion,
        "IllegalLocationConstraintException": .wrongRegion, "SlowDown": .throttled, "Throttling": .throttled,
        "ThrottlingException": .throttled, "TooManyRequests": .throttled, "ServiceUnavailable": .throttled,
        "InternalError": .serverFailure, "RequestTimeout": .timedOut, "BadDigest": .corrupted,
        "IncompleteBody": .corrupted,
        "InvalidDigest": .corrupted, "XAmzContentSHA256Mismatch": .corrupted, "XAmzContentChecksumMismatch": .corrupted,
        "InvalidPart": .invalidRequest, "InvalidPartOrder": .invalidRequest, "EntityTooSmall": .invalidRequest,
        "NotImplemented": .unsupported,
    ]
}

extension ObjectStoreError.Kind {
    /// What to say when the server says nothing (it never does after HEAD).
    fileprivate var sentence: String {
        switch self {
        case .notFound: "there is no such object"
        case .notModified: "the object is still the same"
        case .preconditionFailed: "the condition does not hold"
        case .accessDenied: "access is denied; check the credentials' permissions"
        case .throttled: "the server asks to slow down"
        case .wrongRegion: "the bucket is in another region"
        case .serverFailure: "the server failed"
        default: "the server refused the request"
        }
    }
}
