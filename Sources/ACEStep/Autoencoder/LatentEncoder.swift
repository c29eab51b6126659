// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Layers
package import Torch

/// A checkpoint's encoder of audio, loaded by itself.
///
/// Computes in float32: what the model learns to make should be no coarser than the sound.
package struct LatentEncoder {
    private let encoder: OobleckEncoder
    /// The autoencoder's sizes.
    package let configuration: AutoencoderConfiguration
    private let device: Device
    /// Five seconds: the first layers hold 128 channels of every sample.
    private static let tileFrames = 125

    /// Reads the encoder; its weights are mapped.
    ///
    /// - Parameters:
    ///   - files: the checkpoint.
    ///   - device: the device to compute on.
    /// - Throws: ``ModelError``, `CheckpointError`, `LayerError` or `TorchError`, each naming the file.
    package init(files: ModelFiles, device: Device = .cpu) throws {
        try self.init(autoencoder: files.autoencoder, device: device)
    }

    /// Reads the encoder in a folder.
    ///
    /// - Parameters:
    ///   - directory: holds `config.json` and the weights of an autoencoder.
    ///   - device: the device to compute on.
    /// - Throws: as the other initialiser.
    package init(autoencoder directory: String, device: Device = .cpu) throws {
        configuration = try AutoencoderConfiguration(directory: directory)
        let store = try TensorStore(directory: directory, baseName: "diffusion_pytorch_model")
        let source = WeightSource(store: store, dtype: .float32, device: device)
        encoder = try OobleckEncoder(Weights(source, path: "encoder"), configuration: configuration)
        let surplus = source.unusedNames { $0.hasPrefix("encoder.") }
        guard surplus.isEmpty else { throw LayerError.unusedTensors(names: surplus, file: source.file) }
        self.device = device
    }

    /// Encodes a sound.
    ///
    /// - Parameters:
    ///   - samples: `[audioChannels, length]` at the autoencoder's rate, one channel after the other, of at least one frame.
    ///   - generator: draws from the posterior; nil takes its mean.
    ///   - progress: told the share done; may throw to stop.
    /// - Returns: latents `[frames, latentChannels]`, float32, on the CPU; samples beyond the last whole frame make none.
    /// - Throws: ``ModelError/notFinite(what:advice:)``, `TorchError`, and what `progress` throws.
    package func latents(
        of samples: [Float],
        generator: Generator? = nil,
        progress: (Double) throws -> Void
    ) throws -> Tensor {
        let channels = configuration.audioChannels
        let audio = try Tensor(samples, shape: [1, channels, samples.count / channels]).to(device)
        let posterior = try Tiling(frames: Self.tileFrames, context: encoder.reach)
            .encode(audio, with: encoder, progress: progress)
        let latents = try generator.map { try posterior.sample($0) } ?? posterior.mean
        guard try latents.isFinite else {
            throw ModelError.notFinite(
                what: "the encoded sound is",
                advice: "its samples may be far beyond full scale: try --normalize peak"
            )
        }
        return try latents.select(0, 0).transpose(0, 1).contiguous()
    }
}
