// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What a directory store keeps beside the bytes of one version.
struct DirectoryRecord: Codable, Sendable {
    struct StoredChecksum: Codable, Sendable {
        var algorithm: ChecksumAlgorithm
        var base64: String
        var compositePartCount: Int?
    }

    var etag: String?
    var size: Int
    var metadata: [String: String]
    var contentType: String?
    var checksums: [StoredChecksum]
    var partCount: Int?
    var modified: Date

    /// The record of a version with bytes.
    init(_ info: ObjectInfo, modified: Date) {
        etag = info.etag.text
        size = info.size
        metadata = info.metadata
        contentType = info.contentType
        checksums = info.checksums.map {
            StoredChecksum(algorithm: $0.algorithm, base64: $0.base64, compositePartCount: $0.compositePartCount)
        }
        partCount = info.partCount
        self.modified = modified
    }

    /// The record of a delete marker.
    init(markerAt modified: Date) {
        size = 0
        metadata = [:]
        checksums = []
        self.modified = modified
    }

    /// The object that the record describes.
    func info(_ key: ObjectKey, version: VersionID?) -> ObjectInfo {
        ObjectInfo(
            key: key,
            size: size,
            etag: ETag(etag ?? ""),
            lastModified: modified,
            version: version,
            metadata: metadata,
            contentType: contentType,
            checksums: checksums.map {
                Checksum($0.algorithm, base64: $0.base64, compositePartCount: $0.compositePartCount)
            },
            partCount: partCount
        )
    }
}

/// The name of a record: its place in the key's history, whether it is an S3 `null` version, and which file it is of.
///
/// `ORDER-RANDOM[-null]@IDENTITY.json`, or `….pending` until the write is done. The identity (inode, size, time) ties the
/// record to the visible file: whoever opens that file finds its record, whatever is being written meanwhile.
struct DirectoryRecordName: Sendable, Hashable, Comparable {
    static let marker = "deleted"

    var order: Int
    var random: String
    var isNull: Bool
    var identity: String
    var isPending: Bool

    var isMarker: Bool { identity == Self.marker }
    var stem: String { Self.padded(order) + "-" + random + (isNull ? "-null" : "") }
    var text: String { stem + "@" + identity + (isPending ? ".pending" : ".json") }
    var dataName: String { stem + ".data" }
    var version: VersionID { VersionID(isNull ? "null" : Self.padded(order) + "-" + random) }

    init(order: Int, isNull: Bool, identity: String) {
        self.order = order
        random = String(UInt32.random(in: 0 ... .max), radix: 36)
        self.isNull = isNull
        self.identity = identity
        isPending = true
    }

    init?(_ text: String) {
        let pieces = text.split(separator: "@", omittingEmptySubsequences: false)
        guard pieces.count == 2, let dot = pieces[1].lastIndex(of: ".") else { return nil }
        let stem = pieces[0].split(separator: "-", omittingEmptySubsequences: false)
        guard stem.count == 2 || (stem.count == 3 && stem[2] == "null"), let order = Int(stem[0], radix: 16) else {
            return nil
        }
        let ending = pieces[1][pieces[1].index(after: dot)...]
        guard ending == "json" || ending == "pending" else { return nil }
        self.order = order
        random = String(stem[1])
        isNull = stem.count == 3
        identity = String(pieces[1][..<dot])
        isPending = ending == "pending"
    }

    var settled: DirectoryRecordName {
        var name = self
        name.isPending = false
        return name
    }

    static func < (left: DirectoryRecordName, right: DirectoryRecordName) -> Bool {
        (left.order, left.random) < (right.order, right.random)
    }

    private static func padded(_ order: Int) -> String {
        let digits = String(order, radix: 16)
        return String(repeating: "0", count: max(0, 12 - digits.count)) + digits
    }
}
