// SPDX-License-Identifier: Apache-2.0

public import Foundation

/// Which objects to list.
public struct ListOptions: Sendable, Hashable {
    /// Only keys that start so; may end inside a component.
    public var prefix: String
    /// Keys that go on past this after the prefix are summed up by `commonPrefixes`; `/` lists one level.
    public var delimiter: String?
    /// Only keys after this one.
    public var startAfter: String?
    /// Where the page before ended; wins over `startAfter`.
    public var continuation: String?
    /// The most objects and common prefixes in a page; stores give at most 1,000.
    public var limit: Int

    /// Chooses what to list; everything by default.
    public init(
        prefix: String = "",
        delimiter: String? = nil,
        startAfter: String? = nil,
        continuation: String? = nil,
        limit: Int = 1000
    ) {
        self.prefix = prefix
        self.delimiter = delimiter
        self.startAfter = startAfter
        self.continuation = continuation
        self.limit = limit
    }
}

/// One object in a listing.
///
/// The key is as the store has it: a foreign one need not be a valid `ObjectKey`.
public struct ListedObject: Sendable, Hashable {
    /// The key as the store has it.
    public var key: String
    /// Its size in bytes.
    public var size: Int
    /// The name of its content.
    public var etag: ETag
    /// When it was written.
    public var lastModified: Date?

    /// Describes a listed object.
    public init(key: String, size: Int, etag: ETag, lastModified: Date?) {
        self.key = key
        self.size = size
        self.etag = etag
        self.lastModified = lastModified
    }
}

/// A page of a listing, in the order of the keys' bytes.
public struct ListPage: Sendable, Hashable {
    /// The objects.
    public var objects: [ListedObject]
    /// Prefixes that end in the delimiter.
    public var commonPrefixes: [String]
    /// Pass it as `continuation` for the next page; nil after the last.
    public var continuation: String?

    /// Describes a page.
    public init(objects: [ListedObject], commonPrefixes: [String] = [], continuation: String? = nil) {
        self.objects = objects
        self.commonPrefixes = commonPrefixes
        self.continuation = continuation
    }
}

/// Which versions to list.
public struct VersionListOptions: Sendable, Hashable {
    /// Where a page of versions ended.
    public struct Marker: Sendable, Hashable {
        /// The last key of the page before.
        public var key: String
        /// The last version of that key; nil when all of them were listed.
        public var version: VersionID?

        /// Names a place in the listing.
        public init(key: String, version: VersionID?) {
            self.key = key
            self.version = version
        }
    }

    /// Only keys that start so.
    public var prefix: String
    /// Where the page before ended.
    public var marker: Marker?
    /// The most versions in a page.
    public var limit: Int

    /// Chooses what to list; everything by default.
    public init(prefix: String = "", marker: Marker? = nil, limit: Int = 1000) {
        self.prefix = prefix
        self.marker = marker
        self.limit = limit
    }
}

/// One version of an object, or a delete marker.
public struct ListedVersion: Sendable, Hashable {
    /// The key as the store has it.
    public var key: String
    /// The version's name.
    public var version: VersionID
    /// Whether this is what a read without a version finds.
    public var isLatest: Bool
    /// Whether it marks a deletion and has no bytes.
    public var isDeleteMarker: Bool
    /// Its size in bytes; 0 for a delete marker.
    public var size: Int
    /// The name of its content; nil for a delete marker.
    public var etag: ETag?
    /// When it was written.
    public var lastModified: Date?

    /// Describes a version.
    public init(
        key: String,
        version: VersionID,
        isLatest: Bool,
        isDeleteMarker: Bool,
        size: Int,
        etag: ETag?,
        lastModified: Date?
    ) {
        self.key = key
        self.version = version
        self.isLatest = isLatest
        self.isDeleteMarker = isDeleteMarker
        self.size = size
        self.etag = etag
        self.lastModified = lastModified
    }
}

/// A page of versions: by key, the newest of each key first.
public struct VersionPage: Sendable, Hashable {
    /// The versions.
    public var versions: [ListedVersion]
    /// Pass it as `marker` for the next page; nil after the last.
    public var marker: VersionListOptions.Marker?

    /// Describes a page.
    public init(versions: [ListedVersion], marker: VersionListOptions.Marker? = nil) {
        self.versions = versions
        self.marker = marker
    }
}

/// Whether a store keeps old versions.
public enum Versioning: String, Sendable, Hashable {
    /// Never switched on: an overwrite loses what was there.
    case off
    /// Every write is a version.
    case enabled
    /// Was on: old versions stay, new writes replace each other.
    case suspended
}
