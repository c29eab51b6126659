// SPDX-License-Identifier: Apache-2.0

/// Why a store could not do what was asked: one kind to decide by, and a sentence that names the thing.
///
/// The description never holds a credential; the request id is what a provider's support asks for.
public struct ObjectStoreError: Error, Sendable, CustomStringConvertible {
    /// What went wrong, for code that has to decide.
    public struct Kind: Hashable, Sendable, CustomStringConvertible {
        private enum Name: String {
            case invalidKey, invalidRequest, notFound, noSuchBucket, noSuchUpload, notModified, preconditionFailed
            case conflict, invalidRange, accessDenied, invalidCredentials, expiredCredentials, clockSkew, wrongRegion
            case throttled, serverFailure, connectionFailed, timedOut, corrupted, malformedResponse, unsupported
            case changedDuringTransfer, noSpace, localFile
        }

        private let name: Name

        /// The key cannot be stored: `ObjectKey` says why.
        public static let invalidKey = Kind(name: .invalidKey)
        /// The request makes no sense (a part too small, an option without meaning).
        public static let invalidRequest = Kind(name: .invalidRequest)
        /// No object, or no such version of it.
        public static let notFound = Kind(name: .notFound)
        /// No such bucket, or no such directory.
        public static let noSuchBucket = Kind(name: .noSuchBucket)
        /// The multipart upload is not (or no longer) there.
        public static let noSuchUpload = Kind(name: .noSuchUpload)
        /// `If-None-Match` of a read: the object is the one the caller has.
        public static let notModified = Kind(name: .notModified)
        /// A condition did not hold: somebody else was first.
        public static let preconditionFailed = Kind(name: .preconditionFailed)
        /// Another conditional write of the key was under way; the same request may be sent again.
        public static let conflict = Kind(name: .conflict)
        /// The range does not start inside the object.
        public static let invalidRange = Kind(name: .invalidRange)
        /// The credentials are good but do not allow this.
        public static let accessDenied = Kind(name: .accessDenied)
        /// No credentials were found, or the signature was refused.
        public static let invalidCredentials = Kind(name: .invalidCredentials)
        /// The session's token is over.
        public static let expiredCredentials = Kind(name: .expiredCredentials)
        /// The clocks differ by more than the server allows.
        public static let clockSkew = Kind(name: .clockSkew)
        /// The bucket is in another region.
        public static let wrongRegion = Kind(name: .wrongRegion)
        /// The server asks to slow down.
        public static let throttled = Kind(name: .throttled)
        /// 5xx, or a failure reported inside an answer of status 200.
        public static let serverFailure = Kind(name: .serverFailure)
        /// The connection could not be made or broke.
        public static let connectionFailed = Kind(name: .connectionFailed)
        /// Nothing arrived for too long.
        public static let timedOut = Kind(name: .timedOut)
        /// The bytes are not those that the checksum or the length promised.
        public static let corrupted = Kind(name: .corrupted)
        /// The answer is not what the protocol says.
        public static let malformedResponse = Kind(name: .malformedResponse)
        /// The store cannot do this (no versions, no conditional writes).
        public static let unsupported = Kind(name: .unsupported)
        /// The object was overwritten while it was being read or sent.
        public static let changedDuringTransfer = Kind(name: .changedDuringTransfer)
        /// The local disk is full.
        public static let noSpace = Kind(name: .noSpace)
        /// A local file could not be read or written.
        public static let localFile = Kind(name: .localFile)

        /// The kind as one word, a bounded label for metrics.
        public var description: String { name.rawValue }
    }

    /// What went wrong, for code that has to decide.
    public var kind: Kind
    /// What was being done: `get`, `complete multipart upload`.
    public var operation: String?
    /// The store, such as `s3://bucket`.
    public var location: String?
    /// The key, or the local path for `.localFile` and `.noSpace`.
    public var key: String?
    /// The HTTP status, from S3 and model hubs.
    public var status: Int?
    /// The server's own error code, such as `SlowDown`.
    public var code: String?
    /// The server's name for the request.
    public var requestID: String?
    /// What happened and what to do about it.
    public var message: String
    /// Whether an earlier attempt of the same write got no answer: what failed now may have been done by it.
    public var isAmbiguous = false

    /// Describes a failure.
    public init(
        _ kind: Kind,
        operation: String? = nil,
        location: String? = nil,
        key: String? = nil,
        status: Int? = nil,
        code: String? = nil,
        requestID: String? = nil,
        message: String
    ) {
        self.kind = kind
        self.operation = operation
        self.location = location
        self.key = key
        self.status = status
        self.code = code
        self.requestID = requestID
        self.message = message
    }

    /// One sentence: what was done to what, what happened, and status, code and request id where there are any.
    public var description: String {
        var text = operation.map { "cannot \($0)" } ?? "object store"
        switch (location, key) {
        case (_, let path?) where path.utf8.first == UInt8(ascii: "/"): text += " '\(Self.printable(path))'"
        case (let location?, let key?): text += " \(location)/\(Self.printable(key))"
        case (let location?, nil): text += " \(location)"
        case (nil, let key?): text += " '\(Self.printable(key))'"
        case (nil, nil): break
        }
        text += ": \(Self.printable(message))"
        let details = [
            status.map { "status \($0)" }, code.map { "code \(Self.printable($0))" },
            requestID.map { "request id \(Self.printable($0))" },
        ].compactMap { $0 }
        return details.isEmpty ? text : text + " (" + details.joined(separator: ", ") + ")"
    }

    /// The same failure with the place filled in where it was not known.
    package func at(operation: String? = nil, location: String? = nil, key: String? = nil) -> ObjectStoreError {
        var error = self
        error.operation = error.operation ?? operation
        error.location = error.location ?? location
        error.key = error.key ?? key
        return error
    }

    /// Text of a server or a user without what could forge a line of the log.
    private static func printable(_ text: String) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars.prefix(1100) {
            scalars.append(scalar.value < 0x20 || scalar.value == 0x7F ? "\u{FFFD}" : scalar)
        }
        return String(scalars)
    }
}
