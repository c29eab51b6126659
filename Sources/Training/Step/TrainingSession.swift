// SPDX-License-Identifier: Apache-2.0

package import ACEStep
package import Torch

/// A model, an adapter that is trained on it, and everything that a step changes.
///
/// It knows no files and no epochs.
///
/// Not Sendable: it belongs to one thread.
package final class TrainingSession {
    /// What a step is made of.
    package struct Options: Sendable {
        /// What is learnt.
        package var objective: Objective
        /// Layers that are computed again in the backward pass.
        package var recomputed: Set<Int> = []
        /// The norm that gradients are clipped to.
        package var maximumGradientNorm = 1.0
        /// Decoupled weight decay.
        package var weightDecay = 0.01
        /// Decay of the parameters' moving average; 0 has none.
        package var averageDecay = 0.0
        /// The most memory for products that stay the same in every epoch.
        package var cacheByteBudget = 0

        /// The defaults.
        package init(objective: Objective) {
            self.objective = objective
        }
    }

    /// What a micro-step found.
    package struct MicroStep: Sendable {
        /// The velocity's loss; nothing was added to the gradients if a loss is not finite.
        package let loss: Double
        /// The loss of what is learnt beside it; nil if nothing is.
        package var auxiliaryLoss: Double?
        /// Each item's mean square.
        package let itemLosses: [Double]
        /// Each item's time.
        package let times: [Double]

        /// Whether all losses are numbers.
        package var isFinite: Bool { loss.isFinite && auxiliaryLoss?.isFinite ?? true }
    }

    /// The base.
    package let model: VelocityModel
    /// What is trained.
    package let subject: any TrainingSubject
    /// The optimizer.
    package let optimizer: AdamW
    /// The parameters' moving average; nil if there is none.
    package let average: MovingAverage?
    /// Where noise, times and dropped conditions come from.
    package let generator: Generator
    /// Where dropped inputs of adapters come from, a stream of its own.
    package let dropoutGenerator: Generator
    /// What is learnt.
    package var objective: Objective { options.objective }
    /// Everything that is trained.
    package var parameters: ParameterSet { subject.parameters }
    private let options: Options
    private let pass: VelocityPass
    private let dropout: Dropout?

    /// Draws an adapter and prepares to train it.
    ///
    /// - Parameters:
    ///   - model: the base.
    ///   - design: the adapter.
    ///   - seed: where all random numbers come from.
    ///   - options: what a step is made of.
    /// - Throws: ``TrainingError`` if the adapter does not fit the model; `TorchError`.
    package convenience init(model: VelocityModel, design: AdapterDesign, seed: Int, options: Options) throws {
        let generator = try Generator(seed: UInt64(bitPattern: Int64(seed)), device: .cpu)
        var probability = 0.0
        if case .lowRank(let design) = design.family { probability = design.dropout }
        try self.init(
            model: model,
            subject: TrainedAdapter(design, on: model, generator: generator),
            generator: generator,
            dropout: probability,
            options: options
        )
    }

    /// Prepares to train anything.
    ///
    /// - Parameters:
    ///   - model: the transformer, with what is trained in it.
    ///   - subject: what is trained.
    ///   - generator: where noise, times and dropped conditions come from.
    ///   - dropout: the share of adapters' inputs that is dropped.
    ///   - options: what a step is made of.
    /// - Throws: `TorchError`.
    package init(
        model: VelocityModel,
        subject: any TrainingSubject,
        generator: Generator,
        dropout: Double = 0,
        options: Options
    ) throws {
        self.model = model
        self.options = options
        self.subject = subject
        self.generator = generator
        // Another stream, so that dropout does not move the noise.
        dropoutGenerator = try Generator(seed: generator.seed ^ 0x9E37_79B9_7F4A_7C15, device: .cpu)
        optimizer = try AdamW(subject.parameters, weightDecay: options.weightDecay)
        average = options.averageDecay > 0 ? try MovingAverage(subject.parameters, decay: options.averageDecay) : nil
        pass = VelocityPass(
            model: model,
            subject: subject,
            recomputed: options.recomputed,
            store: FrozenProductStore(byteBudget: options.cacheByteBudget)
        )
        self.dropout = dropout > 0 ? Dropout(probability: dropout, generator: dropoutGenerator) : nil
    }

    /// Draws what is random in a micro-step of a batch.
    ///
    /// - Parameters:
    ///   - batch: the samples.
    ///   - other: where to draw from; nil takes the session's own stream.
    /// - Returns: the draw.
    /// - Throws: `TorchError` if there is no memory for it.
    package func draw(for batch: TrainingBatch, from other: Generator? = nil) throws -> Objective.Draw {
        try options.objective.draw(
            shape: batch.latents.shape,
            canDrop: model.unconditional != nil,
            generator: other ?? generator,
            dtype: model.dtype
        )
    }

    /// Adds a batch's gradients to those of the step.
    ///
    /// - Parameters:
    ///   - batch: the samples.
    ///   - draw: what is random about it; nil draws it.
    ///   - share: what its loss counts, one over the micro-steps of a step.
    /// - Returns: the loss.
    /// - Throws: `TorchError` if an operation fails.
    package func accumulate(
        _ batch: TrainingBatch,
        draw: Objective.Draw? = nil,
        share: Double
    ) throws -> MicroStep {
        let draw = try draw ?? self.draw(for: batch)
        try subject.prepare()
        subject.context.dropout = dropout
        defer { subject.context.dropout = nil }
        return try withGradients {
            let recomputed = RecomputedPass(dropout: dropout)
            let (loss, items) = try loss(batch, draw: draw, pass: recomputed)
            let auxiliary = try subject.auxiliaryLoss(of: batch)
            let outcome = try MicroStep(
                loss: loss.item(),
                auxiliaryLoss: auxiliary?.item(),
                itemLosses: items.doubles(),
                times: draw.times.doubles()
            )
            guard outcome.isFinite else { return outcome }
            try recomputed.backward(loss, scale: share)
            if let auxiliary {
                try auxiliary.backward(gradient: Tensor.full(auxiliary.shape, share, device: auxiliary.device))
            }
            try parameters.collectGradients()
            return outcome
        }
    }

    /// The loss of a batch, without gradients and without dropout.
    ///
    /// - Parameters:
    ///   - batch: the samples.
    ///   - draw: what is random about it; nil draws it.
    /// - Returns: the loss.
    /// - Throws: `TorchError` if an operation fails.
    package func evaluate(_ batch: TrainingBatch, draw: Objective.Draw? = nil) throws -> MicroStep {
        let draw = try draw ?? self.draw(for: batch)
        try subject.prepare()
        return try withoutGradients {
            let (loss, items) = try loss(batch, draw: draw, pass: nil)
            return try MicroStep(loss: loss.item(), itemLosses: items.doubles(), times: draw.times.doubles())
        }
    }

    private func loss(
        _ batch: TrainingBatch,
        draw: Objective.Draw,
        pass recomputed: RecomputedPass?
    ) throws -> (loss: Tensor, items: Tensor) {
        let (clean, noise) = (batch.latents, draw.noise)
        let times = try draw.times.reshape([-1, 1, 1])
        let noisy = try times * noise + (1 - times) * clean
        let velocity = try pass.velocity(noisy, batch: batch, draw: draw, pass: recomputed)
        return try options.objective.loss(velocity, target: noise - clean, times: draw.times)
    }

    /// Drops the gradients of an unfinished step.
    ///
    /// - Throws: `TorchError` if libtorch refuses.
    package func discardGradients() throws {
        try parameters.clearGradients()
    }

    /// Clips the gradients, takes a step of the optimizer, and moves the average.
    ///
    /// - Parameters:
    ///   - learningRate: of this step.
    ///   - inspect: shown the clipped gradients, in the parameters' order.
    /// - Returns: the norm of all gradients before clipping.
    /// - Throws: ``TrainingError/notFinite(what:advice:)`` if the norm is not finite; `TorchError`.
    package func step(learningRate: Double, inspect: (TensorList) throws -> Void = { _ in }) throws -> Double {
        let norm = try clip()
        try inspect(parameters.gradients())
        try optimizer.step(parameters, learningRate: learningRate)
        try average?.update(from: parameters)
        try parameters.clearGradients()
        return norm
    }

    private func clip() throws -> Double {
        try withoutGradients {
            let gradients = try parameters.gradients()
            let norm = try gradients.norm()
            guard norm.isFinite else {
                throw TrainingError.notFinite(
                    what: "the gradients are",
                    advice: "lower the learning rate, or compute in float32"
                )
            }
            let factor = options.maximumGradientNorm / (norm + 1e-6)
            if factor < 1 { try gradients.multiply(by: factor) }
            return norm
        }
    }
}
