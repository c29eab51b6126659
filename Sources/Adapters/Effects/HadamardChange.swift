// SPDX-License-Identifier: Apache-2.0

import Layers
import Torch

/// `s·(A₁B₁ ⊙ A₂B₂)`, made in pieces when it is used.
///
/// Keeping the whole would need as much memory as the base for every adapter, and making it costs a share of `2r/rows`
/// of the product with it.
struct HadamardChange: LayerEffect {
    let first: HadamardProduct.Pair
    let second: HadamardProduct.Pair
    let scale: Double

    var byteCount: Int { first.byteCount + second.byteCount }

    func contribute(to blend: inout LayerBlend, weight: Double) {
        blend.add(Branch(change: self, strength: scale * weight))
    }

    func merge(into merged: inout MergedLayer, weight: Double) throws(TorchError) {
        let (first, second) = (try first.to(.float32), try second.to(.float32))
        let (rowCount, rowSize) = (merged.weight.dimension(0), merged.weight.dimension(1))
        for (start, end) in RowChunks.ranges(rowCount: rowCount, rowSize: rowSize) {
            let piece = try first.rows(from: start, to: end)
            try piece.multiply(inPlace: second.rows(from: start, to: end))
            try merged.weight.narrow(0, from: start, length: end - start).add(inPlace: piece, alpha: scale * weight)
        }
    }

    private struct Branch: LayerBranch {
        let change: HadamardChange
        let strength: Double

        func apply(input x: Tensor, output y: Tensor, layer: Linear) throws(TorchError) -> Tensor {
            let rows = x.count / layer.inputFeatures
            let input = try x.reshape([rows, layer.inputFeatures])
            let output = try y.view([rows, layer.outputFeatures])
            let ranges = RowChunks.ranges(rowCount: layer.outputFeatures, rowSize: layer.inputFeatures)
            for (start, end) in ranges {
                let piece = try change.first.rows(from: start, to: end)
                try piece.multiply(inPlace: change.second.rows(from: start, to: end))
                let share = try output.narrow(1, from: start, length: end - start)
                try share.addmm(inPlace: input, piece.transpose(0, 1), beta: 1, alpha: strength)
            }
            return y
        }
    }
}
