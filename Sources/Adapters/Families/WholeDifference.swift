// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import Checkpoints
import Layers
import Torch

/// A whole `ΔW`, as ComfyUI's and LyCORIS's `diff` tensors hold it: `W + D`.
struct WholeDifferenceFamily: AdditiveFamily {
    var kinds: Set<AdapterKind> { [.difference] }

    func effects(
        of module: AdapterModule,
        on layer: Linear,
        reading tensors: AdapterTensors
    ) throws -> [any LayerEffect] {
        guard let tensor = module.tensors[.weightDifference] else { return [] }  // the bias's difference alone
        if layer.layout == .matrix, module.tensors[.weightNorm] == nil, tensor.shape == layer.storedShape {
            return [MatrixChange(matrix: try tensors.read(tensor), scale: 1)]
        }
        let difference = try difference(of: module, on: layer, reading: tensors, as: .float32)
        return [try MatrixChange(all: difference.rows(from:to:), of: layer, dtype: tensors.dtype)]
    }

    func difference(
        of module: AdapterModule,
        on layer: Linear,
        reading tensors: AdapterTensors,
        as dtype: DType
    ) throws -> any WeightDifference {
        let tensor = try tensors.description(.weightDifference, of: module)
        let shape = layer.storedShape
        try tensors.require(tensor, tensor.shape == shape, "\(shape)")
        if let magnitudes = module.tensors[.weightNorm] {
            try tensors.require(magnitudes, false, "none beside a whole difference")
        }
        return WholeDifference(matrix: try tensors.read(tensor, as: dtype).reshape([shape[0], -1]), scale: 1)
    }
}

/// `s·D`.
struct WholeDifference: WeightDifference {
    /// `[first dimension, elements of a row]`.
    let matrix: Tensor
    let scale: Double

    func rows(from start: Int, to end: Int) throws(TorchError) -> Tensor {
        try matrix.slice(0, from: start, to: end).to(.float32) * scale
    }

    func effect(dtype: DType, scaledBy ratio: MagnitudeRatio?) throws(TorchError) -> any LayerEffect {
        guard let ratio else { return MatrixChange(matrix: try matrix.to(dtype), scale: scale) }
        let factors = try ratio.values.unsqueeze(ratio.axis == .output ? 1 : 0)
        return MatrixChange(matrix: try (matrix.to(.float32) * factors).to(dtype), scale: scale)
    }
}
