// SPDX-License-Identifier: Apache-2.0

/// A song of a dataset.
public struct Song: Sendable, Equatable {
    /// Where what is said about a song comes from.
    public enum Source: String, Sendable {
        /// Nobody says anything.
        case nothing
        /// The text files beside it.
        case textFiles
        /// An entry of a list.
        case list
    }

    /// Where its sound is.
    public let audioPath: String
    /// What is said about it.
    public var metadata: SongMetadata
    /// Where that comes from.
    public var source: Source
    /// Whether somebody wrote its caption, which otherwise is its file's name.
    public let hasCaption: Bool

    /// Names all four.
    public init(audioPath: String, metadata: SongMetadata, source: Source, hasCaption: Bool) {
        self.audioPath = audioPath
        self.metadata = metadata
        self.source = source
        self.hasCaption = hasCaption
    }
}
