// SPDX-License-Identifier: Apache-2.0

import Torch

/// The `ΔW` of a family that adds to the weight, held as the factors that make it.
protocol WeightDifference {
    /// Some rows of `ΔW` at weight 1, in the shape in which the checkpoint stores the weight.
    ///
    /// - Parameters:
    ///   - start: the first index along the first dimension.
    ///   - end: the index after the last.
    /// - Returns: `[end - start, elements of a row]` in float32.
    /// - Throws: `TorchError` if an operation fails.
    func rows(from start: Int, to end: Int) throws(TorchError) -> Tensor

    /// The effect of `ΔW`, or of DoRA's share `c·ΔW`, on a layer whose weight is stored as a matrix.
    ///
    /// - Parameters:
    ///   - dtype: the type that the model computes in.
    ///   - ratio: DoRA's `c`. Nil for a plain difference.
    /// - Returns: the effect, which refers to the tensors as they were read where nothing has to change.
    /// - Throws: `TorchError` if an operation fails.
    func effect(dtype: DType, scaledBy ratio: MagnitudeRatio?) throws(TorchError) -> any LayerEffect
}

/// Ranges of rows that are looked at together, so that temporaries stay small whatever the layer's size.
enum RowChunks {
    /// The most elements of a temporary: 16 MiB of float32.
    static let elementCount = 1 << 22

    /// The starts and ends of the ranges that cover `rowCount` rows of `rowSize` elements.
    static func ranges(rowCount: Int, rowSize: Int) -> [(start: Int, end: Int)] {
        let step = max(1, elementCount / max(1, rowSize))
        return stride(from: 0, to: rowCount, by: step).map { ($0, min($0 + step, rowCount)) }
    }
}
