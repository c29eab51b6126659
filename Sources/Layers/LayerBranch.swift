// SPDX-License-Identifier: Apache-2.0

public import Torch

/// What an adapter, or a blend of adapters, adds to a layer's output.
public protocol LayerBranch {
    /// Adds this branch's share to the layer's output.
    ///
    /// - Parameters:
    ///   - x: the layer's input, `[..., in]`.
    ///   - y: the layer's output so far, `[..., out]`: a fresh contiguous tensor that may be changed and returned.
    ///   - layer: the layer, whose weights must not be changed.
    /// - Returns: the output with this branch's share.
    /// - Throws: `TorchError` if an operation fails.
    func apply(input x: Tensor, output y: Tensor, layer: Linear) throws(TorchError) -> Tensor
}
