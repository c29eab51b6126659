// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Layers
import Torch

/// The model's prediction for a batch, by the decoder's own layers.
final class VelocityPass {
    private let model: VelocityModel
    private let subject: any TrainingSubject
    private let recomputed: Set<Int>
    private let store: FrozenProductStore
    private var surroundings: (frames: Int, value: DiffusionTransformer.Surroundings)?

    /// - Parameters:
    ///   - model: the base.
    ///   - subject: what is trained in it.
    ///   - recomputed: layers that are computed again in the backward pass.
    ///   - store: keeps what does not change over epochs.
    init(model: VelocityModel, subject: any TrainingSubject, recomputed: Set<Int>, store: FrozenProductStore) {
        self.model = model
        self.subject = subject
        self.recomputed = recomputed
        self.store = store
    }

    /// Predicts velocities.
    ///
    /// - Parameters:
    ///   - latents: noisy latents, `[items, frames, channels]`.
    ///   - batch: what the items are.
    ///   - draw: their times, and which go without their condition.
    ///   - pass: keeps the inputs of layers that are forgotten; nil where no gradients are wanted.
    /// - Returns: the shape of `latents`.
    /// - Throws: `TorchError` if the shapes do not fit or an operation fails.
    func velocity(
        _ latents: Tensor,
        batch: TrainingBatch,
        draw: Objective.Draw,
        pass: RecomputedPass?
    ) throws -> Tensor {
        let transformer = model.transformer
        let frames = latents.dimension(1)
        let surroundings = try self.surroundings(frames: frames)
        let conditions = try conditions(of: batch, draw: draw)
        defer { subject.context.frozen = nil }
        let embedded = try pass?.share(conditions.embedded) ?? conditions.embedded
        let time = try transformer.condition(times: draw.times.unsqueeze(1))
        let modulation = try time.modulation.select(1, 0)
        let shared = try pass?.share(modulation) ?? modulation
        let embedding = try time.embedding.select(1, 0)
        let sharedEmbedding = try pass?.share(embedding) ?? embedding
        var hidden = try transformer.tokens(of: latents, context: batch.context)
        for layer in 0..<transformer.layerCount {
            let compute = { (hidden: Tensor) throws -> Tensor in
                try transformer.layer(
                    layer,
                    hidden,
                    modulation: shared,
                    surroundings: surroundings,
                    conditions: transformer.keysAndValues(layer: layer, of: embedded, padding: conditions.padding)
                )
            }
            // What no gradient goes through is not recorded anyhow.
            let hasGradients = hidden.requiresGradient || shared.requiresGradient || subject.adapts(layer: layer)
            if let pass, recomputed.contains(layer), hasGradients {
                hidden = try pass.forgetting(hidden, compute)
            } else {
                hidden = try compute(hidden)
            }
        }
        return try transformer.velocity(of: hidden, embedding: sharedEmbedding, frames: frames)
    }

    private func surroundings(frames: Int) throws -> DiffusionTransformer.Surroundings {
        if let surroundings, surroundings.frames == frames { return surroundings.value }
        let value = try model.transformer.surroundings(frames: frames, dtype: model.dtype, device: model.device)
        surroundings = (frames, value)
        return value
    }

    private struct Conditions {
        let embedded: Tensor
        let padding: KeyPadding?
    }

    /// The batch's conditions, embedded.
    ///
    /// Attention over equal keys gives their common value, so that one position stands for no
    /// condition.
    private func conditions(of batch: TrainingBatch, draw: Objective.Draw) throws -> Conditions {
        let rows = try zip(subject.conditions(of: batch, draw: draw), draw.dropsCondition).map { row, drops in
            drops ? try model.unconditional?.select(0, 0) ?? row : row
        }
        let items = zip(zip(batch.samples, draw.dropsCondition), rows).map { item, row in
            FrozenProducts.Item(sample: item.1 ? nil : item.0.index, length: row.dimension(0))
        }
        let isFrozen = subject.leavesConditionsFrozen
        subject.context.frozen = isFrozen ? FrozenProducts(store: store, items: items) : nil
        let embedded =
            try isFrozen ? frozenEmbedding(rows, items) : model.transformer.embed(TrainingBatch.stacked(rows))
        let padding = try KeyPadding(
            lengths: items.map(\.length),
            total: embedded.dimension(1),
            dtype: model.dtype,
            device: model.device
        )
        return Conditions(embedded: embedded, padding: padding)
    }

    private func frozenEmbedding(_ rows: [Tensor], _ items: [FrozenProducts.Item]) throws -> Tensor {
        let parts = try zip(rows, items).map { row, item in
            let key = FrozenProductStore.Key(sample: item.sample, path: "condition_embedder")
            return try store.product(key) { () throws(TorchError) in
                try self.embedded(row)
            }
        }
        return try TrainingBatch.stacked(parts)
    }

    private func embedded(_ row: Tensor) throws(TorchError) -> Tensor {
        do {
            return try model.transformer.embed(row.unsqueeze(0)).select(0, 0)
        } catch let error as TorchError {
            throw error
        } catch {
            preconditionFailure("embedding conditions throws nothing else: \(error)")
        }
    }
}
