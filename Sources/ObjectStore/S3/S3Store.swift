// SPDX-License-Identifier: Apache-2.0

import Foundation
public import Logging
public import NIOCore
import NIOHTTP1

/// A bucket of S3 or of a server that speaks its protocol.
///
/// ```swift
/// let store = try S3Store(.init(bucket: "adapters"), credentials: CredentialChain(environment: environment))
/// let (config, _) = try await store.read(ObjectKey("lora/multi-style-gen-c/adapter_config.json"))
/// ```
///
/// Requests are retried (`RetryPolicy`), signed anew each time, and corrected by what the server says about region and
/// clock. Bodies are checked against length and, where the server has one, checksum.
public struct S3Store: ObjectStore {
    let client: S3Client

    /// Makes no connection yet.
    ///
    /// - Parameters:
    ///   - configuration: The bucket, and how to reach it.
    ///   - credentials: Where to find keys.
    ///   - logger: Gets a line for each retry.
    /// - Throws: `.noSuchBucket` for a name that can be none, `.localFile` when the certificates cannot be read.
    public init(
        _ configuration: Configuration,
        credentials: any CredentialProvider,
        logger: Logger? = nil
    ) throws(ObjectStoreError) {
        client = try S3Client(configuration, credentials: credentials, logger: logger)
    }

    /// `s3://bucket`.
    public var location: String { "s3://" + client.configuration.bucket }

    /// The region in use: as configured, or as the server corrected it.
    public var region: String { client.region }

    /// Reads an object's properties.
    public func head(_ key: ObjectKey, _ options: GetOptions) async throws -> ObjectInfo {
        var call = S3Client.Call(operation: "head", method: "HEAD", key: key.text)
        call.read(options)
        call.headers.append(("x-amz-checksum-mode", "ENABLED"))
        let answer = try await client.send(call)
        return try ObjectInfo(key, answer.reply.headers, size: answer.reply.headers.contentLength, location)
    }

    /// Opens an object for reading.
    public func get(_ key: ObjectKey, _ options: GetOptions) async throws -> ObjectBody {
        var call = S3Client.Call(operation: "get", method: "GET", key: key.text)
        call.read(options)
        if let range = options.range { call.headers.append(("range", range.header)) }
        call.headers.append(("x-amz-checksum-mode", "ENABLED"))
        let reply = try await client.send(call, collecting: false).reply
        return try ReceivedBody(key: key, asked: options.range, location: location).body(reply)
    }

    /// Writes an object in one request.
    public func put(_ key: ObjectKey, _ body: ByteBuffer, _ options: PutOptions) async throws -> WrittenObject {
        try await put(key, .bytes(body), options)
    }

    /// Writes an object in one request, from a file that is read as it goes.
    public func put(_ key: ObjectKey, _ body: FileSlice, _ options: PutOptions) async throws -> WrittenObject {
        let isSent = client.configuration.sendsFiles && body.range.count > OutgoingBody.pieceSize
        return try await put(key, isSent ? .file(body) : .bytes(try await body.bytes()), options)
    }

    private func put(_ key: ObjectKey, _ body: RequestBody, _ options: PutOptions) async throws -> WrittenObject {
        var call = S3Client.Call(operation: "put", method: "PUT", key: key.text)
        try call.describe(options, location)
        call.condition(options.condition)
        try await carry(body, options.checksum, in: &call)
        let answer = try await S3Client.matching(options.condition) { try await client.send(call) }
        return try WrittenObject(answer.reply.headers, key, location)
    }

    /// Gives a request its body, and what is said about it.
    func carry(_ body: RequestBody, _ checksum: ChecksumAlgorithm?, in call: inout S3Client.Call) async throws {
        let algorithm = checksum ?? (client.configuration.needsChecksum ? .crc64nvme : nil)
        let digests = try await body.digests(sha256: client.configuration.signsHash(with: algorithm), algorithm)
        (call.body, call.bodySHA256, call.checksum) = (body, digests.sha256, digests.checksum)
    }

    /// Copies an object inside the store.
    public func copy(
        _ source: ObjectKey,
        to destination: ObjectKey,
        _ options: CopyOptions
    ) async throws -> WrittenObject {
        do {
            return try await copyWhole(source, to: destination, options)
        } catch let error as ObjectStoreError where error.kind == .invalidRequest {
            // S3 copies at most 5 GiB at once. Asking for the size before would cost every copy a request.
            let info = try await head(source, GetOptions(version: options.version, ifMatch: options.ifSourceMatch))
            if info.size <= client.configuration.largestCopy { throw error }
            return try await copyInParts(info, to: destination, options)
        }
    }

    private func copyWhole(
        _ source: ObjectKey,
        to destination: ObjectKey,
        _ options: CopyOptions
    ) async throws -> WrittenObject {
        var call = S3Client.Call(operation: "copy", method: "PUT", key: destination.text, mayFailInside: true)
        call.headers.append(("x-amz-copy-source", copySource(source, options.version)))
        if let etag = options.ifSourceMatch { call.headers.append(("x-amz-copy-source-if-match", etag.text)) }
        call.condition(options.condition)
        if let metadata = options.metadata {
            call.headers.append(("x-amz-metadata-directive", "REPLACE"))
            try call.describe(PutOptions(metadata: metadata), location)
        }
        let answer = try await client.send(call)
        let result = try decode(CopyResult.self, answer, "copy", destination.text)
        return WrittenObject(etag: ETag(quoting: result.etag), version: VersionID(answer.reply.headers))
    }

    /// An object as the source of a copy.
    func copySource(_ key: ObjectKey, _ version: VersionID?) -> String {
        let path = PercentEncoding.path("/" + client.configuration.bucket + "/" + key.text)
        return path + (version.map { "?versionId=" + PercentEncoding.component($0.text) } ?? "")
    }

    /// Makes a version the current one again.
    public func restore(_ key: ObjectKey, version: VersionID) async throws -> WrittenObject {
        do {
            return try await copy(key, to: key, CopyOptions(version: version))
        } catch let error as ObjectStoreError where error.kind == .invalidRequest {
            // Some servers refuse a copy onto itself, though of an old version, unless properties are replaced.
            let info = try await head(key, GetOptions(version: version))
            return try await copy(key, to: key, CopyOptions(version: version, metadata: info.metadata))
        }
    }

    /// Deletes an object or one version of it.
    public func delete(_ key: ObjectKey, version: VersionID?, ifMatch: ETag?) async throws -> DeletedObject {
        var call = S3Client.Call(operation: "delete", method: "DELETE", key: key.text)
        if let version { call.query.append(("versionId", version.text)) }
        if let ifMatch { call.headers.append(("if-match", ifMatch.text)) }
        do {
            let headers = try await client.send(call).reply.headers
            return DeletedObject(
                version: VersionID(headers) ?? version,
                isDeleteMarker: headers.first(name: "x-amz-delete-marker") == "true"
            )
        } catch let error as ObjectStoreError where error.kind == .notFound && ifMatch == nil {
            return DeletedObject(version: version)
        }
    }

    /// A URL by which someone without keys can read an object.
    ///
    /// - Parameters:
    ///   - key: The object.
    ///   - version: The version; nil for the one that is current when the URL is used.
    ///   - seconds: How long the URL holds; at most a week.
    /// - Returns: The URL; it is a secret.
    /// - Throws: When there are no credentials.
    public func presignedURL(get key: ObjectKey, version: VersionID? = nil, seconds: Int) async throws -> String {
        try await client.presigned(
            "GET",
            key.text,
            query: version.map { [("versionId", $0.text)] } ?? [],
            seconds: seconds
        )
    }

    /// A URL by which someone without keys can write an object.
    ///
    /// - Parameters:
    ///   - key: The object.
    ///   - seconds: How long the URL holds; at most a week.
    /// - Returns: The URL; it is a secret.
    /// - Throws: When there are no credentials.
    public func presignedURL(put key: ObjectKey, seconds: Int) async throws -> String {
        try await client.presigned("PUT", key.text, query: [], seconds: seconds)
    }

    func decode<Value: Decodable>(
        _ type: Value.Type,
        _ answer: S3Client.Answer,
        _ operation: String,
        _ key: String?,
        root: String? = nil
    ) throws -> Value {
        try reading(answer, operation, key, root: root) { try S3Answer.decode(type, $0) }
    }

    /// Reads an answer, and says of what is wrong with it which answer it was.
    func reading<Value>(
        _ answer: S3Client.Answer,
        _ operation: String,
        _ key: String?,
        root: String?,
        _ read: (ByteBuffer) throws -> Value
    ) throws -> Value {
        do {
            // Where nothing has to be there, any XML would do: a proxy's login page is not to pass for an empty bucket.
            let found = S3Answer.rootName(answer.collected)
            if let root, found != root {
                throw ObjectStoreError(.malformedResponse, message: "the answer is no \(root) but '\(found ?? "")'")
            }
            return try read(answer.collected)
        } catch let error as ObjectStoreError {
            var error = error.at(operation: operation, location: location, key: key)
            error.status = answer.reply.status
            error.requestID = answer.reply.headers.first(name: "x-amz-request-id")
            throw error
        }
    }

    private struct CopyResult: Decodable {
        var etag: String
        private enum CodingKeys: String, CodingKey { case etag = "ETag" }
    }
}

extension S3Store: LoadReporting {
    package var throttledRequestCount: Int { client.throttledRequestCount }
}

extension S3Store.Configuration {
    /// Whether the signature covers the body's hash, given the checksum that is sent.
    func signsHash(with checksum: ChecksumAlgorithm?) -> Bool {
        switch payloadSigning {
        case .automatic: !(endpoint?.isSecure ?? true) || checksum == nil
        case .hash: true
        case .chunks, .chunksWithTrailer, .unsignedChunksWithTrailer: false
        }
    }

    /// Whether a body can be read from its file while it is sent: in chunks it is encoded whole before.
    var sendsFiles: Bool { payloadSigning == .automatic || payloadSigning == .hash }

    /// Over an encrypted connection the body's hash is left out of the signature, and a checksum stands in.
    var needsChecksum: Bool { payloadSigning == .automatic && (endpoint?.isSecure ?? true) }
}

extension S3Client.Call {
    /// Version and conditions of a read.
    mutating func read(_ options: GetOptions) {
        if let version = options.version { query.append(("versionId", version.text)) }
        if let etag = options.ifMatch { headers.append(("if-match", etag.text)) }
        if let etag = options.ifNoneMatch { headers.append(("if-none-match", etag.text)) }
    }

    /// The condition of a write.
    mutating func condition(_ condition: WriteCondition) {
        switch condition {
        case .none: break
        case .ifAbsent: headers.append(("if-none-match", "*"))
        case .ifMatch(let etag): headers.append(("if-match", etag.text))
        }
    }

    /// Type and pairs of an object.
    mutating func describe(_ options: PutOptions, _ location: String) throws(ObjectStoreError) {
        if let type = options.contentType { headers.append(("content-type", type)) }
        for (name, value) in options.metadata.sorted(by: { $0.key < $1.key }) {
            headers.append(("x-amz-meta-" + name.lowercased(), value))
        }
        for (name, value) in headers {
            let isName = name.utf8.allSatisfy {
                (48...57).contains($0) || (97...122).contains($0) || $0 == 45 || $0 == 95
            }
            guard isName, value.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
                throw ObjectStoreError(
                    .invalidRequest,
                    operation: operation,
                    location: location,
                    key: key,
                    message:
                        "'\(name)' cannot be sent as a header: names are letters, digits, '-' and '_', values printable ASCII"
                )
            }
        }
    }
}

extension S3Client {
    /// Where there is no object to match, some servers say so and some that the condition failed; it is the same.
    static func matching<Result>(_ condition: WriteCondition, _ body: () async throws -> Result) async throws -> Result
    {
        do {
            return try await body()
        } catch var error as ObjectStoreError where error.kind == .notFound {
            if case .ifMatch = condition { error.kind = .preconditionFailed }
            throw error
        }
    }
}
