// SPDX-License-Identifier: Apache-2.0

/// An upload in parts that is under way; nothing is visible before it is completed.
public struct MultipartUpload: Sendable, Hashable, Codable {
    /// The object that it will become.
    public var key: String
    /// The store's name for the upload.
    public var id: String
    /// The checksum that every part carries.
    public var checksum: ChecksumAlgorithm?

    /// Names an upload.
    public init(key: ObjectKey, id: String, checksum: ChecksumAlgorithm? = nil) {
        self.key = key.text
        self.id = id
        self.checksum = checksum
    }

    /// Every part but the last has at least so many bytes (S3's rule, kept by all stores).
    public static let minimumPartSize = 5 << 20
    /// The most parts of an upload.
    public static let maximumPartCount = 10_000
}

/// A part that the store has.
public struct UploadedPart: Sendable, Hashable, Codable {
    /// From 1 to 10,000.
    public var number: Int
    /// The store's name for the part's content, with quotes.
    public var etag: String
    /// Its size in bytes.
    public var size: Int
    /// Base64 of the part's checksum, where the upload has an algorithm.
    public var checksum: String?

    /// Describes a part.
    public init(number: Int, etag: String, size: Int, checksum: String? = nil) {
        self.number = number
        self.etag = etag
        self.size = size
        self.checksum = checksum
    }
}

/// How to finish an upload.
public struct CompleteOptions: Sendable, Hashable {
    /// What must hold for the object to appear.
    public var condition: WriteCondition
    /// The whole object's checksum, verified by stores that can.
    public var checksum: Checksum?

    /// Chooses how to finish; unconditionally by default.
    public init(condition: WriteCondition = .none, checksum: Checksum? = nil) {
        self.condition = condition
        self.checksum = checksum
    }
}
