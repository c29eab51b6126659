// SPDX-License-Identifier: Apache-2.0

package import Torch

extension Tiling {
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
                latents.slice(2, from: tile.computed.lowerBound, to: tile.computed.upperBound).contiguous()
            )
            let skipped = (tile.kept.lowerBound - tile.computed.lowerBound) * hop
            let wanted = try piece.slice(2, from: skipped, to: skipped + tile.kept.count * hop)
            try audio.slice(2, from: tile.kept.lowerBound * hop, to: tile.kept.upperBound * hop)
                .copy(from: wanted.to(.float32).to(.cpu))
            try progress(Double(tile.kept.upperBound) / Double(length))
        }
        return audio
    }
}
