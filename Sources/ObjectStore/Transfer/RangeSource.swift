// SPDX-License-Identifier: Apache-2.0

/// Something whose bytes can be asked for by range, and that says when it has changed.
public protocol RangeSource: Sendable {
    /// What it is called, for messages.
    var description: String { get }

    /// Opens bytes of it.
    ///
    /// - Parameters:
    ///   - range: Which bytes.
    ///   - ifMatch: Fail with `.preconditionFailed` unless it is still this one.
    /// - Returns: The bytes, and what the whole is.
    /// - Throws: `.notFound`, `.preconditionFailed`, `.invalidRange` when it is empty or shorter.
    func open(_ range: ByteRange, ifMatch: ETag?) async throws -> ObjectBody

    /// Opens all of it, so that its store can say the checksum of the whole; for what is small.
    ///
    /// - Throws: As `open`.
    func openWhole() async throws -> ObjectBody

    /// What it is, with the checksums that its store holds.
    func properties() async throws -> ObjectInfo
}

extension RangeSource {
    /// Opens all bytes by their range.
    public func openWhole() async throws -> ObjectBody { try await open(.from(0), ifMatch: nil) }
}

/// An object of a store as a source.
public struct StoredObject: RangeSource {
    private let store: any ObjectStore
    private let key: ObjectKey
    private let version: VersionID?

    /// Names an object, or one version of it.
    public init(_ store: any ObjectStore, _ key: ObjectKey, version: VersionID? = nil) {
        self.store = store
        self.key = key
        self.version = version
    }

    var throttledRequestsOfStore: Int { (store as? any LoadReporting)?.throttledRequestCount ?? 0 }

    /// The store and the key.
    public var description: String { store.location + "/" + key.text }

    /// Opens bytes of the object.
    public func open(_ range: ByteRange, ifMatch: ETag?) async throws -> ObjectBody {
        try await store.get(key, GetOptions(version: version, range: range, ifMatch: ifMatch))
    }

    /// Opens all of the object, without a range.
    public func openWhole() async throws -> ObjectBody { try await store.get(key, GetOptions(version: version)) }

    /// What the object is.
    public func properties() async throws -> ObjectInfo {
        try await store.head(key, GetOptions(version: version))
    }
}

/// A store that counts how often its server asked to slow down, so that transfers can.
package protocol LoadReporting: Sendable {
    /// How many requests were answered so.
    var throttledRequestCount: Int { get }
}

/// What is known of an object beforehand, from a manifest that is trusted.
public struct ExpectedContent: Sendable, Hashable {
    /// Its size in bytes.
    public var size: Int?
    /// The SHA-256 of the whole, in hexadecimal digits.
    public var sha256: String?
    /// The size of the pieces that `chunks` are of.
    public var chunkSize: Int?
    /// The SHA-256 of each piece, in hexadecimal digits.
    public var chunks: [String]?

    /// Says what an object must be.
    public init(size: Int? = nil, sha256: String? = nil, chunkSize: Int? = nil, chunks: [String]? = nil) {
        self.size = size
        self.sha256 = sha256?.lowercased()
        self.chunkSize = chunkSize
        self.chunks = chunks?.map { $0.lowercased() }
    }

    /// Whether size, piece size and pieces fit together.
    package var isConsistent: Bool {
        guard let chunks else { return true }
        guard let size, let chunkSize, chunkSize > 0, size >= 0 else { return false }
        return chunks.count == size / chunkSize + (size % chunkSize > 0 ? 1 : 0)
    }
}
