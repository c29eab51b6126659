// SPDX-License-Identifier: Apache-2.0

import Layers
package import Torch

/// Makes latents, 25 frames a second, of what codes stand for.
package struct AudioDetokenizer {
    private let embedding: Linear
    private let tokens: Tensor
    private let stack: EncoderStack
    private let output: Linear
    private let configuration: AudioCodesConfiguration

    /// Reads the detokenizer of a checkpoint.
    ///
    /// - Parameters:
    ///   - files: the checkpoint, in either layout.
    ///   - dtype: the type to compute in.
    ///   - device: the device to compute on.
    /// - Throws: ``ModelError``, `CheckpointError`, `LayerError` or `TorchError`, each naming the file.
    package init(files: ModelFiles, dtype: DType, device: Device = .cpu) throws {
        self = try AudioCodesWeights.read(
            "detokenizer",
            directory: files.audioDetokenizer,
            of: files,
            dtype: dtype,
            device: device
        ) { try AudioDetokenizer($0, configuration: $1) }
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
        embedding = try weights.linear("embed_tokens", inputs: width, outputs: width, bias: true)
        tokens = try weights.tensor("special_tokens", shape: [1, configuration.framesPerCode, width])
        stack = try EncoderStack(weights, sizes: configuration.stack, window: configuration.slidingWindow)
        output = try weights.linear("proj_out", inputs: width, outputs: configuration.latentChannels, bias: true)
    }

    /// - Parameter quantized: what the codes stand for, `[batch, codes, width]`.
    /// - Returns: latents, `[batch, framesPerCode · codes, latentChannels]`.
    /// - Throws: `TorchError` if the shapes do not fit or an operation fails.
    package func callAsFunction(_ quantized: Tensor) throws -> Tensor {
        let (batch, codes) = (quantized.dimension(0), quantized.dimension(1))
        let width = configuration.widths.hidden
        // Every frame of a group starts from the same state and knows its place by its own token.
        let groups = try embedding(quantized).reshape([batch * codes, 1, width]) + tokens
        return try output(stack(groups))
            .reshape([batch, codes * configuration.framesPerCode, configuration.latentChannels])
    }
}
