// SPDX-License-Identifier: Apache-2.0

import Foundation
public import NIOCore
import NIOHTTP1

extension S3Store {
    private struct Initiated: Decodable {
        var id: String
        private enum CodingKeys: String, CodingKey { case id = "UploadId" }
    }

    private struct Completed: Decodable {
        var etag: String
        private enum CodingKeys: String, CodingKey { case etag = "ETag" }
    }

    private struct PartList: Decodable {
        var isTruncated: String?
        var next: Int?
        var parts: [Part]?

        private enum CodingKeys: String, CodingKey {
            case isTruncated = "IsTruncated"
            case next = "NextPartNumberMarker"
            case parts = "Part"
        }
    }

    private struct Part: Decodable {
        var number: Int
        var etag: String
        var size: Int

        private enum CodingKeys: String, CodingKey {
            case number = "PartNumber"
            case etag = "ETag"
            case size = "Size"
        }
    }

    /// Starts an upload in parts.
    public func createMultipart(_ key: ObjectKey, _ options: PutOptions) async throws -> MultipartUpload {
        var call = S3Client.Call(operation: "start upload of", method: "POST", key: key.text, query: [("uploads", "")])
        try call.describe(options, location)
        if let algorithm = options.checksum {
            call.headers.append(("x-amz-checksum-algorithm", algorithm.rawValue))
            call.headers.append(("x-amz-checksum-type", algorithm.isCombinable ? "FULL_OBJECT" : "COMPOSITE"))
        }
        let result = try decode(Initiated.self, try await client.send(call), "start upload of", key.text)
        return MultipartUpload(key: key, id: result.id, checksum: options.checksum)
    }

    /// Sends one part.
    public func uploadPart(_ upload: MultipartUpload, number: Int, _ body: ByteBuffer) async throws -> UploadedPart {
        try await uploadPart(upload, number: number, .bytes(body))
    }

    /// Sends one part, from a file that is read as it goes.
    public func uploadPart(_ upload: MultipartUpload, number: Int, _ body: FileSlice) async throws -> UploadedPart {
        let isSent = client.configuration.sendsFiles && body.range.count > 0
        return try await uploadPart(upload, number: number, isSent ? .file(body) : .bytes(try await body.bytes()))
    }

    private func uploadPart(_ upload: MultipartUpload, number: Int, _ body: RequestBody) async throws -> UploadedPart {
        guard 1...MultipartUpload.maximumPartCount ~= number else {
            throw ObjectStoreError(
                .invalidRequest,
                operation: "upload part of",
                location: location,
                key: upload.key,
                message: "part numbers are 1 to \(MultipartUpload.maximumPartCount), not \(number)"
            )
        }
        var call = S3Client.Call(operation: "upload part of", method: "PUT", key: upload.key)
        call.query = [("partNumber", String(number)), ("uploadId", upload.id)]
        try await carry(body, upload.checksum, in: &call)
        let headers = try await sent(call, upload).reply.headers
        guard let etag = headers.first(name: "etag") else {
            throw ObjectStoreError(
                .malformedResponse,
                operation: "upload part of",
                location: location,
                key: upload.key,
                message: "the answer has no ETag"
            )
        }
        return UploadedPart(
            number: number,
            etag: etag,
            size: body.count,
            checksum: upload.checksum == nil ? nil : call.checksum?.base64
        )
    }

    /// The parts that the store has.
    public func listParts(_ upload: MultipartUpload) async throws -> [UploadedPart] {
        var parts: [UploadedPart] = []
        var marker: Int?
        repeat {
            var call = S3Client.Call(operation: "list parts of", method: "GET", key: upload.key)
            call.query = [("uploadId", upload.id)]
            if let marker { call.query.append(("part-number-marker", String(marker))) }
            let answer = try await sent(call, upload)
            let page = try decode(PartList.self, answer, call.operation, upload.key, root: "ListPartsResult")
            parts += (page.parts ?? []).map {
                UploadedPart(number: $0.number, etag: ETag(quoting: $0.etag).text, size: $0.size)
            }
            let next = page.isTruncated == "true" ? page.next : nil
            if let next, let marker, next <= marker { break }
            marker = next
        } while marker != nil
        // A part that was sent again some servers list twice; the last one counts.
        let last = Dictionary(parts.map { ($0.number, $0) }) { _, last in last }
        return last.values.sorted { $0.number < $1.number }
    }

    /// Makes the parts the object.
    public func completeMultipart(
        _ upload: MultipartUpload,
        parts: [UploadedPart],
        _ options: CompleteOptions
    ) async throws -> WrittenObject {
        let own = Dictionary(parts.map { ($0.number, $0) }) { first, _ in first }
        // Some servers sort or accept what S3 refuses; refuse it here for all.
        try MultipartRules.check(parts, against: own, key: upload.key)
        var call = S3Client.Call(
            operation: "complete upload of",
            method: "POST",
            key: upload.key,
            query: [("uploadId", upload.id)],
            mayFailInside: true,
            mayRepeatConflict: false
        )
        call.body = .bytes(Self.list(parts, upload.checksum))
        call.headers.append(("content-type", "application/xml"))
        call.condition(options.condition)
        if let checksum = options.checksum {
            call.headers.append((checksum.algorithm.headerName, checksum.headerValue))
            call.headers.append(
                ("x-amz-checksum-type", checksum.compositePartCount == nil ? "FULL_OBJECT" : "COMPOSITE")
            )
        }
        do {
            let answer = try await sent(call, upload)
            let result = try decode(Completed.self, answer, call.operation, upload.key)
            return WrittenObject(etag: ETag(quoting: result.etag), version: VersionID(answer.reply.headers))
        } catch let error as ObjectStoreError where error.isAmbiguous || error.kind.leavesOutcomeOpen {
            if let written = try await found(upload, parts) { return written }
            throw error
        }
    }

    /// The object, if it is the one that these parts make: an answer to the completion was lost.
    private func found(_ upload: MultipartUpload, _ parts: [UploadedPart]) async throws -> WrittenObject? {
        do {
            let info = try await head(try ObjectKey(upload.key), GetOptions())
            let isOurs = info.etag == MultipartRules.etag(of: parts) && info.size == parts.reduce(0) { $0 + $1.size }
            return isOurs ? WrittenObject(etag: info.etag, version: info.version) : nil
        } catch let error as ObjectStoreError where error.kind == .notFound {
            return nil
        }
    }

    /// Gives an upload up.
    public func abortMultipart(_ upload: MultipartUpload) async throws {
        var call = S3Client.Call(operation: "abort upload of", method: "DELETE", key: upload.key)
        call.query = [("uploadId", upload.id)]
        do {
            _ = try await client.send(call)
        } catch let error as ObjectStoreError where error.kind == .noSuchUpload || error.kind == .notFound {
            return
        }
    }

    /// Servers say 404 in several ways; in answer to a request about an upload it is the upload that is missing.
    private func sent(_ call: S3Client.Call, _ upload: MultipartUpload) async throws -> S3Client.Answer {
        do {
            return try await client.send(call)
        } catch var error as ObjectStoreError where error.kind == .notFound {
            error.kind = .noSuchUpload
            throw error
        }
    }

    private static func list(_ parts: [UploadedPart], _ algorithm: ChecksumAlgorithm?) -> ByteBuffer {
        var text = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
        for part in parts {
            text += "<Part><PartNumber>\(part.number)</PartNumber><ETag>\(escaped(part.etag))</ETag>"
            if let algorithm, let checksum = part.checksum {
                text += "<Checksum\(algorithm.rawValue)>\(escaped(checksum))</Checksum\(algorithm.rawValue)>"
            }
            text += "</Part>"
        }
        return ByteBuffer(string: text + "</CompleteMultipartUpload>")
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;")
    }
}
