// SPDX-License-Identifier: Apache-2.0

package import Layers
import Tokenizer
package import Torch

/// Every part of a model that is trained together, on weights that change: text and condition encoders, diffusion transformer, and
/// both sides of the audio codes.
///
/// The autoencoder is not among them: it is trained before, and its latents are the data.
package final class TrainableModel {
    /// The transformer, and what stands for no condition.
    package let velocity: VelocityModel
    /// Makes conditions of prompts.
    package let prompts: PromptEncoder
    /// Reads latents as codes.
    package let tokenizer: AudioTokenizer
    /// Makes latents of codes.
    package let detokenizer: AudioDetokenizer

    /// Makes all parts.
    ///
    /// - Parameters:
    ///   - files: a checkpoint of the original layout, for its configurations, tokenizer and silence; it needs no weights yet.
    ///   - main: what `model.safetensors` will hold.
    ///   - text: what the text encoder's file will hold.
    /// - Throws: ``ModelError``, `LayerError`, `TokenizerError` or `TorchError`, each naming the file.
    package init(files: ModelFiles, main: any TrainableTensors, text: any TrainableTensors) throws {
        guard files.layout == .original else {
            throw ModelError.notACheckpoint(
                path: files.transformer,
                reason: "models are trained from scratch in the original layout"
            )
        }
        let projections = LinearIndex()
        let conditions = WeightSource(training: main) { path in
            path == ConditionEncoder.nullName ? path : "encoder." + path
        }
        velocity = try VelocityModel(
            files: files,
            projections: projections,
            transformer: WeightSource(training: main, index: projections) { "decoder." + $0 },
            conditions: conditions
        )
        prompts = try PromptEncoder(
            files: files,
            configuration: velocity.configuration,
            text: WeightSource(training: text),
            conditions: conditions
        )
        let codes = try AudioCodesConfiguration(directory: files.transformer)
        tokenizer = try AudioTokenizer(
            Weights(WeightSource(training: main) { "tokenizer." + $0 }),
            configuration: codes
        )
        detokenizer = try AudioDetokenizer(
            Weights(WeightSource(training: main) { "detokenizer." + $0 }),
            configuration: codes
        )
    }

    /// How many tokens the text encoder knows.
    package var vocabularySize: Int { prompts.textEncoder.vocabularySize }

    /// The tokens that are whole numbers behind a space, as prompts have them.
    package var numberTokens: [(id: Int, number: Int)] {
        // Three digits: tempos, seconds, beats.
        (0..<1000).compactMap { number in prompts.tokenizer.id(of: "Ġ\(number)").map { ($0, number) } }
    }

    /// What is in a model's file though nothing computes with it: the timbre encoder's token, where the first frame is read.
    package var unusedTensors: [(name: String, shape: [Int])] {
        velocity.configuration.hasTimbreToken
            ? [] : [("encoder.timbre_encoder.special_token", [1, 1, velocity.configuration.encoder.hidden])]
    }

    /// Latents as the codes let them through, for learning the codes.
    ///
    /// - Parameter latents: `[batch, frames, latentChannels]`.
    /// - Returns: the same shape.
    /// - Throws: `TorchError` if an operation fails.
    package func throughCodes(_ latents: Tensor) throws -> Tensor {
        let silence = try prompts.silence(frames: tokenizer.configuration.framesPerCode)
        let quantized = try tokenizer(latents, silence: silence).quantized
        return try detokenizer(quantized).slice(1, from: 0, to: latents.dimension(1))
    }
}
