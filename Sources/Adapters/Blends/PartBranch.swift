// SPDX-License-Identifier: Apache-2.0

import Layers
import Torch

/// What adapters add to one item of a batch whose items have different adapters.
struct ItemBranch: LayerBranch {
    /// The item's position in the batch, the first dimension of a layer's input.
    let item: Int
    /// What is added, in order.
    let branches: [any LayerBranch]

    /// Lets the branches see the item's rows alone.
    func apply(input x: Tensor, output y: Tensor, layer: Linear) throws(TorchError) -> Tensor {
        let input = try x.slice(0, from: item, to: item + 1)
        let rows = try y.slice(0, from: item, to: item + 1)
        var result = rows
        for branch in branches { result = try branch.apply(input: input, output: result, layer: layer) }
        if !result.sharesStorage(with: rows) { try rows.copy(from: result) }
        return y
    }
}
