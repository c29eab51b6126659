// SPDX-License-Identifier: Apache-2.0

package import Layers
package import Torch

extension MusicModel {
    /// A denoising step on random latents, prepared so that calling it does nothing but the step: for measuring.
    ///
    /// - Parameters:
    ///   - frames: latent frames.
    ///   - conditionLength: positions of the condition sequence.
    ///   - voicing: which blend of the attached adapters acts on which tokens.
    /// - Returns: takes the step and waits until it is done; throws `TorchError` if it fails.
    /// - Throws: `TorchError` if the inputs cannot be made.
    package func stepForMeasuring(
        frames: Int,
        conditionLength: Int = 100,
        voicing: Voicing? = nil
    ) throws -> () throws -> Void {
        let generator = try Generator(seed: 0, device: device)
        func noise(_ shape: [Int]) throws -> Tensor {
            try Tensor.randn(shape, generator: generator, dtype: dtype, device: device)
        }
        let plan = try transformer.plan(
            conditions: noise([1, conditionLength, configuration.encoder.hidden]),
            context: noise([1, frames, 2 * configuration.latentChannels]),
            times: [1],
            voicing: voicing
        )
        let latents = try noise([1, frames, configuration.latentChannels])
        return { _ = try self.transformer.velocity(latents, step: 0, plan: plan).select(1, 0).floats() }
    }

    /// The sizes of the large products of a step, each once, with how many projections have them.
    package var productSizes: [(inputs: Int, outputs: Int, count: Int)] {
        let layers = projections.paths.filter(DiffusionTransformer.isQuantizable).compactMap { projections[$0] }
        let bySize = Dictionary(grouping: layers) { [$0.inputFeatures, $0.outputFeatures] }
        return bySize.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { ($0.key[0], $0.key[1], $0.value.count) }
    }

    /// Decoding random latents in one piece, for measuring.
    package func decodingForMeasuring(frames: Int) throws -> () throws -> Void {
        let latents = try Tensor.randn(
            [1, configuration.latentChannels, frames],
            generator: Generator(seed: 0, device: device),
            dtype: dtype,
            device: device
        )
        return { _ = try self.decoder(latents).select(2, 0).floats() }
    }

    /// The type that the transformer's weights are stored in; reads one header.
    package static func storedType(files: ModelFiles) throws -> DType {
        let index = LinearIndex()
        let weights = try ModelWeights(files: files, dtype: .float32, device: .cpu, index: index)
        return try weights.transformer.storedType(of: "norm_out.weight")
    }
}
