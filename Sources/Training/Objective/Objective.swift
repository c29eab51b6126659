// SPDX-License-Identifier: Apache-2.0

package import Torch

/// Flow matching as ACE-Step is trained: which noise levels, with or without the condition, and what the loss is.
package struct Objective: Sendable, Equatable {
    /// How a noise level is drawn.
    package enum Times: Sendable, Equatable {
        /// The larger of two logit-normal draws.
        case continuous(mean: Double, deviation: Double)
        /// One of the levels that turbo models sample with.
        case discrete
    }

    /// What a noise level's error counts.
    package enum Weighting: Sendable, Equatable {
        /// All the same.
        case uniform
        /// `min(SNR, γ)/SNR` (Hang et al. 2023).
        case minimumSNR(gamma: Double)
    }

    /// How a noise level is drawn.
    package var times: Times
    /// The share of samples that are trained without their condition.
    package var conditionDropout: Double
    /// What a noise level's error counts.
    package var weighting: Weighting
    /// The share of samples that hear themselves as the reference clip, where conditions are computed in training.
    package var referenceShare: Double

    /// Names everything.
    package init(
        times: Times,
        conditionDropout: Double = 0.15,
        weighting: Weighting = .uniform,
        referenceShare: Double = 0
    ) {
        self.times = times
        self.conditionDropout = conditionDropout
        self.weighting = weighting
        self.referenceShare = referenceShare
    }

    /// The eight levels of a schedule with shift 3.
    package static let discreteTimes: [Float] = [
        1, 0.954_545_454_545_454_6, 0.9, 0.833_333_333_333_333_4, 0.75, 0.642_857_142_857_142_9, 0.5, 0.3,
    ]

    /// What is random in one micro-step.
    package struct Draw {
        /// For each item, whether its condition is taken away.
        package let dropsCondition: [Bool]
        /// `[items]`, in the compute type.
        package let times: Tensor
        /// `[items, frames, channels]`, in the compute type.
        package let noise: Tensor
        /// For each item, whether the reference clip is its own sound.
        package let hearsItself: [Bool]

        /// Names everything; nobody hears a reference unless told so.
        package init(dropsCondition: [Bool], times: Tensor, noise: Tensor, hearsItself: [Bool]? = nil) {
            self.dropsCondition = dropsCondition
            self.times = times
            self.noise = noise
            self.hearsItself = hearsItself ?? dropsCondition.map { _ in false }
        }
    }

    /// Draws what is random in a micro-step, in the order in which Side-Step draws it: conditions, times, noise; then, if there
    /// are any, references.
    ///
    /// - Parameters:
    ///   - shape: of the latents, `[items, frames, channels]`.
    ///   - canDrop: whether the model has an embedding for no condition.
    ///   - generator: the run's.
    ///   - dtype: the compute type, in which everything is drawn.
    /// - Returns: the draw.
    /// - Throws: `TorchError` if there is no memory for it.
    package func draw(
        shape: [Int],
        canDrop: Bool,
        generator: Generator,
        dtype: DType
    ) throws(TorchError) -> Draw {
        let count = shape[0]
        let dropsCondition =
            canDrop && conditionDropout > 0
            ? try Tensor.rand([count], generator: generator, dtype: dtype).lessThan(conditionDropout).floats().map {
                $0 != 0
            }
            : Array(repeating: false, count: count)
        let times = try drawTimes(count, generator: generator, dtype: dtype)
        let noise = try Tensor.randn(shape, generator: generator, dtype: dtype)
        let hearsItself =
            referenceShare > 0
            ? try Tensor.rand([count], generator: generator).lessThan(referenceShare).floats().map { $0 != 0 } : nil
        return Draw(dropsCondition: dropsCondition, times: times, noise: noise, hearsItself: hearsItself)
    }

    private func drawTimes(_ count: Int, generator: Generator, dtype: DType) throws(TorchError) -> Tensor {
        switch times {
        case .discrete:
            let places = try Tensor.randint(high: Self.discreteTimes.count, shape: [count], generator: generator)
            let table = try Tensor(Self.discreteTimes, shape: [Self.discreteTimes.count])
            return try table.indexSelect(0, places).to(dtype)
        case .continuous(let mean, let deviation):
            let first = try Tensor.randn([count], generator: generator, dtype: dtype)
            let second = try Tensor.randn([count], generator: generator, dtype: dtype)
            return try (first * deviation + mean).sigmoid().maximum((second * deviation + mean).sigmoid())
        }
    }

    /// The loss of predicted velocities.
    ///
    /// All elements count the same: filling of shorter items is trained on, as the model was.
    ///
    /// - Parameters:
    ///   - velocity: `[items, frames, channels]`.
    ///   - target: noise minus latents, the same shape.
    ///   - times: `[items]`.
    /// - Returns: a single float32 number, and each item's own mean square, `[items]`.
    /// - Throws: `TorchError` if the shapes differ.
    package func loss(
        _ velocity: Tensor,
        target: Tensor,
        times: Tensor
    ) throws(TorchError) -> (loss: Tensor, items: Tensor) {
        let squares = try (velocity.to(.float32) - target.to(.float32)).square()
        let items = try squares.mean(dimensions: [1, 2])
        guard case .minimumSNR(let gamma) = weighting else { return (try squares.mean(), items) }
        let time = try times.to(.float32).clamp(min: 1e-4, max: 1 - 1e-4)
        let ratio = try ((1 - time) / time).square().clamp(max: 1e6)
        let weights = try ratio.clamp(max: gamma) / ratio.clamp(min: 1e-6)
        return (try (items * weights).mean(), items)
    }
}
