// SPDX-License-Identifier: Apache-2.0

import Layers
import Torch

/// A whole difference of the layer's matrix.
struct MatrixChange: LayerEffect {
    /// `[out, in]` in the order that the layer uses.
    let matrix: Tensor
    let scale: Double

    /// Takes a difference in the layer's own order.
    init(matrix: Tensor, scale: Double) {
        self.matrix = matrix
        self.scale = scale
    }

    /// Collects a difference in the order in which the checkpoint stores the weight, for small layers.
    ///
    /// - Parameters:
    ///   - rows: gives rows from one index up to another, float32.
    ///   - layer: the layer, which knows its own order.
    ///   - dtype: the type to keep the matrix in.
    /// - Throws: `TorchError` if an operation fails.
    init(
        all rows: (Int, Int) throws(TorchError) -> Tensor,
        of layer: Linear,
        dtype: DType
    ) throws(TorchError) {
        let shape = layer.storedShape
        let rowSize = shape.dropFirst().reduce(1, *)
        var pieces: [Tensor] = []
        for (start, end) in RowChunks.ranges(rowCount: shape[0], rowSize: rowSize) {
            pieces.append(try rows(start, end))
        }
        self.init(matrix: try layer.layout.matrix(Tensor.cat(pieces, dimension: 0)).to(dtype), scale: 1)
    }

    var byteCount: Int { matrix.byteCount }

    func contribute(to blend: inout LayerBlend, weight: Double) {
        blend.add(Branch(matrix: matrix, strength: scale * weight))
    }

    func merge(into merged: inout MergedLayer, weight: Double) throws(TorchError) {
        try merged.weight.add(inPlace: matrix.to(.float32), alpha: scale * weight)
    }

    private struct Branch: LayerBranch {
        let matrix: Tensor
        let strength: Double

        func apply(input x: Tensor, output y: Tensor, layer: Linear) throws(TorchError) -> Tensor {
            let rows = x.count / layer.inputFeatures
            let input = try x.reshape([rows, layer.inputFeatures])
            try y.view([rows, layer.outputFeatures])
                .addmm(inPlace: input, matrix.transpose(0, 1), beta: 1, alpha: strength)
            return y
        }
    }
}
