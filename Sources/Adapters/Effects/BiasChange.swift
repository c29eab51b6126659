// SPDX-License-Identifier: Apache-2.0

import Layers
import Torch

/// A change of the layer's bias: `w·(b′ − b)` is added to the output.
struct BiasChange: LayerEffect {
    /// `b′ − b`, `[out]`.
    let difference: Tensor

    var byteCount: Int { difference.byteCount }

    func contribute(to blend: inout LayerBlend, weight: Double) {
        blend.add(Branch(difference: difference, weight: weight))
    }

    func merge(into merged: inout MergedLayer, weight: Double) throws(TorchError) {
        try merged.add(bias: difference, strength: weight)
    }

    private struct Branch: LayerBranch {
        let difference: Tensor
        let weight: Double

        func apply(input x: Tensor, output y: Tensor, layer: Linear) throws(TorchError) -> Tensor {
            try y.add(inPlace: difference, alpha: weight)
            return y
        }
    }
}
