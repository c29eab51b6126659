// SPDX-License-Identifier: Apache-2.0

/// What must hold for a write to happen.
///
/// Checked and written in one step by the store.
public enum WriteCondition: Sendable, Hashable {
    /// Write in any case.
    case none
    /// Only if there is no such object (S3's `If-None-Match: *`); a delete marker counts as none.
    case ifAbsent
    /// Only if the object's content is the one named (S3's `If-Match`).
    case ifMatch(ETag)
}

/// What to read, and from which content.
public struct GetOptions: Sendable, Hashable {
    /// The version; nil for the current one.
    public var version: VersionID?
    /// Which bytes; nil for all.
    public var range: ByteRange?
    /// Fail with `.preconditionFailed` unless the object is this one.
    public var ifMatch: ETag?
    /// Fail with `.notModified` if the object is this one.
    public var ifNoneMatch: ETag?

    /// Chooses what to read; all of the current version by default.
    public init(
        version: VersionID? = nil,
        range: ByteRange? = nil,
        ifMatch: ETag? = nil,
        ifNoneMatch: ETag? = nil
    ) {
        self.version = version
        self.range = range
        self.ifMatch = ifMatch
        self.ifNoneMatch = ifNoneMatch
    }
}

/// A range of an object's bytes, as HTTP says it.
public enum ByteRange: Sendable, Hashable {
    /// From a first byte, at most to a last one (exclusive); cut off at the object's end.
    case bounded(Range<Int>)
    /// From a byte to the end.
    case from(Int)
    /// The last bytes, as many as there are.
    case last(Int)

    /// The bytes meant, of an object of `size` bytes.
    ///
    /// - Returns: A range that is not empty; nil where HTTP answers 416.
    public func resolved(size: Int) -> Range<Int>? {
        switch self {
        case .bounded(let range):
            guard range.lowerBound >= 0, range.lowerBound < size, !range.isEmpty else { return nil }
            return range.lowerBound..<min(range.upperBound, size)
        case .from(let start):
            guard start >= 0, start < size else { return nil }
            return start..<size
        case .last(let count):
            guard count > 0, size > 0 else { return nil }
            return max(0, size - count)..<size
        }
    }

    /// The value of the `Range` header.
    package var header: String {
        switch self {
        case .bounded(let range): "bytes=\(range.lowerBound)-\(range.upperBound - 1)"
        case .from(let start): "bytes=\(start)-"
        case .last(let count): "bytes=-\(count)"
        }
    }
}

/// How to write an object.
public struct PutOptions: Sendable, Hashable {
    /// What must hold for the write to happen.
    public var condition: WriteCondition
    /// The writer's own pairs; names are ASCII letters, digits, `-` and `_`, and come back in lower case.
    public var metadata: [String: String]
    /// The media type.
    public var contentType: String?
    /// Checksum that the store verifies and keeps; computed by the store's client from the bytes.
    public var checksum: ChecksumAlgorithm?

    /// Chooses how to write; unconditionally by default.
    public init(
        condition: WriteCondition = .none,
        metadata: [String: String] = [:],
        contentType: String? = nil,
        checksum: ChecksumAlgorithm? = nil
    ) {
        self.condition = condition
        self.metadata = metadata
        self.contentType = contentType
        self.checksum = checksum
    }
}

/// How to copy an object.
public struct CopyOptions: Sendable, Hashable {
    /// The version to copy; nil for the current one.
    public var version: VersionID?
    /// What must hold of the destination.
    public var condition: WriteCondition
    /// Fail with `.preconditionFailed` unless the source is this one.
    public var ifSourceMatch: ETag?
    /// New pairs; nil keeps the source's.
    public var metadata: [String: String]?

    /// Chooses how to copy; the current version, unconditionally by default.
    public init(
        version: VersionID? = nil,
        condition: WriteCondition = .none,
        ifSourceMatch: ETag? = nil,
        metadata: [String: String]? = nil
    ) {
        self.version = version
        self.condition = condition
        self.ifSourceMatch = ifSourceMatch
        self.metadata = metadata
    }
}
