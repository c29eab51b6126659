// SPDX-License-Identifier: Apache-2.0

import Layers
import Torch

/// A layer's weight while effects are merged into it: `W + Σ wᵢ·(Wᵢ′ − W)`, added up in float32.
public struct MergedLayer {
    /// The base's weight in float32, `[out, in]`; never written.
    let base: Tensor
    /// The sum so far, float32, `[out, in]`: a copy that effects change in place.
    let weight: Tensor
    /// The base's bias and what has been added to it, float32, `[out]`; nil while there is none.
    private(set) var bias: Tensor?

    /// Starts with a layer's own weight.
    ///
    /// - Parameter layer: a layer of the base; its tensors are only read.
    /// - Throws: `TorchError` if there is no memory for two float32 copies of the weight.
    init(_ layer: Linear) throws(TorchError) {
        let own = try layer.weight.to(.float32)
        base = own
        weight = try own.clone()
        bias = try layer.bias.map { bias throws(TorchError) in try bias.to(.float32).clone() }
    }

    /// Adds to the bias, which the layer may not have had.
    ///
    /// - Parameters:
    ///   - difference: `[out]`.
    ///   - strength: what it is multiplied with.
    /// - Throws: `TorchError` if an operation fails.
    mutating func add(bias difference: Tensor, strength: Double) throws(TorchError) {
        let difference = try difference.to(.float32)
        guard let bias else {
            bias = try difference * strength
            return
        }
        try bias.add(inPlace: difference, alpha: strength)
    }
}
