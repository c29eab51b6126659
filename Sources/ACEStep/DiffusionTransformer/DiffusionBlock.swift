// SPDX-License-Identifier: Apache-2.0

import Layers
import Torch

/// One layer of the diffusion transformer: modulated self-attention, plain cross-attention, modulated feed-forward.
struct DiffusionBlock {
    private let selfNorm: RMSNorm
    private let selfAttention: Attention
    private let crossNorm: RMSNorm
    private let crossAttention: Attention
    private let mlpNorm: RMSNorm
    private let mlp: GatedMLP
    private let table: Tensor

    init(_ weights: Weights, shape: Attention.Shape, intermediate: Int) throws {
        selfNorm = try RMSNorm(weights["self_attn_norm"], dimension: shape.dimension, epsilon: shape.epsilon)
        selfAttention = try Attention(weights["self_attn"], shape: shape)
        crossNorm = try RMSNorm(weights["cross_attn_norm"], dimension: shape.dimension, epsilon: shape.epsilon)
        crossAttention = try Attention(weights["cross_attn"], shape: shape, context: .shared)
        mlpNorm = try RMSNorm(weights["mlp_norm"], dimension: shape.dimension, epsilon: shape.epsilon)
        mlp = try GatedMLP(weights["mlp"], dimension: shape.dimension, intermediate: intermediate)
        table = try weights.tensor("scale_shift_table", shape: [1, 6, shape.dimension])
    }

    /// Cross-attention's keys and values, the same for every step of a request.
    ///
    /// - Parameter conditions: embedded conditions.
    /// - Returns: keys and values of as many rows as this layer needs: one for each item where all positions see the same.
    /// - Throws: `TorchError` if the shapes do not fit or an operation fails.
    func keysAndValues(of conditions: VoicedConditions) throws -> KeysAndValues {
        let isVoiced = conditions.isVoiced || conditions.voicing != nil && crossAttention.isContextAdapted
        var pair = try crossAttention.keysAndValues(of: isVoiced ? conditions.voices() : conditions.embedded)
        pair.voicing = isVoiced ? conditions.voicing : nil
        pair.padding = isVoiced ? conditions.voicePadding : conditions.padding
        return pair
    }

    /// Applies the layer at one step.
    ///
    /// - Parameters:
    ///   - x: `[batch, tokens, hidden]`.
    ///   - modulation: of this step, `[rows, 6, hidden]`.
    ///   - spread: for each position the row of the modulation that it takes, `[batch · tokens]`. Nil where each item has one.
    ///   - rotary: tables for at least `tokens` positions.
    ///   - pattern: what a query of self-attention may see.
    ///   - conditions: keys and values for the same batch.
    /// - Returns: the shape of `x`.
    /// - Throws: `TorchError` if the shapes do not fit or an operation fails.
    func callAsFunction(
        _ x: Tensor,
        modulation: Tensor,
        spread: Tensor? = nil,
        rotary: RotaryEmbedding,
        pattern: AttentionPattern,
        conditions: KeysAndValues
    ) throws -> Tensor {
        let parts = try (table + modulation).chunk(6, dimension: 1).map { try $0.spread(by: spread, like: x) }
        let (shift, scale, gate) = (parts[0], parts[1], parts[2])
        let (mlpShift, mlpScale, mlpGate) = (parts[3], parts[4], parts[5])
        let attended = try selfAttention(
            selfNorm(x).modulate(scale: scale, shift: shift),
            rotary: rotary,
            pattern: pattern
        )
        var hidden = try x.addcmul(gate, attended)
        hidden = try hidden + crossAttention(crossNorm(hidden), attendingTo: conditions)
        let transformed = try mlp(mlpNorm(hidden).modulate(scale: mlpScale, shift: mlpShift))
        return try hidden.addcmul(mlpGate, transformed)
    }
}

extension Tensor {
    /// Rows `[rows, 1, channels]` as the positions of a sequence take them.
    ///
    /// - Parameters:
    ///   - places: for each position of the batch its row; nil leaves the rows, one for each item.
    ///   - x: `[items, positions, channels]`.
    /// - Returns: the shape of `x`, or the rows.
    /// - Throws: `TorchError` if there are more or fewer places than positions.
    func spread(by places: Tensor?, like x: Tensor) throws(TorchError) -> Tensor {
        guard let places else { return self }
        return try select(1, 0).indexSelect(0, places).view([x.dimension(0), x.dimension(1), -1])
    }
}
