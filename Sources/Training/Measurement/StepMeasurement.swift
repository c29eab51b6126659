// SPDX-License-Identifier: Apache-2.0

package import ACEStep
import Torch

/// How long a step of training takes on made-up music, and what it computes there, to be held beside other programs' figures.
package struct StepMeasurement {
    /// What is measured.
    package struct Options: Sendable {
        /// The adapter.
        package var design = AdapterDesign(.lowRank(.init()))
        /// Latent frames of a piece.
        package var frames = 250
        /// Positions of its conditions.
        package var conditions = 769
        /// Pieces of a batch.
        package var items = 1
        /// Micro-steps of a step.
        package var accumulation = 1
        /// Share of the layers that are computed again in the backward pass.
        package var recomputedShare = 1.0
        /// Steps that are timed, after one that is not.
        package var repeats = 5
        /// Where all numbers come from.
        package var seed = 0
        /// The most memory for products that stay the same.
        package var cacheByteBudget = 1 << 30

        /// The defaults.
        package init() {}
    }

    /// What was found.
    package struct Figures: Sendable {
        /// Seconds of each step, of the optimizer's included.
        package let stepSeconds: [Double]
        /// Seconds of the first step, which keeps products and warms up libtorch.
        package let firstStepSeconds: Double
        /// The first micro-step's loss.
        package let loss: Double
        /// The norm of the first step's gradients.
        package let gradientNorm: Double
        /// Trained numbers.
        package let parameterCount: Int
    }

    private let options: Options
    private let session: TrainingSession

    /// Makes an adapter on a model, with no zeros in it: they would hide mistakes.
    ///
    /// - Parameters:
    ///   - model: the base.
    ///   - options: what is measured.
    /// - Throws: ``TrainingError`` if the adapter does not fit; `TorchError`.
    package init(model: VelocityModel, options: Options) throws {
        self.options = options
        var step = TrainingSession.Options(
            objective: Objective(
                times: .continuous(mean: model.configuration.timeMean, deviation: model.configuration.timeDeviation)
            )
        )
        step.recomputed = Recomputation.layers(share: options.recomputedShare, of: model.transformer.layerCount)
        step.cacheByteBudget = options.cacheByteBudget
        session = try TrainingSession(model: model, design: options.design, seed: options.seed, options: step)
        let generator = try Self.generator(options.seed + 2)
        try session.parameters.update { values throws(TorchError) in
            for value in values.tensors {
                try value.add(inPlace: Tensor.randn(value.shape, generator: generator), alpha: 0.05)
            }
        }
    }

    private static func generator(_ seed: Int) throws(TorchError) -> Generator {
        try Generator(seed: UInt64(bitPattern: Int64(seed)))
    }

    /// The music: latents, context and conditions of the standard normal distribution.
    private func batch() throws -> TrainingBatch {
        let generator = try Self.generator(options.seed)
        let (items, frames, channels) = (options.items, options.frames, session.model.configuration.latentChannels)
        let dtype = session.model.dtype
        let latents = try Tensor.randn([items, frames, channels], generator: generator).to(dtype)
        let context = try Tensor.randn([items, frames, 2 * channels], generator: generator).to(dtype)
        let width = session.model.configuration.encoder.hidden
        let states = try Tensor.randn([items, options.conditions, width], generator: generator).to(dtype)
        return try TrainingBatch(
            (0..<items).map { item in
                SampleTensors(
                    index: item,
                    latents: try latents.select(0, item),
                    context: try context.select(0, item),
                    conditions: try states.select(0, item)
                )
            }
        )
    }

    /// Takes steps.
    ///
    /// - Parameter path: where to save what the first step computed, as `value.NAME`, `gradient.NAME` and `loss`; nil saves
    ///   nothing.
    /// - Returns: the figures.
    /// - Throws: `TorchError` if an operation fails, `CheckpointError` if the file cannot be written.
    package func run(savingTensorsTo path: String? = nil) throws -> Figures {
        let batch = try batch()
        let draws = try Self.generator(options.seed + 1)
        let clock = ContinuousClock()
        var seconds: [Double] = []
        var first: (loss: Double, norm: Double)?
        for _ in 0...options.repeats {
            let start = clock.now
            var losses: [Double] = []
            for _ in 0..<options.accumulation {
                let draw = try session.draw(for: batch, from: draws)
                losses.append(
                    try session.accumulate(batch, draw: draw, share: 1 / Double(options.accumulation)).loss
                )
            }
            if first == nil, let path { try save(losses, to: path) }
            let norm = try session.step(learningRate: 1e-5)
            seconds.append(start.duration(to: clock.now).seconds)
            first = first ?? (losses[0], norm)
        }
        return Figures(
            stepSeconds: Array(seconds.dropFirst()),
            firstStepSeconds: seconds[0],
            loss: first?.loss ?? 0,
            gradientNorm: first?.norm ?? 0,
            parameterCount: session.parameters.elementCount
        )
    }

    private func save(_ losses: [Double], to path: String) throws {
        var tensors: [(name: String, value: Tensor)] = [
            ("loss", try Tensor(losses.map { Float($0) }, shape: [losses.count]))
        ]
        let gradients = try session.parameters.gradients().tensors
        for (parameter, gradient) in zip(session.parameters.parameters, gradients) {
            tensors.append(("value." + parameter.name, parameter.value))
            tensors.append(("gradient." + parameter.name, gradient))
        }
        try TensorFileWriter.write(to: path, tensors: tensors)
    }
}
