// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import NIOHTTP1

extension ObjectInfo {
    /// The properties that an answer's headers tell.
    init(_ key: ObjectKey, _ headers: HTTPHeaders, size: Int?, _ location: String) throws(ObjectStoreError) {
        guard let size, let etag = headers.first(name: "etag"), !etag.isEmpty else {
            throw ObjectStoreError(
                .malformedResponse,
                operation: "read",
                location: location,
                key: key.text,
                requestID: headers.first(name: "x-amz-request-id"),
                message: "the answer has no length or no ETag"
            )
        }
        var metadata: [String: String] = [:]
        for (name, value) in headers where name.lowercased().hasPrefix("x-amz-meta-") {
            metadata[String(name.lowercased().dropFirst("x-amz-meta-".count))] = value
        }
        self.init(
            key: key,
            size: size,
            etag: ETag(quoting: etag),
            lastModified: headers.first(name: "last-modified").flatMap(Timestamp.parse),
            version: VersionID(headers),
            metadata: metadata,
            contentType: headers.first(name: "content-type"),
            checksums: ChecksumAlgorithm.allCases.compactMap { algorithm in
                headers.first(name: algorithm.headerName).flatMap { Checksum(algorithm, header: $0) }
            },
            partCount: headers.first(name: "x-amz-mp-parts-count").flatMap { Int($0) }
        )
    }
}

extension WrittenObject {
    /// What a write's answer tells.
    init(_ headers: HTTPHeaders, _ key: ObjectKey, _ location: String) throws(ObjectStoreError) {
        guard let etag = headers.first(name: "etag") else {
            throw ObjectStoreError(
                .malformedResponse,
                operation: "put",
                location: location,
                key: key.text,
                message: "the answer has no ETag"
            )
        }
        self.init(etag: ETag(quoting: etag), version: VersionID(headers))
    }
}

extension ETag {
    /// A tag as a server wrote it; some leave the quotes out here and there.
    init(quoting text: String) {
        self.init(text.hasPrefix("\"") || text.hasPrefix("W/") ? text : "\"\(text)\"")
    }
}

extension VersionID {
    /// The version that an answer's headers name.
    init?(_ headers: HTTPHeaders) {
        guard let text = headers.first(name: "x-amz-version-id"), !text.isEmpty else { return nil }
        self.init(text)
    }
}

extension HTTPHeaders {
    /// The length of the body, as the headers say.
    var contentLength: Int? {
        first(name: "content-length").flatMap { Int($0) }.flatMap { $0 >= 0 ? $0 : nil }
    }
}
