// SPDX-License-Identifier: Apache-2.0

/// The tokens of one text.
public struct Encoding: Sendable, Hashable {
    /// Token ids in order, the special tokens of the post-processor included if they were asked for.
    public var ids: [Int]
    /// How many tokens a maximum length cut off the end of the text; 0 where the whole text is in `ids`.
    public var cutTokenCount: Int

    /// Tokens and how many more the text had.
    public init(ids: [Int], cutTokenCount: Int = 0) {
        self.ids = ids
        self.cutTokenCount = cutTokenCount
    }
}
