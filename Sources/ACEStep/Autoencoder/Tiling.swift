// SPDX-License-Identifier: Apache-2.0

/// How a long song is cut into pieces that are computed one after the other, so that memory stays flat.
///
/// Each piece is computed with as many neighbouring frames as can change it (its module's reach), and what those give is
/// dropped: pieces equal a single pass up to rounding, without any cross-fade.
package struct Tiling {
    /// Frames that each piece contributes.
    package let frames: Int
    /// Neighbouring frames computed with it to either side.
    package let context: Int

    /// Names both.
    package init(frames: Int, context: Int) {
        self.frames = frames
        self.context = context
    }

    /// A piece of the song.
    package struct Tile: Equatable {
        /// Frames to compute.
        package let computed: Range<Int>
        /// Frames to keep.
        package let kept: Range<Int>
    }

    /// The pieces of `length` frames, in order, without gaps.
    package func tiles(length: Int) -> [Tile] {
        let count = max(1, (length + frames - 1) / frames)
        return (0..<count).map { position in
            let kept = position * length / count..<(position + 1) * length / count
            return Tile(
                computed: max(0, kept.lowerBound - context)..<min(length, kept.upperBound + context),
                kept: kept
            )
        }
    }
}
