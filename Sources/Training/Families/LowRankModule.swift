// SPDX-License-Identifier: Apache-2.0

import Layers
import Torch

/// LoRA and its kin on one projection, as PEFT computes them: `y = W·x + s·B·A·drop(x)`.
///
/// With magnitudes (DoRA) the rows of `W + s·B·A` have the trained lengths `m`; their own lengths are taken as constants.
/// Source: Hu et al. 2021; Liu et al. 2024.
final class LowRankModule: TrainedModule {
    private let down: Parameter
    private let up: Parameter
    private let magnitude: Magnitude?
    private let scale: Double
    private let context: LayerContext

    /// Draws the factors.
    ///
    /// - Parameters:
    ///   - layer: the projection.
    ///   - rank: of the factors.
    ///   - scale: what their product is multiplied with.
    ///   - usesMagnitudes: whether it is DoRA.
    ///   - initialization: where first values come from.
    ///   - context: of the run.
    /// - Throws: `TorchError` if there is no memory for it.
    init(
        _ layer: Linear,
        rank: Int,
        scale: Double,
        usesMagnitudes: Bool,
        initialization: Initialization,
        context: LayerContext
    ) throws(TorchError) {
        let prefix = "base_model.model.\(layer.path)."
        down = try initialization.kaiming(prefix + "lora_A.weight", [rank, layer.inputFeatures])
        up = try initialization.zeros(prefix + "lora_B.weight", [layer.outputFeatures, rank])
        magnitude =
            usesMagnitudes
            ? try Magnitude(prefix + "lora_magnitude_vector", of: layer, initialization: initialization) : nil
        self.scale = scale
        self.context = context
    }

    var parameters: [Parameter] { [down, up] + (magnitude.map { [$0.parameter] } ?? []) }

    func callAsFunction(_ x: Tensor, of layer: Linear) throws(TorchError) -> Tensor {
        let rows = try x.rows
        let (base, isFresh) = try context.base(of: layer, x, rows: rows)
        let input = try context.dropout?(rows) ?? rows
        let hidden = try input.matmul(down().transpose(0, 1))
        let output: Tensor
        if let magnitude {
            let gain = try magnitude.gain(of: layer, down: down, up: up, scale: scale, context: context)
            output = try scaled(
                base,
                hidden: hidden,
                input: context.dropout == nil ? nil : input,
                gain: gain,
                layer: layer
            )
        } else if isFresh {
            try base.addmm(inPlace: hidden, up().transpose(0, 1), beta: 1, alpha: scale)
            output = base
        } else {
            output = try base.addmm(hidden, up().transpose(0, 1), beta: 1, alpha: scale)
        }
        let biased = try layer.bias.map { bias throws(TorchError) in try output + bias } ?? output
        return try biased.reshape(x.shape.dropLast() + [layer.outputFeatures])
    }

    /// `W·x + (g − 1)·W·x′ + g·s·B·A·x′`, where `x′` is what dropout leaves of `x`.
    ///
    /// - Parameters:
    ///   - base: `W·x`, `[rows, out]`.
    ///   - hidden: `A·x′`, `[rows, rank]`.
    ///   - input: `x′`; nil where it is `x`.
    ///   - gain: `g − 1`, `[out]`.
    ///   - layer: the projection.
    /// - Returns: `[rows, out]`.
    /// - Throws: `TorchError` if an operation fails.
    private func scaled(
        _ base: Tensor,
        hidden: Tensor,
        input: Tensor?,
        gain: Tensor,
        layer: Linear
    ) throws(TorchError) -> Tensor {
        guard let input else {
            let whole = try base.addmm(hidden, up().transpose(0, 1), beta: 1, alpha: scale)
            return try whole.addcmul(whole, gain)
        }
        let added = try hidden.matmul(up().transpose(0, 1)) * scale
        let dropped = try layer.product(input)
        return try (base + added).addcmul(dropped + added, gain)
    }
}

/// The trained lengths of a projection's rows.
final class Magnitude {
    /// `[out]`.
    let parameter: Parameter
    /// The squares of the rows of the frozen weight, `[out]`.
    private let squares: Tensor
    private var lengths: (version: Int, values: Tensor)?

    init(_ name: String, of layer: Linear, initialization: Initialization) throws(TorchError) {
        squares = try layer.weight.to(.float32).square().sum(dimensions: [1])
        parameter = try initialization.parameter(name, squares.sqrt())
    }

    /// `m/‖W + s·B·A‖ − 1` for each row, in the compute type, `[out]`.
    ///
    /// The lengths take no gradient, and are computed once for each state of the parameters. The expanded square spares making
    /// `B·A`: `‖w‖² + 2s·(W·Aᵀ)·b + s²·bᵀ·(A·Aᵀ)·b`.
    func gain(
        of layer: Linear,
        down: Parameter,
        up: Parameter,
        scale: Double,
        context: LayerContext
    ) throws(TorchError) -> Tensor {
        let lengths = try lengths(of: layer, down: down, up: up, scale: scale, version: context.version)
        return try (parameter.value / lengths - 1).to(layer.weight.dtype)
    }

    private func lengths(
        of layer: Linear,
        down: Parameter,
        up: Parameter,
        scale: Double,
        version: Int
    ) throws(TorchError) -> Tensor {
        if let lengths, lengths.version == version { return lengths.values }
        let values = try withoutGradients { () throws(TorchError) in
            let (a, b) = (down.value, up.value)
            let mixed = try layer.weight.matmul(down().transpose(0, 1)).to(.float32)
            let cross = try (mixed * b).sum(dimensions: [1])
            let own = try (b.matmul(a.matmul(a.transpose(0, 1))) * b).sum(dimensions: [1])
            return try squares.adding(cross, alpha: 2 * scale).adding(own, alpha: scale * scale).clamp(min: 0).sqrt()
        }
        lengths = (version, values)
        return values
    }
}
