// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Layers
package import Torch

/// Qwen3-Embedding: a causal transformer whose last hidden state conditions on the caption, and whose embedding table alone
/// represents the lyrics.
package struct TextEncoder {
    /// The fields of the text encoder's `config.json` that decide its shape.
    struct Configuration: Decodable {
        var vocabSize: Int
        var hiddenSize: Int
        var intermediateSize: Int
        var numHiddenLayers: Int
        var numAttentionHeads: Int
        var numKeyValueHeads: Int?
        var headDim: Int?
        var ropeTheta: Double?
        /// Where transformers 5 writes the base.
        var ropeParameters: RotaryParameters?
        var rmsNormEps: Double?

        struct RotaryParameters: Decodable { var ropeTheta: Double? }
    }

    /// Kept in its stored type: a prompt reads a few of its rows.
    private let table: Tensor
    private let dtype: DType
    private let stack: TransformerStack
    /// How many tokens the table has.
    let vocabularySize: Int
    /// Channels of the states.
    let dimension: Int

    /// Reads the configuration and takes the weights it describes.
    ///
    /// - Parameters:
    ///   - weights: a cursor at the encoder's root; reads `embed_tokens`, `layers.N` and `norm`.
    ///   - directory: holds `config.json`.
    /// - Throws: ``ModelError/configuration(file:reason:)`` if that is not a Qwen3 model's; `LayerError` if a weight is
    ///   missing, misshapen or of integers; `TorchError` if it cannot be held.
    init(_ weights: Weights, directory: String) throws {
        let file = directory + "/config.json"
        let raw = try ConfigurationFile.decode(Configuration.self, from: file)
        let heads = raw.numAttentionHeads
        let keyValueHeads = raw.numKeyValueHeads ?? heads
        guard heads > 0, keyValueHeads > 0, heads % keyValueHeads == 0, raw.hiddenSize > 0, raw.vocabSize > 0,
            raw.intermediateSize > 0, (0...1024).contains(raw.numHiddenLayers)
        else { throw ModelError.configuration(file: file, reason: "its sizes are not those of a Qwen3 model") }
        vocabularySize = raw.vocabSize
        dimension = raw.hiddenSize
        table = try weights.stored("embed_tokens.weight", shape: [raw.vocabSize, raw.hiddenSize])
        dtype = weights.source.dtype
        stack = try TransformerStack(
            weights,
            configuration: .init(
                attention: .init(
                    dimension: raw.hiddenSize,
                    heads: heads,
                    keyValueHeads: keyValueHeads,
                    headDimension: raw.headDim ?? raw.hiddenSize / heads,
                    epsilon: raw.rmsNormEps ?? 1e-6
                ),
                intermediate: raw.intermediateSize,
                layers: raw.numHiddenLayers,
                rotaryBase: raw.ropeTheta ?? raw.ropeParameters?.ropeTheta ?? 1_000_000
            )
        )
    }

    /// The rows of the embedding table.
    ///
    /// - Parameter ids: `[batch, length]`, int64.
    /// - Returns: `[batch, length, dimension]`.
    /// - Throws: `TorchError` if an id is not in the table or an operation fails.
    package func embed(_ ids: Tensor) throws -> Tensor { try table.embedding(ids).to(dtype) }

    /// The normalised last hidden states.
    ///
    /// - Parameter ids: `[batch, length]`, int64.
    /// - Returns: `[batch, length, dimension]`.
    /// - Throws: `TorchError` if an id is not in the table or an operation fails.
    package func callAsFunction(_ ids: Tensor) throws -> Tensor { try stack(embed(ids)) { _ in .causal } }
}
