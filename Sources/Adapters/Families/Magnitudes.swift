// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import Checkpoints
import Layers
import Torch

/// DoRA's magnitudes of one module, and how they are used.
///
/// PEFT's `lora_magnitude_vector` has one for each output and divides by `‖W + ΔW‖`. LyCORIS's `dora_scale` has one for
/// each output or each input, by its shape, and divides by `‖W + ΔW‖ + ε`; an export for ComfyUI says that it is to divide by
/// `‖W‖ + ε`. Sources: PEFT 0.21.2, `tuners/lora/dora.py`;
/// LyCORIS 4.1.3, `functional/general.py`.
struct Magnitudes {
    /// The dimension of the stored weight that has a magnitude for each index.
    enum Axis: Int {
        case output = 0
        case input = 1
    }

    /// `[size of the axis]`, float32.
    let values: Tensor
    let axis: Axis
    /// Added to the norm.
    let epsilon: Double
    /// Whether the norm is that of the base alone, `‖W‖`.
    let dividesByBaseNorm: Bool
    /// The adapter and the tensor, for messages.
    let adapter: String
    let name: String

    /// float32's distance from 1 to the next number, which LyCORIS adds to norms.
    private static let lycorisEpsilon = Double(Float.ulpOfOne)

    /// Reads a module's magnitudes.
    ///
    /// Nil if it has none.
    ///
    /// - Throws: `AdapterError` if they do not fit the layer.
    init?(of module: AdapterModule, on layer: Linear, reading tensors: AdapterTensors) throws {
        let stored = layer.storedShape
        if let tensor = module.tensors[.magnitude] {
            try tensors.require(tensor, tensor.elementCount == stored[0] && Self.isVector(tensor), "[\(stored[0])]")
            if let bias = module.tensors[.upBias] {
                try tensors.require(bias, false, "none: PEFT has no bias of a factor beside DoRA's magnitudes")
            }
            (axis, epsilon, name) = (.output, 0, tensor.name)
            values = try tensors.read(tensor, as: .float32).reshape([-1])
        } else if let tensor = module.tensors[.weightNorm] {
            guard let found = Self.axis(of: tensor.shape, in: stored) else {
                let tail = stored.dropFirst(2).map { _ in ", 1" }.joined()
                let expected = "[\(stored[0]), 1\(tail)] or [1, \(stored[1])\(tail)]"
                try tensors.require(tensor, false, expected)
                return nil
            }
            (axis, epsilon, name) = (found, Self.lycorisEpsilon, tensor.name)
            values = try tensors.read(tensor, as: .float32).reshape([-1])
        } else {
            return nil
        }
        dividesByBaseNorm = tensors.dividesByBaseNorm && axis == .output
        adapter = tensors.adapter
    }

    private static func isVector(_ tensor: TensorDescription) -> Bool { tensor.shape.count { $0 != 1 } <= 1 }

    /// The axis that a `dora_scale` belongs to; the output's where both would do and the shape does not tell.
    private static func axis(of shape: [Int], in stored: [Int]) -> Axis? {
        if shape == [stored[0]] { return .output }
        guard shape.count == stored.count else { return nil }
        let ones = [Int](repeating: 1, count: stored.count - 2)
        if shape == [stored[0], 1] + ones { return .output }
        return shape == [1, stored[1]] + ones ? .input : nil
    }

    /// What each index of the axis is multiplied with: `m / (‖W + ΔW‖ + ε)`.
    ///
    /// - Throws: `AdapterError.degenerate` if a norm is 0, `TorchError`.
    func ratio(of difference: any WeightDifference, on layer: Linear) throws -> MagnitudeRatio {
        let norms = try norms(of: difference, on: layer) + epsilon
        let ratio = try values.to(norms.device) / norms
        guard try ratio.isFinite else {
            throw AdapterError.degenerate(
                adapter: adapter,
                tensor: name,
                reason: "divides by the norm of a part of the adapted weight that is zero or not finite"
            )
        }
        return MagnitudeRatio(values: ratio, axis: axis)
    }

    private func norms(of difference: any WeightDifference, on layer: Linear) throws(TorchError) -> Tensor {
        let shape = layer.storedShape
        let rowSize = shape.dropFirst().reduce(1, *)
        var norms: [Tensor] = []
        var squares: Tensor?
        for (start, end) in RowChunks.ranges(rowCount: shape[0], rowSize: rowSize) {
            let base = try layer.storedRows(from: start, to: end)
            let rows = dividesByBaseNorm ? base : try base + difference.rows(from: start, to: end)
            switch axis {
            case .output: norms.append(try rows.norm(dimensions: [1], keepDimension: false))
            case .input:
                let share = try rows.reshape([end - start, shape[1], -1]).square().sum(dimensions: [0, 2])
                squares = try squares.map { squares throws(TorchError) in try squares + share } ?? share
            }
        }
        if let squares { return try squares.sqrt() }
        return try Tensor.cat(norms, dimension: 0)
    }
}

/// DoRA's `c = m/‖W + ΔW‖`: the effective weight is `c·(W + ΔW)`.
struct MagnitudeRatio {
    /// `[size of the axis]`, float32.
    let values: Tensor
    let axis: Magnitudes.Axis

    /// The share of the base, `(c − 1)·W`, as a change of the layer's output or input.
    func effect(dtype: DType) throws(TorchError) -> any LayerEffect {
        let change = try (values - 1).to(dtype)
        switch axis {
        case .output: return OutputGain(change: change)
        case .input: return InputGain(change: change)
        }
    }

    /// `c` for the rows of the stored weight from `start` to `end`, to be multiplied with `[rows, elements of a row]`.
    func factors(from start: Int, to end: Int, shape: [Int]) throws(TorchError) -> Tensor {
        switch axis {
        case .output: return try values.slice(0, from: start, to: end).unsqueeze(1)
        case .input:
            let kernel = shape.dropFirst(2).reduce(1, *)
            return try values.unsqueeze(1).expand([shape[1], kernel]).reshape([1, -1])
        }
    }

    /// Gives rows of `c·(W + ΔW) − W`.
    func rows(of difference: any WeightDifference, on layer: Linear) -> (Int, Int) throws(TorchError) -> Tensor {
        { start, end throws(TorchError) in
            let base = try layer.storedRows(from: start, to: end)
            let factors = try factors(from: start, to: end, shape: layer.storedShape)
            return try (base + difference.rows(from: start, to: end)) * factors - base
        }
    }
}
