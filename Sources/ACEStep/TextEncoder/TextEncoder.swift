// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Layers
import Torch

/// Qwen3-Embedding: a causal transformer whose last hidden state conditions on the caption, and whose embedding table alone
/// represents the lyrics.
struct TextEncoder {
    /// The fields of the text encoder's `config.json` that decide its shape.
    struct Configuration: Decodable {
        var vocab_size: Int
        var hidden_size: Int
        var intermediate_size: Int
        var num_hidden_layers: Int
        var num_attention_heads: Int
        var num_key_value_heads: Int?
        var head_dim: Int?
        var rope_theta: Double?
        /// Where transformers 5 writes the base.
        var rope_parameters: RotaryParameters?
        var rms_norm_eps: Double?

        struct RotaryParameters: Decodable { var rope_theta: Double? }
    }

    /// Kept in its stored type: a prompt reads a few of its rows.
    private let table: Tensor
    private let dtype: DType
    private let stack: TransformerStack
    /// How many tokens the table has.
    let vocabularySize: Int
    /// Channels of the states.
    let dimension: Int

    /// - Parameter directory: holds `config.json`.
    init(_ weights: Weights, directory: String) throws {
        let file = directory + "/config.json"
        let raw = try ConfigurationFile.decode(Configuration.self, from: file)
        let heads = raw.num_attention_heads
        let keyValueHeads = raw.num_key_value_heads ?? heads
        guard heads > 0, keyValueHeads > 0, heads % keyValueHeads == 0, raw.hidden_size > 0, raw.vocab_size > 0,
            raw.intermediate_size > 0, (0...1024).contains(raw.num_hidden_layers)
        else { throw ModelError.configuration(file: file, reason: "its sizes are not those of a Qwen3 model") }
        vocabularySize = raw.vocab_size
        dimension = raw.hidden_size
        table = try weights.stored("embed_tokens.weight", shape: [raw.vocab_size, raw.hidden_size])
        dtype = weights.source.dtype
        stack = try TransformerStack(
            weights,
            configuration: .init(
                attention: .init(
                    dimension: raw.hidden_size, heads: heads, keyValueHeads: keyValueHeads,
                    headDimension: raw.head_dim ?? raw.hidden_size / heads, epsilon: raw.rms_norm_eps ?? 1e-6),
                intermediate: raw.intermediate_size, layers: raw.num_hidden_layers,
                rotaryBase: raw.rope_theta ?? raw.rope_parameters?.rope_theta ?? 1_000_000))
    }

    /// The rows of the embedding table.
    ///
    /// - Parameter ids: `[batch, length]`, int64.
    /// - Returns: `[batch, length, dimension]`.
    func embed(_ ids: Tensor) throws -> Tensor { try table.embedding(ids).to(dtype) }

    /// The normalised last hidden states.
    ///
    /// - Parameter ids: `[batch, length]`, int64.
    /// - Returns: `[batch, length, dimension]`.
    func callAsFunction(_ ids: Tensor) throws -> Tensor { try stack(embed(ids)) { _ in .causal } }
}
