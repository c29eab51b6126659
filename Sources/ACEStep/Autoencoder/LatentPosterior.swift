// SPDX-License-Identifier: Apache-2.0

package import Torch

/// What the encoder says about a waveform's latents: independent normal distributions.
package struct LatentPosterior {
    /// The most probable latents, `[batch, latentChannels, frames]`.
    package let mean: Tensor
    /// How sure the encoder is, same shape, at least 1e-4.
    package let standardDeviation: Tensor

    /// Names both.
    package init(mean: Tensor, standardDeviation: Tensor) {
        self.mean = mean
        self.standardDeviation = standardDeviation
    }

    /// - Parameter parameters: means and then raw scales, `[batch, 2 · latentChannels, frames]`.
    /// - Throws: `TorchError` if the channels cannot be halved or an operation fails.
    init(parameters: Tensor) throws {
        let halves = try parameters.chunk(2, dimension: 1)
        mean = halves[0]
        standardDeviation = try halves[1].softplus() + 1e-4
    }

    /// Latents drawn from the distributions; the same for the same generator's state.
    ///
    /// - Parameter generator: gives the noise, drawn in the order of the mean's elements.
    /// - Returns: `[batch, latentChannels, frames]`.
    /// - Throws: `TorchError` if the generator is on another device or an operation fails.
    package func sample(_ generator: Generator) throws -> Tensor {
        let noise = try Tensor.randn(mean.shape, generator: generator, dtype: mean.dtype, device: mean.device)
        return try mean + standardDeviation * noise
    }
}
