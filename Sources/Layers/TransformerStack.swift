// SPDX-License-Identifier: Apache-2.0

public import Torch

/// One pre-norm transformer block: `x += attention(norm(x)); x += mlp(norm(x))`.
public struct TransformerBlock {
    private let inputNorm: RMSNorm
    private let attention: Attention
    private let outputNorm: RMSNorm
    private let mlp: GatedMLP

    /// Takes the block's weights.
    ///
    /// - Parameters:
    ///   - weights: a cursor at the block; reads `input_layernorm`, `self_attn`, `post_attention_layernorm`, `mlp`.
    ///   - shape: the widths of the block's attention.
    ///   - intermediate: channels inside the feed-forward block.
    /// - Throws: ``LayerError`` if a weight is missing, misshapen or of integers; `TorchError` if it cannot be held.
    public init(_ weights: Weights, shape: Attention.Shape, intermediate: Int) throws {
        inputNorm = try RMSNorm(weights["input_layernorm"], dimension: shape.dimension, epsilon: shape.epsilon)
        attention = try Attention(weights["self_attn"], shape: shape)
        outputNorm = try RMSNorm(
            weights["post_attention_layernorm"],
            dimension: shape.dimension,
            epsilon: shape.epsilon
        )
        mlp = try GatedMLP(weights["mlp"], dimension: shape.dimension, intermediate: intermediate)
    }

    /// Applies attention and then the feed-forward block.
    ///
    /// - Parameters:
    ///   - x: `[batch, length, dimension]`.
    ///   - rotary: tables for at least `length` positions.
    ///   - pattern: what a query may see.
    /// - Returns: the same shape.
    /// - Throws: `TorchError` if the shapes do not fit or an operation fails.
    public func callAsFunction(
        _ x: Tensor,
        rotary: RotaryEmbedding,
        pattern: AttentionPattern
    ) throws(TorchError) -> Tensor {
        let attended = try x + attention(inputNorm(x), rotary: rotary, pattern: pattern)
        return try attended + mlp(outputNorm(attended))
    }
}

/// A stack of pre-norm blocks with a final norm, the shape that Qwen3 and ACE-Step's encoders share.
public struct TransformerStack {
    /// The sizes of a stack.
    public struct Configuration: Sendable {
        /// The widths of each block's attention.
        public var attention: Attention.Shape
        /// Channels inside each feed-forward block.
        public var intermediate: Int
        /// How many blocks.
        public var layers: Int
        /// The wavelength base of the rotary embedding.
        public var rotaryBase: Double

        /// Names every size.
        public init(attention: Attention.Shape, intermediate: Int, layers: Int, rotaryBase: Double) {
            self.attention = attention
            self.intermediate = intermediate
            self.layers = layers
            self.rotaryBase = rotaryBase
        }
    }

    private let configuration: Configuration
    private let blocks: [TransformerBlock]
    private let norm: RMSNorm

    /// Takes the weights of every block and of the final norm.
    ///
    /// - Parameters:
    ///   - weights: a cursor at the stack; reads `layers.N` and `norm`.
    ///   - configuration: the sizes, which the weights must have.
    /// - Throws: ``LayerError`` if a weight is missing, misshapen or of integers; `TorchError` if it cannot be held.
    public init(_ weights: Weights, configuration: Configuration) throws {
        self.configuration = configuration
        blocks = try (0..<configuration.layers).map { layer in
            try TransformerBlock(
                weights["layers"][layer],
                shape: configuration.attention,
                intermediate: configuration.intermediate
            )
        }
        norm = try RMSNorm(
            weights["norm"],
            dimension: configuration.attention.dimension,
            epsilon: configuration.attention.epsilon
        )
    }

    /// - Parameters:
    ///   - x: `[batch, length, dimension]`.
    ///   - pattern: what layer N's queries may see.
    /// - Returns: the normalised last hidden state, same shape.
    /// - Throws: `TorchError` if the shapes do not fit or an operation fails.
    public func callAsFunction(_ x: Tensor, pattern: (Int) -> AttentionPattern) throws(TorchError) -> Tensor {
        let rotary = try RotaryEmbedding(
            length: x.dimension(1),
            headDimension: configuration.attention.headDimension,
            base: configuration.rotaryBase,
            dtype: x.dtype,
            device: x.device
        )
        var hidden = x
        for (layer, block) in blocks.enumerated() {
            hidden = try block(hidden, rotary: rotary, pattern: pattern(layer))
        }
        return try norm(hidden)
    }
}
