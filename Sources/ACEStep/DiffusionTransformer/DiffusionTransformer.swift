// SPDX-License-Identifier: Apache-2.0

package import Layers
package import Torch

/// Predicts the velocity of flow matching from noisy latents, context latents, conditions and time.
///
/// What does not change over the steps of a request is computed once, in ``Plan``: the keys and values of
/// cross-attention, rotary tables, the band mask, and the time conditioning of all steps in one product.
package struct DiffusionTransformer {
    private let configuration: ModelConfiguration
    private let patches: PatchEmbedding
    /// Embeds the time of a step.
    package let time: TimeEmbedding
    private let interval: TimeEmbedding
    private let conditionProjection: Linear
    private let blocks: [DiffusionBlock]
    private let outputNorm: RMSNorm
    private let outputTable: Tensor
    private let output: PatchProjection

    /// Takes the transformer's weights.
    ///
    /// - Parameters:
    ///   - weights: a cursor at the transformer's root.
    ///   - configuration: the sizes, which the weights must have.
    /// - Throws: `LayerError` if a weight is missing, misshapen or of integers; `TorchError` if it cannot be held.
    init(_ weights: Weights, configuration: ModelConfiguration) throws {
        self.configuration = configuration
        let widths = configuration.transformer
        let hidden = widths.hidden
        patches = try PatchEmbedding(
            weights,
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
            bias: true,
            reading: .shared
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
            weights,
            hidden: hidden,
            channels: configuration.latentChannels,
            patch: configuration.patchSize
        )
    }

    /// Whether a projection may multiply in int8: those of attention and of the feed-forward blocks, which are all but a
    /// hundredth of a step's work and of the weights.
    ///
    /// The others gain nothing and cost quality: the time embeddings scale every channel of every block and, as the
    /// projection of the conditions, are computed once a request; what is made into tokens and out of them is small.
    package static func isQuantizable(_ path: String) -> Bool { path.hasPrefix("layers.") }

    /// Everything about a request that its steps share.
    package struct Plan {
        let context: Tensor
        let conditions: [KeysAndValues]
        let time: TimeConditioning
        /// For each token of the batch its row of the time conditioning; nil where each item has one row.
        let timeRows: Tensor?
        let surroundings: Surroundings
    }

    /// What self-attention needs to know of the tokens' places.
    package struct Surroundings {
        let rotary: RotaryEmbedding
        let window: SlidingWindow
        /// Which tokens are real; nil if all are.
        let padding: KeyPadding?
    }

    /// How much of a batch is real where its items differ in length.
    package struct Lengths {
        /// Real positions of each item's conditions.
        package let conditions: [Int]
        /// Real frames of each item.
        package let frames: [Int]

        /// Names both.
        package init(conditions: [Int], frames: [Int]) {
            self.conditions = conditions
            self.frames = frames
        }
    }

    /// Prepares the steps of a request.
    ///
    /// - Parameters:
    ///   - conditions: the condition encoder's output, `[batch, length, encoderHidden]`.
    ///   - context: source latents and mask, `[batch, frames, 2 · latentChannels]`.
    ///   - times: every step's time in float32, from 1 towards 0.
    ///   - lengths: of the batch's items; nil if all are whole.
    ///   - voicing: which blend acts on which tokens, as the adapters are attached now; nil where each item has one for all.
    /// - Returns: what every step of the request needs.
    /// - Throws: `TorchError` if the shapes do not fit or an operation fails.
    package func plan(
        conditions: Tensor,
        context: Tensor,
        times: [Float],
        lengths: Lengths? = nil,
        voicing: Voicing? = nil
    ) throws -> Plan {
        let dtype = context.dtype
        let device = context.device
        let embedded = try embed(conditions, lengths: lengths?.conditions, voicing: voicing)
        let isTimeVoiced = voicing != nil && (time.isAdapted || interval.isAdapted)
        let timeRows = isTimeVoiced ? voicing : nil
        return Plan(
            context: context,
            conditions: try blocks.map { try $0.keysAndValues(of: embedded) },
            time: try condition(
                times: Tensor(times, shape: [1, times.count]).to(dtype).to(device),
                rows: timeRows?.itemOfVoice.count ?? context.dimension(0)
            ),
            timeRows: try timeRows?.voiceOfPosition(device: device),
            surroundings: try surroundings(
                frames: context.dimension(1),
                lengths: lengths?.frames,
                dtype: dtype,
                device: device
            )
        )
    }

    /// Prepares self-attention over the tokens of so many frames.
    ///
    /// - Parameters:
    ///   - frames: of the batch.
    ///   - lengths: real frames of each item; nil if all are whole.
    ///   - dtype: the type computed in.
    ///   - device: where.
    /// - Returns: tables and masks.
    /// - Throws: `TorchError` if there is no memory for them.
    package func surroundings(
        frames: Int,
        lengths: [Int]? = nil,
        dtype: DType,
        device: Device
    ) throws -> Surroundings {
        let tokens = tokenCount(frames: frames)
        let padding = try lengths.flatMap {
            try KeyPadding(lengths: $0.map(tokenCount), total: tokens, dtype: dtype, device: device)
        }
        return Surroundings(
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
                device: device,
                padding: padding
            ),
            padding: padding
        )
    }

    /// Embeds conditions for the layers' keys and values.
    private func embed(_ conditions: Tensor, lengths: [Int]?, voicing: Voicing?) throws -> VoicedConditions {
        func padding(_ lengths: [Int]?) throws -> KeyPadding? {
            try lengths.flatMap {
                try KeyPadding(
                    lengths: $0,
                    total: conditions.dimension(1),
                    dtype: conditions.dtype,
                    device: conditions.device
                )
            }
        }
        let voiced = conditionProjection.isAdapted ? voicing : nil
        return VoicedConditions(
            embedded: try conditionProjection(voiced?.voices(of: conditions) ?? conditions),
            isVoiced: voiced != nil,
            voicing: voicing,
            padding: try padding(lengths),
            voicePadding: try padding(
                voicing.flatMap { voicing in lengths.map { own in voicing.itemOfVoice.map { own[$0] } } }
            )
        )
    }

    /// The time conditioning of all steps, `[1, steps]`, in a row for each item or voice though all say the same: adapters of
    /// one of them may act on the time embedding.
    private func condition(times: Tensor, rows: Int) throws -> TimeConditioning {
        try condition(times: times.expand([rows, times.dimension(1)]))
    }

    /// The time conditioning of each time.
    ///
    /// - Parameter times: `[rows, steps]` in the network's type.
    /// - Returns: a vector for each.
    /// - Throws: `TorchError` if an operation fails.
    package func condition(times: Tensor) throws -> TimeConditioning {
        let start = try time(times)
        // r = t: constant, but not zero
        let same = try interval(Tensor.zeros([times.dimension(0), 1], dtype: times.dtype, device: times.device))
        return TimeConditioning(
            embedding: try start.embedding + same.embedding,
            modulation: try start.modulation + same.modulation
        )
    }

    /// Tokens of so many latent frames.
    package func tokenCount(frames: Int) -> Int {
        (frames + configuration.patchSize - 1) / configuration.patchSize
    }

    /// The velocity at one step.
    ///
    /// - Parameters:
    ///   - latents: `[batch, frames, latentChannels]`, the batch of the plan's conditions.
    ///   - step: the position in the plan's times.
    ///   - plan: the request's, made by `plan(conditions:context:times:lengths:)` with as many frames.
    /// - Returns: the shape of `latents`.
    /// - Throws: `TorchError` if the shapes do not fit or an operation fails.
    package func velocity(_ latents: Tensor, step: Int, plan: Plan) throws -> Tensor {
        let modulation = try plan.time.modulation.select(1, step)
        var hidden = try tokens(of: latents, context: plan.context)
        for layer in blocks.indices {
            hidden = try self.layer(
                layer,
                hidden,
                modulation: modulation,
                spread: plan.timeRows,
                surroundings: plan.surroundings,
                conditions: plan.conditions[layer]
            )
        }
        return try velocity(
            of: hidden,
            embedding: plan.time.embedding.select(1, step),
            spread: plan.timeRows,
            frames: latents.dimension(1)
        )
    }
}

extension DiffusionTransformer {
    /// How many layers there are.
    package var layerCount: Int { blocks.count }

    /// Makes tokens of latents beside their context.
    ///
    /// - Parameters:
    ///   - latents: `[batch, frames, latentChannels]`.
    ///   - context: `[batch, frames, 2 · latentChannels]`.
    /// - Returns: `[batch, tokens, hidden]`.
    /// - Throws: `TorchError` if the shapes do not fit or an operation fails.
    package func tokens(of latents: Tensor, context: Tensor) throws -> Tensor {
        try patches(Tensor.cat([context, latents], dimension: -1))
    }

    /// Embeds conditions as ``keysAndValues(layer:of:padding:)`` takes them.
    ///
    /// - Parameter conditions: `[batch, length, encoderHidden]`.
    /// - Returns: `[batch, length, hidden]`.
    /// - Throws: `TorchError` if the shapes do not fit or an operation fails.
    package func embed(_ conditions: Tensor) throws -> Tensor { try conditionProjection(conditions) }

    /// One layer's keys and values of cross-attention.
    ///
    /// - Parameters:
    ///   - layer: the layer's number.
    ///   - embedded: `[batch, length, hidden]`.
    ///   - padding: which conditions are real; nil if all are.
    /// - Returns: keys and values for the same batch.
    /// - Throws: `TorchError` if the shapes do not fit or an operation fails.
    package func keysAndValues(layer: Int, of embedded: Tensor, padding: KeyPadding?) throws -> KeysAndValues {
        try blocks[layer].keysAndValues(
            of: VoicedConditions(
                embedded: embedded,
                isVoiced: false,
                voicing: nil,
                padding: padding,
                voicePadding: nil
            )
        )
    }

    /// Applies one layer.
    ///
    /// - Parameters:
    ///   - layer: the layer's number.
    ///   - hidden: `[batch, tokens, hidden]`.
    ///   - modulation: of one time, `[rows, 6, hidden]`.
    ///   - spread: for each token of the batch its row of the modulation; nil where each item has one row.
    ///   - surroundings: of the tokens.
    ///   - conditions: this layer's keys and values.
    /// - Returns: the shape of `hidden`.
    /// - Throws: `TorchError` if the shapes do not fit or an operation fails.
    package func layer(
        _ layer: Int,
        _ hidden: Tensor,
        modulation: Tensor,
        spread: Tensor? = nil,
        surroundings: Surroundings,
        conditions: KeysAndValues
    ) throws -> Tensor {
        let full: AttentionPattern = surroundings.padding.map { .padded($0) } ?? .full
        return try blocks[layer](
            hidden,
            modulation: modulation,
            spread: spread,
            rotary: surroundings.rotary,
            pattern: configuration.slidingLayers[layer] ? .sliding(surroundings.window) : full,
            conditions: conditions
        )
    }

    /// The velocity that the last layer's tokens stand for.
    ///
    /// - Parameters:
    ///   - hidden: `[batch, tokens, hidden]`.
    ///   - embedding: of one time, `[rows, hidden]`.
    ///   - spread: for each token of the batch its row of the embedding; nil where each item has one row.
    ///   - frames: how many frames to keep.
    /// - Returns: `[batch, frames, latentChannels]`.
    /// - Throws: `TorchError` if the shapes do not fit or an operation fails.
    package func velocity(
        of hidden: Tensor,
        embedding: Tensor,
        spread: Tensor? = nil,
        frames: Int
    ) throws -> Tensor {
        let parts = try (outputTable + embedding.unsqueeze(1)).chunk(2, dimension: 1)
            .map { try $0.spread(by: spread, like: hidden) }
        return try output(outputNorm(hidden).modulate(scale: parts[1], shift: parts[0]), frames: frames)
    }
}
