// SPDX-License-Identifier: Apache-2.0

package import Torch

extension Tiling {
    /// Encodes a waveform piece by piece.
    ///
    /// - Parameters:
    ///   - audio: `[1, audioChannels, length]`, of at least one frame; the last `length` modulo `hop` samples make no frame,
    ///     but the frames before see them.
    ///   - encoder: turns each piece into its posterior.
    ///   - progress: told the share of the song done, after each piece; may throw to stop.
    /// - Returns: the posterior of `length / hop` frames, float32, on the CPU.
    /// - Throws: `TorchError` if an operation fails, and what `progress` throws.
    package func encode(
        _ audio: Tensor,
        with encoder: OobleckEncoder,
        progress: (Double) throws -> Void
    ) throws -> LatentPosterior {
        let hop = encoder.configuration.hop
        let samples = audio.dimension(2)
        let length = samples / hop
        let shape = [1, encoder.configuration.latentChannels, length]
        let (mean, deviation) = (try Tensor.zeros(shape), try Tensor.zeros(shape))
        for tile in tiles(length: length) {
            let end = tile.computed.upperBound == length ? samples : tile.computed.upperBound * hop
            let piece = try encoder(audio.slice(2, from: tile.computed.lowerBound * hop, to: end).contiguous())
            let skipped = tile.kept.lowerBound - tile.computed.lowerBound
            for (whole, part) in [(mean, piece.mean), (deviation, piece.standardDeviation)] {
                let wanted = try part.slice(2, from: skipped, to: skipped + tile.kept.count)
                try whole.slice(2, from: tile.kept.lowerBound, to: tile.kept.upperBound)
                    .copy(from: wanted.to(.float32).to(.cpu))
            }
            try progress(Double(tile.kept.upperBound) / Double(length))
        }
        return LatentPosterior(mean: mean, standardDeviation: deviation)
    }
}
