// SPDX-License-Identifier: Apache-2.0

package import Torch

/// How long latents are decoded piece by piece, so that memory stays flat.
///
/// Each piece is decoded with as many neighbouring frames as can change its samples (the decoder's reach), and their
/// samples are dropped: pieces equal a single pass up to rounding, without any cross-fade.
package struct TiledDecoding {
    /// Frames that each piece contributes.
    package let frames: Int
    /// Neighbouring frames decoded with it to either side.
    package let context: Int

    /// Names both.
    package init(frames: Int, context: Int) {
        self.frames = frames
        self.context = context
    }

    /// A piece of the song.
    package struct Tile: Equatable {
        /// Frames to decode.
        package let decoded: Range<Int>
        /// Frames to keep.
        package let kept: Range<Int>
    }

    /// The pieces of `length` frames, in order, without gaps.
    package func tiles(length: Int) -> [Tile] {
        let count = max(1, (length + frames - 1) / frames)
        return (0..<count).map { position in
            let kept = position * length / count..<(position + 1) * length / count
            return Tile(
                decoded: max(0, kept.lowerBound - context)..<min(length, kept.upperBound + context),
                kept: kept
            )
        }
    }

    /// Decodes latents piece by piece.
    ///
    /// - Parameters:
    ///   - latents: `[1, latentChannels, length]`.
    ///   - decoder: turns each piece into its samples.
    ///   - progress: told the share of the song done, after each piece; may throw to stop.
    /// - Returns: `[1, audioChannels, hop · length]`, float32, on the CPU.
    /// - Throws: `TorchError` if an operation fails, and what `progress` throws.
    package func decode(
        _ latents: Tensor,
        with decoder: OobleckDecoder,
        progress: (Double) throws -> Void
    ) throws -> Tensor {
        let hop = decoder.configuration.hop
        let length = latents.dimension(2)
        let audio = try Tensor.zeros([1, decoder.configuration.audioChannels, hop * length])
        for tile in tiles(length: length) {
            let piece = try decoder(
                latents.slice(2, from: tile.decoded.lowerBound, to: tile.decoded.upperBound).contiguous()
            )
            let skipped = (tile.kept.lowerBound - tile.decoded.lowerBound) * hop
            let wanted = try piece.slice(2, from: skipped, to: skipped + tile.kept.count * hop)
            try audio.slice(2, from: tile.kept.lowerBound * hop, to: tile.kept.upperBound * hop)
                .copy(from: wanted.to(.float32).to(.cpu))
            try progress(Double(tile.kept.upperBound) / Double(length))
        }
        return audio
    }
}
