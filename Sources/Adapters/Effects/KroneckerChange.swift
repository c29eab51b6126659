// SPDX-License-Identifier: Apache-2.0

import Layers
import Torch

/// `s·(W₁ ⊗ W₂)`, applied as two small products: the whole matrix is never made.
struct KroneckerChange: LayerEffect {
    /// `[a, c]`.
    let first: Tensor
    /// `[b, d]`; the layer is `[a·b, c·d]`.
    let second: FactoredMatrix
    let scale: Double
    /// DoRA's factors of the outputs, `[a·b]`, if it has them.
    let outputFactors: Tensor?
    /// DoRA's factors of the inputs, `[c·d]`, if it has them.
    let inputFactors: Tensor?

    var byteCount: Int {
        first.byteCount + second.byteCount + (outputFactors?.byteCount ?? 0) + (inputFactors?.byteCount ?? 0)
    }

    func contribute(to blend: inout LayerBlend, weight: Double) {
        blend.add(Branch(change: self, strength: scale * weight))
    }

    func merge(into merged: inout MergedLayer, weight: Double) throws(TorchError) {
        var product = try first.to(.float32).kron(second.expanded())
        if let outputFactors { product = try product * outputFactors.to(.float32).unsqueeze(1) }
        if let inputFactors { product = try product * inputFactors.to(.float32) }
        try merged.weight.add(inPlace: product, alpha: scale * weight)
    }

    private struct Branch: LayerBranch {
        let change: KroneckerChange
        let strength: Double

        /// With x as a matrix X `[c, d]` for each row, the product is `W₁·X·W₂ᵀ`.
        func apply(input x: Tensor, output y: Tensor, layer: Linear) throws(TorchError) -> Tensor {
            let rows = x.count / layer.inputFeatures
            let (outer, inner) = (change.first.dimension(0), change.first.dimension(1))
            let height = change.second.rowCount
            let input = try change.inputFactors.map { factors throws(TorchError) in try x * factors } ?? x
            let right = try change.second(input.reshape([rows * inner, layer.inputFeatures / inner]))
            let turned = try right.view([rows, inner, height]).transpose(1, 2).reshape([rows * height, inner])
            var product = try turned.linear(change.first).view([rows, height, outer]).transpose(1, 2)
            if let factors = change.outputFactors { product = try product * factors.view([outer, height]) }
            try y.view([rows, outer, height]).add(inPlace: product, alpha: strength)
            return y
        }
    }
}
