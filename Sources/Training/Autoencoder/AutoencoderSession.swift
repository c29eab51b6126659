// SPDX-License-Identifier: Apache-2.0

package import ACEStep
import Layers
package import Torch
import TrainingRuns

/// An autoencoder that is trained as a whole, and everything that a step changes.
///
/// Encoder and decoder are those that `generate` and `preprocess` use. It knows no files but its own results, and no steps but the
/// one it takes.
///
/// Not Sendable: it belongs to one thread.
package final class AutoencoderSession {
    /// What a step found.
    package struct Step: Sendable, Equatable {
        /// The weighed sum.
        package let loss: Double
        /// The terms.
        package let terms: AutoencoderLoss.Terms
        /// The norm of all gradients before clipping.
        package let gradientNorm: Double
    }

    /// The sizes.
    package let configuration: AutoencoderConfiguration
    /// Turns audio into latents.
    package let encoder: OobleckEncoder
    /// Turns latents into audio.
    package let decoder: OobleckDecoder
    /// What is trained.
    package let parameters: ParameterSet
    /// The state's file holds all of these.
    package let state: SessionState
    private let weights: TrainableWeights
    private let generator: Generator
    private let loss: AutoencoderLoss
    private let gradientNorm: Double

    /// Draws an autoencoder, or takes a file's values, and prepares to train it.
    ///
    /// - Parameters:
    ///   - configuration: the sizes.
    ///   - settings: what a step is made of.
    ///   - beginning: where first values come from; nil draws them from the settings' seed.
    /// - Throws: `LayerError` or ``TrainingError`` if a file does not fit; `TorchError`.
    package init(
        _ configuration: AutoencoderConfiguration,
        settings: AutoencoderSettings,
        beginning: TrainableWeights.Beginning? = nil
    ) throws {
        try settings.check()
        let seed = UInt64(bitPattern: Int64(settings.seed))
        self.configuration = configuration
        weights = try TrainableWeights(beginning ?? .drawn(seed: seed), label: "the autoencoder")
        encoder = try OobleckEncoder(Weights(weights.source(), path: "encoder"), configuration: configuration)
        decoder = try OobleckDecoder(Weights(weights.source(), path: "decoder"), configuration: configuration)
        parameters = ParameterSet(weights.parameters)
        generator = try Generator(seed: seed)
        loss = try AutoencoderLoss(settings.loss)
        gradientNorm = settings.gradientNorm
        state = SessionState(
            parameters: parameters,
            optimizer: try AdamW(parameters, weightDecay: 0, squareDecay: settings.squareDecay),
            average: settings.averageDecay > 0
                ? try MovingAverage(parameters, decay: settings.averageDecay) : nil,
            generators: [("generator", generator)]
        )
    }

    /// The loss of a batch, recorded if gradients are.
    ///
    /// - Parameters:
    ///   - audio: `[batch, audioChannels, length]`, whole frames.
    ///   - noise: what latents are moved by, as large as they are; nil draws it.
    /// - Returns: the sum and its terms.
    /// - Throws: `TorchError` if an operation fails.
    package func loss(
        of audio: Tensor,
        noise: Tensor? = nil
    ) throws -> (total: Tensor, terms: AutoencoderLoss.Terms) {
        let posterior = try encoder(audio)
        let latents =
            try noise.map { try posterior.mean + posterior.standardDeviation * $0 } ?? posterior.sample(generator)
        return try loss(decoder(latents), original: audio, posterior: posterior)
    }

    /// Takes a step on a batch.
    ///
    /// - Parameters:
    ///   - audio: `[batch, audioChannels, length]`, whole frames.
    ///   - noise: what latents are moved by; nil draws it.
    ///   - learningRate: of this step.
    /// - Returns: what it found; nothing has changed but the random stream if a number is not finite.
    /// - Throws: `TorchError` if an operation fails.
    package func step(_ audio: Tensor, noise: Tensor? = nil, learningRate: Double) throws -> Step {
        let (loss, terms) = try withGradients {
            let (total, terms) = try self.loss(of: audio, noise: noise)
            let value = try total.item()
            if value.isFinite { try total.backward() }
            return (value, terms)
        }
        let norm = try clip()
        if loss.isFinite, norm.isFinite {
            try state.optimizer.step(parameters, learningRate: learningRate)
            try state.average?.update(from: parameters)
        }
        try parameters.clearGradients()
        return Step(loss: loss, terms: terms, gradientNorm: norm)
    }

    private func clip() throws -> Double {
        try withoutGradients {
            let gradients = try parameters.gradients()
            let norm = try gradients.norm()
            let factor = gradientNorm / (norm + 1e-6)
            if factor < 1 { try gradients.multiply(by: factor) }
            return norm
        }
    }

    /// Runs something with the weights that are saved: the averages, if there are any.
    ///
    /// - Parameter body: what is done.
    /// - Returns: what `body` returns.
    /// - Throws: what `body` throws; `TorchError`.
    package func withSavedWeights<Result>(_ body: () throws -> Result) throws -> Result {
        guard let average = state.average else { return try body() }
        return try average.withAverages(of: parameters, body)
    }

    /// Writes `config.json` and the weights as a checkpoint's `vae` folder has them.
    ///
    /// - Parameters:
    ///   - folder: which is there.
    ///   - dtype: the type to round to.
    /// - Throws: `CheckpointError` or `TrainingRunsError` if a file cannot be written; `TorchError`.
    package func write(to folder: String, dtype: DType = .float32) throws {
        try withSavedWeights {
            try weights.write(to: folder + "/diffusion_pytorch_model.safetensors", dtype: dtype)
        }
        try JSONFile.write([UInt8](configuration.json), to: folder + "/config.json")
    }
}
