// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Torch

extension MusicEngine {
    /// Encodes sounds and decodes them again, to measure what the checkpoint's autoencoder makes of them.
    ///
    /// - Parameter sounds: planar samples of as many channels as the autoencoder has, at its rate, of a frame or more each.
    /// - Returns: planar samples of the same sounds, as long as their whole latent frames.
    /// - Throws: ``EngineError``, `ModelError` or `TorchError`; an error that names the tensor if the checkpoint has no encoder.
    package func reconstruct(_ sounds: [[Float]]) throws -> [[Float]] {
        try withModel { model in
            let encoder = try LatentEncoder(files: model.files, device: model.device)
            let tiles = Tiling(frames: 128, context: model.decoder.reach)
            return try sounds.map { sound in
                let latents = try encoder.latents(of: sound) { _ in try Task.checkCancellation() }
                let input = try latents.unsqueeze(0).transpose(1, 2).to(model.dtype).to(model.device)
                return try tiles.decode(input, with: model.decoder) { _ in try Task.checkCancellation() }.floats()
            }
        }
    }
}
