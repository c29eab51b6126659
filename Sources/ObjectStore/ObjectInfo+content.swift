// SPDX-License-Identifier: Apache-2.0

import Crypto
import NIOCore

// What the stores that keep bytes themselves (memory, directory) share with S3.

extension ObjectInfo {
    /// The properties of an object written from one buffer: the tag is the MD5, as on S3.
    init(key: ObjectKey, body: ByteBuffer, options: PutOptions) {
        var md5 = Insecure.MD5()
        unsafe body.withUnsafeReadableBytes { unsafe md5.update(bufferPointer: $0) }
        self.init(
            key: key,
            size: body.readableBytes,
            etag: ETag("\"\(Hexadecimal.encode(md5.finalize()))\""),
            metadata: PutOptions.lowercased(options.metadata),
            contentType: options.contentType,
            checksums: options.checksum.map { [ChecksumHasher.checksum($0, of: body)] } ?? []
        )
    }
}

extension PutOptions {
    /// Names in lower case: HTTP does not keep their case.
    static func lowercased(_ metadata: [String: String]) -> [String: String] {
        Dictionary(metadata.map { ($0.key.lowercased(), $0.value) }) { _, last in last }
    }
}

extension GetOptions {
    /// Checks the conditions of a read.
    func check(_ info: ObjectInfo, operation: String, location: String) throws(ObjectStoreError) {
        if let ifMatch, ifMatch != info.etag {
            throw ObjectStoreError(
                .preconditionFailed,
                operation: operation,
                location: location,
                key: info.key.text,
                message: "the object is \(info.etag), not \(ifMatch)"
            )
        }
        if let ifNoneMatch, ifNoneMatch == info.etag {
            throw ObjectStoreError(
                .notModified,
                operation: operation,
                location: location,
                key: info.key.text,
                message: "the object is still \(ifNoneMatch)"
            )
        }
    }

    /// The bytes to send of an object.
    func resolvedRange(of info: ObjectInfo, location: String) throws(ObjectStoreError) -> Range<Int> {
        guard let range else { return 0..<info.size }
        guard let resolved = range.resolved(size: info.size) else {
            throw ObjectStoreError(
                .invalidRange,
                operation: "get",
                location: location,
                key: info.key.text,
                message: "\(range.header) lies outside its \(info.size) bytes"
            )
        }
        return resolved
    }
}

extension UploadedPart {
    /// The properties of a part sent as one buffer.
    init(number: Int, body: ByteBuffer, upload: MultipartUpload) throws(ObjectStoreError) {
        guard 1...MultipartUpload.maximumPartCount ~= number else {
            throw ObjectStoreError(
                .invalidRequest,
                operation: "upload part of",
                key: upload.key,
                message: "part numbers are 1 to \(MultipartUpload.maximumPartCount), not \(number)"
            )
        }
        var md5 = Insecure.MD5()
        unsafe body.withUnsafeReadableBytes { unsafe md5.update(bufferPointer: $0) }
        self.init(
            number: number,
            etag: "\"\(Hexadecimal.encode(md5.finalize()))\"",
            size: body.readableBytes,
            checksum: upload.checksum.map { ChecksumHasher.checksum($0, of: body).base64 }
        )
    }
}

/// What S3 demands of the parts of an upload.
enum MultipartRules {
    /// Checks the list of parts that is to become the object against those that the store has.
    static func check(
        _ parts: [UploadedPart],
        against stored: [Int: UploadedPart],
        key: String
    ) throws(ObjectStoreError) {
        func refusal(_ message: String) -> ObjectStoreError {
            ObjectStoreError(.invalidRequest, operation: "complete upload of", key: key, message: message)
        }
        if parts.isEmpty { throw refusal("an upload needs at least one part") }
        for (index, part) in parts.enumerated() {
            if index > 0 && parts[index - 1].number >= part.number {
                throw refusal(
                    "parts must be in order of their numbers; \(part.number) is not after \(parts[index - 1].number)"
                )
            }
            guard let own = stored[part.number], own.etag == part.etag else {
                throw refusal("part \(part.number) was not uploaded, or is another by now")
            }
            if index < parts.count - 1 && own.size < MultipartUpload.minimumPartSize {
                throw refusal(
                    "part \(part.number) has \(own.size) bytes; all but the last need \(MultipartUpload.minimumPartSize)"
                )
            }
        }
    }

    /// The properties of the object that the parts become.
    static func info(
        _ key: ObjectKey,
        parts: [UploadedPart],
        options: PutOptions,
        completing: CompleteOptions,
        hash: (ChecksumAlgorithm) throws(ObjectStoreError) -> Checksum
    ) throws(ObjectStoreError) -> ObjectInfo {
        var checksum: Checksum?
        if let algorithm = options.checksum {
            checksum = Checksum.combined(algorithm, parts: parts.map { ($0.checksum ?? "", $0.size) })
        }
        if let expected = completing.checksum {
            let actual = checksum?.algorithm == expected.algorithm ? checksum : nil
            let computed: Checksum
            if let actual { computed = actual } else { computed = try hash(expected.algorithm) }
            if computed != expected {
                throw ObjectStoreError(
                    .corrupted,
                    operation: "complete upload of",
                    key: key.text,
                    message: "the whole has checksum \(computed), not \(expected)"
                )
            }
        }
        return ObjectInfo(
            key: key,
            size: parts.reduce(0) { $0 + $1.size },
            etag: etag(of: parts),
            metadata: PutOptions.lowercased(options.metadata),
            contentType: options.contentType,
            checksums: (completing.checksum ?? checksum).map { [$0] } ?? [],
            partCount: parts.count
        )
    }

    /// S3's tag of an upload in parts: the MD5 of the parts' MD5s, and how many there are.
    static func etag(of parts: [UploadedPart]) -> ETag {
        var md5 = Insecure.MD5()
        for part in parts { md5.update(data: Hexadecimal.decode(ETag(part.etag).unquoted) ?? []) }
        return ETag("\"\(Hexadecimal.encode(md5.finalize()))-\(parts.count)\"")
    }
}
