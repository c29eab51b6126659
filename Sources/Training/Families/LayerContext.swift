// SPDX-License-Identifier: Apache-2.0

import Layers
import Torch

/// What all trained layers of a run share, and the step sets for them.
package final class LayerContext {
    /// Drops parts of the inputs of low-rank adapters; nil where nothing is dropped, as in validation.
    var dropout: Dropout?
    /// The products of this micro-step's conditions with frozen weights.
    var frozen: FrozenProducts?
    /// The version of the parameters that the layers compute with.
    var version = 0

    /// The base's product without its bias, `[rows, out]`.
    ///
    /// - Parameters:
    ///   - layer: the projection.
    ///   - x: `[..., in]`.
    ///   - rows: `x` as `[rows, in]`.
    /// - Returns: the product, and whether it may be changed in place.
    /// - Throws: `TorchError` if an operation fails.
    func base(of layer: Linear, _ x: Tensor, rows: Tensor) throws(TorchError) -> (product: Tensor, isFresh: Bool) {
        if let frozen, frozen.covers(layer.path) {
            return (try frozen.product(of: layer, x).reshape([-1, layer.outputFeatures]), false)
        }
        return (try layer.product(rows), true)
    }
}

/// Zeroes parts of an input and magnifies the rest, so that its mean stays.
struct Dropout {
    let probability: Double
    let generator: Generator

    /// - Parameter x: any shape.
    /// - Returns: the same shape.
    /// - Throws: `TorchError` if there is no memory for it.
    func callAsFunction(_ x: Tensor) throws(TorchError) -> Tensor {
        let kept = 1 - probability
        let mask = try withoutGradients { () throws(TorchError) in
            let mask = try Tensor.bernoulli(kept, shape: x.shape, generator: generator, dtype: x.dtype)
            try mask.multiply(inPlace: kept > 0 ? 1 / kept : 0)
            return mask
        }
        return try x * mask
    }
}

extension Tensor {
    /// All leading dimensions made into one.
    var rows: Tensor {
        get throws(TorchError) { rank == 2 ? self : try reshape([-1, dimension(-1)]) }
    }
}
