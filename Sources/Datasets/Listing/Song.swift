// SPDX-License-Identifier: Apache-2.0

/// A song of a dataset.
public struct Song: Sendable, Equatable {
    /// Where its sound is.
    public let audioPath: String
    /// What is said about it.
    public var metadata: SongMetadata
    /// Whether somebody wrote its caption, which otherwise is its file's name.
    public let hasCaption: Bool

    /// Names all three.
    public init(audioPath: String, metadata: SongMetadata, hasCaption: Bool) {
        self.audioPath = audioPath
        self.metadata = metadata
        self.hasCaption = hasCaption
    }
}
