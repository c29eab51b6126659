// SPDX-License-Identifier: Apache-2.0

import Layers
package import Torch

/// A change of what the base reads: `W′ = W·T`, computed as the base's own product of `x·T − x`.
///
/// The base may be quantised: its product is used as it is.
package protocol InputChange: LayerEffect {
    /// `x·T − x`.
    ///
    /// - Parameter x: `[rows, in]`.
    /// - Returns: `[rows, in]`, a fresh tensor.
    /// - Throws: `TorchError` if an operation fails.
    func difference(of x: Tensor) throws(TorchError) -> Tensor

    /// `W·Tᵀ − W`, what the change of the input makes of the weight.
    ///
    /// - Parameter weight: `[out, in]`, float32.
    /// - Returns: `[out, in]`, a fresh tensor in float32.
    /// - Throws: `TorchError` if an operation fails.
    func transposedDifference(of weight: Tensor) throws(TorchError) -> Tensor
}

extension InputChange {
    /// Joins the changes of the input, which share one product.
    package func contribute(to blend: inout LayerBlend, weight: Double) {
        blend.add(InputChangeBranch.Term(change: self, weight: weight))
    }

    /// Adds what the change makes of the weight.
    package func merge(into merged: inout MergedLayer, weight: Double) throws(TorchError) {
        try merged.weight.add(inPlace: transposedDifference(of: merged.base), alpha: weight)
    }
}

/// A factor for each input: `W·diag(c) − W`, of DoRA over the inputs.
struct InputGain: InputChange {
    /// `c − 1`, `[in]`.
    let change: Tensor

    var byteCount: Int { change.byteCount }

    func difference(of x: Tensor) throws(TorchError) -> Tensor { try x * change }

    func transposedDifference(of weight: Tensor) throws(TorchError) -> Tensor { try weight * change.to(.float32) }
}

/// A rotation of each block of the input, of OFT.
package struct BlockRotation: InputChange {
    /// `R − I`, `[blocks, b, b]`, or `[1, b, b]` if all blocks turn alike.
    package let change: Tensor

    /// - Parameter change: `R − I`, `[blocks, b, b]`, or `[1, b, b]` if all blocks turn alike.
    package init(change: Tensor) {
        self.change = change
    }

    /// The bytes of the blocks.
    package var byteCount: Int { change.byteCount }

    /// `x·R − x`.
    ///
    /// - Parameter x: `[rows, in]`.
    /// - Returns: `[rows, in]`, a fresh tensor.
    /// - Throws: `TorchError` if the blocks do not cover the rows.
    package func difference(of x: Tensor) throws(TorchError) -> Tensor { try product(of: x, change) }

    /// `W·Rᵀ − W`.
    ///
    /// - Parameter weight: `[out, in]`, float32.
    /// - Returns: `[out, in]`, a fresh tensor in float32.
    /// - Throws: `TorchError` if the blocks do not cover the columns.
    package func transposedDifference(of weight: Tensor) throws(TorchError) -> Tensor {
        try product(of: weight, change.to(.float32).transpose(1, 2))
    }

    /// Rows whose blocks are multiplied with a matrix each.
    private func product(of x: Tensor, _ change: Tensor) throws(TorchError) -> Tensor {
        let (rows, width) = (x.dimension(0), x.dimension(1))
        let (blocks, size) = (change.dimension(0), change.dimension(1))
        guard blocks > 1 else {
            return try x.reshape([-1, size]).matmul(change.select(0, 0)).reshape([rows, width])
        }
        let parts = try x.reshape([rows, blocks, size]).transpose(0, 1)
        return try parts.bmm(change).transpose(0, 1).reshape([rows, width])
    }
}

/// Adds the base's product of all changes of the input: one product for a whole blend.
struct InputChangeBranch: LayerBranch {
    /// One adapter's share.
    struct Term {
        let change: any InputChange
        let weight: Double
    }

    let terms: [Term]

    func apply(input x: Tensor, output y: Tensor, layer: Linear) throws(TorchError) -> Tensor {
        guard let first = terms.first else { return y }
        let rows = x.count / layer.inputFeatures
        let input = try x.reshape([rows, layer.inputFeatures])
        let sum = try first.change.difference(of: input) * first.weight
        for term in terms.dropFirst() { try sum.add(inPlace: term.change.difference(of: input), alpha: term.weight) }
        try y.view([rows, layer.outputFeatures]).add(inPlace: layer.product(sum))
        return y
    }
}
