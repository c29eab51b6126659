// SPDX-License-Identifier: Apache-2.0

import Layers
import Torch

/// What adapters add to a part of a batch: to one row of a layer's input, or to a run of the row's positions.
struct PartBranch: LayerBranch {
    /// The row, of the first dimension of a layer's input: an item of the batch, or a voice.
    let row: Int
    /// Places of the second dimension; nil for all.
    let positions: Range<Int>?
    /// What is added, in order.
    let branches: [any LayerBranch]

    /// Lets the branches see the part alone.
    func apply(input x: Tensor, output y: Tensor, layer: Linear) throws(TorchError) -> Tensor {
        let input = try part(of: x)
        let output = try part(of: y)
        var result = output
        for branch in branches { result = try branch.apply(input: input, output: result, layer: layer) }
        if !result.sharesStorage(with: output) { try output.copy(from: result) }
        return y
    }

    private func part(of x: Tensor) throws(TorchError) -> Tensor {
        let own = try x.slice(0, from: row, to: row + 1)
        guard let positions else { return own }
        return try own.slice(1, from: positions.lowerBound, to: positions.upperBound)
    }
}
