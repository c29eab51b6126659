// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore

extension S3Store {
    private struct Entry: Decodable {
        var key: String
        var size: Int?
        var etag: String?
        var modified: String?
        var version: String?
        var isLatest: String?

        private enum CodingKeys: String, CodingKey {
            case key = "Key"
            case size = "Size"
            case etag = "ETag"
            case modified = "LastModified"
            case version = "VersionId"
            case isLatest = "IsLatest"
        }

        static var refusal: ObjectStoreError {
            ObjectStoreError(.malformedResponse, message: "the answer is not the XML that S3 describes")
        }

        /// Takes what stands in a listing's `Contents`.
        init(_ texts: [String: String]) throws {
            guard let key = texts["Key"] else { throw Self.refusal }
            self.key = key
            if let text = texts["Size"] {
                guard let number = Int(text) else { throw Self.refusal }
                size = number
            }
            (etag, modified) = (texts["ETag"], texts["LastModified"])
        }
    }

    /// A page of objects as the answer has it.
    private struct Listing {
        var fields: [String: String] = [:]
        var objects: [Entry] = []
        var prefixes: [String] = []
        private var entry: [String: String] = [:]

        init(_ body: ByteBuffer) throws {
            try S3Answer.walk(body) { step, depth in
                switch (step, depth) {
                case (.opened, 1): entry = [:]
                case (.closed(let name, let text?), 2): entry[name] = text
                case (.closed("Contents", _), 1): objects.append(try Entry(entry))
                case (.closed("CommonPrefixes", _), 1):
                    guard let prefix = entry["Prefix"] else { throw Entry.refusal }
                    prefixes.append(prefix)
                case (.closed(let name, let text?), 1): fields[name] = text
                default: break
                }
            }
        }
    }

    private struct VersionResult: Decodable {
        var encoding: String?
        var isTruncated: String?
        var keyMarker: String?
        var versionMarker: String?
        var versions: [Entry]?
        var markers: [Entry]?

        private enum CodingKeys: String, CodingKey {
            case encoding = "EncodingType"
            case isTruncated = "IsTruncated"
            case keyMarker = "NextKeyMarker"
            case versionMarker = "NextVersionIdMarker"
            case versions = "Version"
            case markers = "DeleteMarker"
        }
    }

    /// Lists a page of objects.
    public func list(_ options: ListOptions) async throws -> ListPage {
        var call = S3Client.Call(operation: "list", method: "GET")
        call.query = [
            ("list-type", "2"), ("encoding-type", "url"), ("prefix", options.prefix),
            ("max-keys", String(options.pageSize)),
        ]
        if let delimiter = options.delimiter { call.query.append(("delimiter", delimiter)) }
        if let continuation = options.continuation {
            call.query.append(("continuation-token", continuation))
        } else if let startAfter = options.startAfter {
            call.query.append(("start-after", startAfter))
        }
        let answer = try await client.send(call)
        let result = try reading(answer, call.operation, nil, root: "ListBucketResult") { try Listing($0) }
        let isEncoded = result.fields["EncodingType"] == "url"
        let isTruncated = result.fields["IsTruncated"] == "true"
        let continuation = result.fields["NextContinuationToken"]
        if isTruncated && continuation?.isEmpty != false {
            throw malformed("a page that is not the last names no next one")
        }
        return ListPage(
            objects: try result.objects.map { entry in
                ListedObject(
                    key: try text(entry.key, isEncoded),
                    size: try size(entry),
                    etag: ETag(quoting: entry.etag ?? ""),
                    lastModified: entry.modified.flatMap(Timestamp.parse)
                )
            },
            commonPrefixes: try result.prefixes.map { try text($0, isEncoded) },
            continuation: isTruncated ? continuation : nil
        )
    }

    /// Lists a page of versions.
    public func listVersions(_ options: VersionListOptions) async throws -> VersionPage {
        var call = S3Client.Call(operation: "list versions of", method: "GET")
        call.query = [
            ("versions", ""), ("encoding-type", "url"), ("prefix", options.prefix),
            ("max-keys", String(max(1, min(options.limit, 1000)))),
        ]
        if let marker = options.marker {
            call.query.append(("key-marker", marker.key))
            if let version = marker.version { call.query.append(("version-id-marker", version.text)) }
        }
        let answer = try await client.send(call)
        let result = try decode(VersionResult.self, answer, call.operation, nil, root: "ListVersionsResult")
        let isEncoded = result.encoding == "url"
        var (versions, markers) = ((result.versions ?? [])[...], (result.markers ?? [])[...])
        var listed: [ListedVersion] = []
        for isMarker in Self.order(of: answer.collected) {
            guard let entry = isMarker ? markers.popFirst() : versions.popFirst() else { break }
            listed.append(try version(entry, isMarker: isMarker, isEncoded))
        }
        guard versions.isEmpty && markers.isEmpty else {
            throw malformed("its versions cannot be told from its markers")
        }
        var next: VersionListOptions.Marker?
        if result.isTruncated == "true" {
            guard let key = result.keyMarker, !key.isEmpty else {
                throw malformed("a page that is not the last names no next one")
            }
            // An empty version marker means none: the page ended with the last version of the key.
            let version = result.versionMarker.flatMap { $0.isEmpty ? nil : VersionID($0) }
            next = VersionListOptions.Marker(key: try text(key, isEncoded), version: version)
        }
        return VersionPage(versions: listed, marker: next)
    }

    private func version(_ entry: Entry, isMarker: Bool, _ isEncoded: Bool) throws -> ListedVersion {
        ListedVersion(
            key: try text(entry.key, isEncoded),
            version: VersionID(entry.version ?? "null"),
            isLatest: entry.isLatest == "true",
            isDeleteMarker: isMarker,
            size: isMarker ? 0 : try size(entry),
            etag: isMarker ? nil : entry.etag.map { ETag(quoting: $0) },
            lastModified: entry.modified.flatMap(Timestamp.parse)
        )
    }

    /// Whether each entry of a listing of versions is a delete marker, in the listing's order.
    ///
    /// The decoder gives versions and markers as two lists; which of two is newer, only the text tells.
    private static func order(of body: ByteBuffer) -> [Bool] {
        var order: [Bool] = []
        var bytes = body.readableBytesView[...]
        while let open = bytes.firstIndex(of: UInt8(ascii: "<")) {
            bytes = bytes[(open + 1)...]
            if bytes.starts(with: "Version>".utf8) { order.append(false) }
            if bytes.starts(with: "DeleteMarker>".utf8) { order.append(true) }
        }
        return order
    }

    private func text(_ text: String, _ isEncoded: Bool) throws -> String {
        if !isEncoded { return text }
        guard let decoded = PercentEncoding.decode(text) else {
            throw malformed("it has a key that is not percent-encoded UTF-8")
        }
        return decoded
    }

    private func size(_ entry: Entry) throws -> Int {
        guard let size = entry.size, size >= 0 else { throw malformed("it has an object without a size") }
        return size
    }

    private func malformed(_ what: String) -> ObjectStoreError {
        ObjectStoreError(
            .malformedResponse,
            operation: "list",
            location: location,
            message: "the listing is not usable: \(what)"
        )
    }
}
