// SPDX-License-Identifier: Apache-2.0

import Layers
package import Torch

/// Reads latents, 25 frames a second, as codes, five a second.
package struct AudioTokenizer {
    private let input: Linear
    private let embedding: Linear
    private let token: Tensor
    private let stack: EncoderStack
    /// Numbers what the pooled frames say.
    package let quantizer: ScalarQuantizer
    /// The sizes.
    package let configuration: AudioCodesConfiguration

    /// Reads the tokenizer of a checkpoint.
    ///
    /// - Parameters:
    ///   - files: the checkpoint, in either layout.
    ///   - dtype: the type to compute in; the quantizer computes in float32.
    ///   - device: the device to compute on.
    /// - Throws: ``ModelError``, `CheckpointError`, `LayerError` or `TorchError`, each naming the file.
    package init(files: ModelFiles, dtype: DType, device: Device = .cpu) throws {
        self = try AudioCodesWeights.read(
            "tokenizer",
            directory: files.audioTokenizer,
            of: files,
            dtype: dtype,
            device: device
        ) { try AudioTokenizer($0, configuration: $1) }
    }

    /// Takes the weights.
    ///
    /// - Parameters:
    ///   - weights: a cursor at the part's root.
    ///   - configuration: the sizes, which the weights must have.
    /// - Throws: `LayerError` if a weight is missing, misshapen or of integers; `TorchError` if it cannot be held.
    init(_ weights: Weights, configuration: AudioCodesConfiguration) throws {
        self.configuration = configuration
        let width = configuration.widths.hidden
        input = try weights.linear(
            "audio_acoustic_proj",
            inputs: configuration.latentChannels,
            outputs: width,
            bias: true
        )
        let pooler = weights["attention_pooler"]
        embedding = try pooler.linear("embed_tokens", inputs: width, outputs: width, bias: true)
        token = try pooler.tensor("special_token", shape: [1, 1, width])
        stack = try EncoderStack(pooler, sizes: configuration.stack, window: configuration.slidingWindow)
        quantizer = try ScalarQuantizer(weights["quantizer"], levels: configuration.levels, width: width)
    }

    /// Tokenizes.
    ///
    /// - Parameters:
    ///   - latents: `[batch, frames, latentChannels]`.
    ///   - silence: encoded silence, `[1, framesPerCode or more, latentChannels]`, whose head fills up the last group.
    /// - Returns: what the codes stand for, `[batch, ceil(frames / framesPerCode), width]`, and the codes,
    ///   `[batch, ceil(frames / framesPerCode)]`, int64.
    /// - Throws: `TorchError` if the shapes do not fit or an operation fails.
    package func callAsFunction(_ latents: Tensor, silence: Tensor) throws -> (quantized: Tensor, codes: Tensor) {
        let pool = configuration.framesPerCode
        let (batch, frames) = (latents.dimension(0), latents.dimension(1))
        let groups = (frames + pool - 1) / pool
        var filled = latents
        if frames < groups * pool {
            let rest = try silence.slice(1, from: 0, to: groups * pool - frames).to(latents.dtype)
            filled = try Tensor.cat(
                [latents, rest.expand([batch, rest.dimension(1), rest.dimension(2)])],
                dimension: 1
            )
        }
        let frameStates = try embedding(input(filled.reshape([batch * groups, pool, configuration.latentChannels])))
        let width = configuration.widths.hidden
        let sequence = try Tensor.cat([token.expand([batch * groups, 1, width]), frameStates], dimension: 1)
        let pooled = try stack(sequence).select(1, 0).reshape([batch, groups, width])
        return try quantizer(pooled)
    }
}
