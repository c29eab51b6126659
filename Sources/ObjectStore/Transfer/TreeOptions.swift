// SPDX-License-Identifier: Apache-2.0

/// How to make a directory what lies below a prefix, or the other way round.
public struct TreeOptions: Sendable {
    /// When a file that is on both sides stays as it is.
    public enum Comparison: Sendable, Hashable {
        /// When sizes are equal and the source is not newer; with an index, when neither side has changed since the last run.
        case changes
        /// When sizes and times are equal: `aws s3 sync --exact-timestamps`, for downloads.
        case exactTimes
        /// When sizes are equal, whatever the bytes: two adapters of one rank have the same size.
        case sizes
        /// Never.
        case nothing
    }

    /// When a file stays as it is.
    public var comparison: Comparison
    /// Whether what the source does not have is deleted, after everything else has succeeded.
    public var deletesOthers: Bool
    /// A local file that remembers tags between downloads, so that a change is seen whatever the clocks say.
    public var index: String?
    /// How objects are written by an upload; with `.ifAbsent`, one that is there is an error.
    public var put: PutOptions
    /// Which files take part, by their path below the directory; others are neither sent nor deleted.
    public var isIncluded: @Sendable (String) -> Bool

    /// Chooses how; by default what has changed is copied and nothing is deleted.
    public init(
        comparison: Comparison = .changes,
        deletesOthers: Bool = false,
        index: String? = nil,
        put: PutOptions = PutOptions(),
        isIncluded: @escaping @Sendable (String) -> Bool = { _ in true }
    ) {
        self.comparison = comparison
        self.deletesOthers = deletesOthers
        self.index = index
        self.put = put
        self.isIncluded = isIncluded
    }
}

/// What became of a tree; paths are below its directory, in the order of their bytes.
public struct TreeTransferred: Sendable, Hashable {
    /// What was copied.
    public var transferred: [String] = []
    /// The bytes that were copied.
    public var transferredBytes = 0
    /// What stayed as it was.
    public var unchanged: [String] = []
    /// What was deleted.
    public var deleted: [String] = []

    /// Nothing yet.
    public init() {}
}
