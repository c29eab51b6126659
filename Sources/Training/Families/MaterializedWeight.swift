// SPDX-License-Identifier: Apache-2.0

import Layers
import Torch

/// How LyCORIS applies a difference that is made as a whole: as a second product, or, with trained lengths, as what becomes of the
/// weight.
struct MaterializedWeight {
    /// The trained lengths, in the shape of LyCORIS's `dora_scale`; nil without.
    let lengths: Parameter?
    /// Added to the lengths that are divided by: the type's machine epsilon, as LyCORIS has it.
    private static let epsilon = Double(Float.ulpOfOne)

    /// A projection without lengths.
    init() { lengths = nil }

    /// A projection whose rows have trained lengths, at first those of the frozen weight.
    init(_ name: String, of layer: Linear, initialization: Initialization) throws(TorchError) {
        let stored = try layer.layout.stored(layer.weight).to(.float32)
        let norms = try stored.reshape([stored.dimension(0), -1]).norm(dimensions: [1], keepDimension: false)
        let shape = [stored.dimension(0)] + Array(repeating: 1, count: stored.rank - 1)
        lengths = try initialization.parameter(name, norms.reshape(shape))
    }

    /// The projection's output.
    ///
    /// - Parameters:
    ///   - x: `[..., in]`.
    ///   - layer: the projection.
    ///   - difference: `ΔW` in the checkpoint's shape, in the compute type.
    ///   - context: of the run.
    /// - Returns: `[..., out]`.
    /// - Throws: `TorchError` if an operation fails.
    func output(
        _ x: Tensor,
        of layer: Linear,
        difference: Tensor,
        context: LayerContext
    ) throws(TorchError) -> Tensor {
        let rows = try x.rows
        let (base, isFresh) = try context.base(of: layer, x, rows: rows)
        let change = try layer.layout.matrix(lengthened(difference, of: layer)).transpose(0, 1)
        let output: Tensor
        if isFresh {
            try base.addmm(inPlace: rows, change, beta: 1, alpha: 1)
            output = base
        } else {
            output = try base.addmm(rows, change, beta: 1, alpha: 1)
        }
        let biased = try layer.bias.map { bias throws(TorchError) in try output + bias } ?? output
        return try biased.reshape(x.shape.dropLast() + [layer.outputFeatures])
    }

    /// `(W + ΔW)·m/(‖W + ΔW‖ + ε) − W`, rows being everything but the first dimension; the lengths take a gradient.
    private func lengthened(_ difference: Tensor, of layer: Linear) throws(TorchError) -> Tensor {
        guard let lengths else { return difference }
        let weight = try layer.layout.stored(layer.weight).to(.float32)
        let sum = try weight + difference.to(.float32)
        let norms = try sum.reshape([sum.dimension(0), -1]).norm(dimensions: [1], keepDimension: false)
        let gain = try lengths.value / (norms + Self.epsilon).reshape(lengths.value.shape)
        return try (sum * gain - weight).to(difference.dtype)
    }
}
