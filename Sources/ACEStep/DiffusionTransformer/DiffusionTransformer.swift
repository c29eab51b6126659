// SPDX-License-Identifier: Apache-2.0

import Layers
import Torch

/// Predicts the velocity of flow matching from noisy latents, context latents, conditions and time.
///
/// What does not change over the steps of a request is computed once, in ``Plan``: the keys and values of
/// cross-attention, rotary tables, the band mask, and the time conditioning of all steps in one product.
struct DiffusionTransformer {
    private let configuration: ModelConfiguration
    private let patches: PatchEmbedding
    private let time: TimeEmbedding
    private let interval: TimeEmbedding
    private let conditionProjection: Linear
    private let blocks: [DiffusionBlock]
    private let outputNorm: RMSNorm
    private let outputTable: Tensor
    private let output: PatchProjection

    /// - Parameter weights: a cursor at the transformer's root.
    init(_ weights: Weights, configuration: ModelConfiguration) throws {
        self.configuration = configuration
        let widths = configuration.transformer
        let hidden = widths.hidden
        patches = try PatchEmbedding(
            weights["proj_in.1"],
            channels: configuration.inputChannels,
            hidden: hidden,
            patch: configuration.patchSize
        )
        time = try TimeEmbedding(weights["time_embed"], hidden: hidden)
        interval = try TimeEmbedding(weights["time_embed_r"], hidden: hidden)
        conditionProjection = try weights.linear(
            "condition_embedder",
            inputs: configuration.encoder.hidden,
            outputs: hidden,
            bias: true
        )
        let shape = Attention.Shape(
            dimension: hidden,
            heads: widths.heads,
            keyValueHeads: widths.keyValueHeads,
            headDimension: configuration.headDimension,
            epsilon: configuration.epsilon
        )
        blocks = try (0..<configuration.layers).map { layer in
            try DiffusionBlock(weights["layers"][layer], shape: shape, intermediate: widths.intermediate)
        }
        outputNorm = try RMSNorm(weights["norm_out"], dimension: hidden, epsilon: configuration.epsilon)
        outputTable = try weights.tensor("scale_shift_table", shape: [1, 2, hidden])
        output = try PatchProjection(
            weights["proj_out.1"],
            hidden: hidden,
            channels: configuration.latentChannels,
            patch: configuration.patchSize
        )
    }

    /// Whether a projection may multiply in int8: those of attention and of the feed-forward blocks, and that of the
    /// conditions, which are all but a thousandth of a step's work.
    ///
    /// The time embeddings scale every channel of every block and stay as they are.
    static func isQuantizable(_ path: String) -> Bool { path.hasPrefix("layers.") || path == "condition_embedder" }

    /// Everything about a request that its steps share.
    struct Plan {
        let context: Tensor
        let conditions: [KeysAndValues]
        let time: TimeConditioning
        let rotary: RotaryEmbedding
        let window: SlidingWindow
    }

    /// Prepares the steps of a request.
    ///
    /// - Parameters:
    ///   - conditions: the condition encoder's output, `[batch, length, encoderHidden]`.
    ///   - context: source latents and mask, `[batch, frames, 2 · latentChannels]`.
    ///   - times: every step's time in float32, from 1 towards 0.
    func plan(conditions: Tensor, context: Tensor, times: [Float]) throws -> Plan {
        let dtype = context.dtype
        let device = context.device
        let embedded = try conditionProjection(conditions)
        let steps = try Tensor(times, shape: [times.count]).to(dtype).to(device)
        let start = try time(steps)
        let same = try interval(Tensor.zeros([1], dtype: dtype, device: device))  // r = t: not zero, but constant
        let tokens = (context.dimension(1) + configuration.patchSize - 1) / configuration.patchSize
        return Plan(
            context: context,
            conditions: try blocks.map { try $0.keysAndValues(of: embedded) },
            time: TimeConditioning(
                embedding: try start.embedding + same.embedding,
                modulation: try start.modulation + same.modulation
            ),
            rotary: try RotaryEmbedding(
                length: tokens,
                headDimension: configuration.headDimension,
                base: configuration.rotaryBase,
                dtype: dtype,
                device: device
            ),
            window: try SlidingWindow(
                length: tokens,
                window: configuration.slidingWindow,
                dtype: dtype,
                device: device
            )
        )
    }

    /// The velocity at one step.
    ///
    /// - Parameters:
    ///   - latents: `[batch, frames, latentChannels]`, the batch of the plan's conditions.
    ///   - step: the position in the plan's times.
    /// - Returns: the shape of `latents`.
    func velocity(_ latents: Tensor, step: Int, plan: Plan) throws -> Tensor {
        let modulation = try plan.time.modulation.slice(0, from: step, to: step + 1)
        let embedding = try plan.time.embedding.slice(0, from: step, to: step + 1)
        var hidden = try patches(Tensor.cat([plan.context, latents], dimension: -1))
        for (layer, block) in blocks.enumerated() {
            hidden = try block(
                hidden,
                modulation: modulation,
                rotary: plan.rotary,
                pattern: configuration.slidingLayers[layer] ? .sliding(plan.window) : .full,
                conditions: plan.conditions[layer]
            )
        }
        let parts = try (outputTable + embedding.unsqueeze(1)).chunk(2, dimension: 1)
        return try output(
            outputNorm(hidden).modulate(scale: parts[1], shift: parts[0]),
            frames: latents.dimension(1)
        )
    }
}
