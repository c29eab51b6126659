// SPDX-License-Identifier: Apache-2.0

public import Foundation

/// A store's name for the content of an object, exactly as received (S3's have quotes).
///
/// Equal content may give equal tags: a tag does not tell "written again" from "unchanged".
public struct ETag: Hashable, Sendable, CustomStringConvertible {
    /// The tag with its quotes.
    public let text: String

    /// Takes a tag as a server sent it.
    public init(_ text: String) { self.text = text }

    /// The tag with its quotes.
    public var description: String { text }

    /// The tag without quotes, as part of a file name or for servers that compare unquoted tags.
    package var unquoted: String { text.replacing("\"", with: "") }
}

/// A store's name for one version of an object; `null` is a valid one.
public struct VersionID: Hashable, Sendable, CustomStringConvertible {
    /// The identifier, opaque.
    public let text: String

    /// Takes an identifier as a store gave it.
    public init(_ text: String) { self.text = text }

    /// The identifier, opaque.
    public var description: String { text }
}

/// What a store says about an object besides its bytes.
public struct ObjectInfo: Sendable, Equatable {
    /// The object's name.
    public var key: ObjectKey
    /// Its size in bytes.
    public var size: Int
    /// The name of its content.
    public var etag: ETag
    /// When it was written, to the second on S3.
    public var lastModified: Date?
    /// The version read; nil where the store keeps none.
    public var version: VersionID?
    /// The writer's own pairs, names in lower case.
    public var metadata: [String: String]
    /// The media type.
    public var contentType: String?
    /// Checksums that the store holds for the object.
    ///
    /// S3 sends them only where they were asked for.
    public var checksums: [Checksum]
    /// How many parts it was uploaded in, where the store tells.
    public var partCount: Int?

    /// Describes an object.
    public init(
        key: ObjectKey,
        size: Int,
        etag: ETag,
        lastModified: Date? = nil,
        version: VersionID? = nil,
        metadata: [String: String] = [:],
        contentType: String? = nil,
        checksums: [Checksum] = [],
        partCount: Int? = nil
    ) {
        self.key = key
        self.size = size
        self.etag = etag
        self.lastModified = lastModified
        self.version = version
        self.metadata = metadata
        self.contentType = contentType
        self.checksums = checksums
        self.partCount = partCount
    }
}

/// What a write left behind.
public struct WrittenObject: Sendable, Hashable {
    /// The name of the content written.
    public var etag: ETag
    /// The version written; nil where the store keeps none or does not say.
    public var version: VersionID?

    /// Describes a finished write.
    public init(etag: ETag, version: VersionID? = nil) {
        self.etag = etag
        self.version = version
    }
}

/// What a delete did.
public struct DeletedObject: Sendable, Hashable {
    /// The version removed, or that of the delete marker.
    public var version: VersionID?
    /// Whether a delete marker was written (or removed): older versions are still there.
    public var isDeleteMarker: Bool

    /// Describes a finished delete.
    public init(version: VersionID? = nil, isDeleteMarker: Bool = false) {
        self.version = version
        self.isDeleteMarker = isDeleteMarker
    }
}
