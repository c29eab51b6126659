// SPDX-License-Identifier: Apache-2.0

public import Torch

/// What computes a projection while an adapter on it is trained: the base's part and the adapter's, in operations that a backward
/// pass can follow.
///
/// Branches change the base's output in place, which is the cheap way to generate; this takes the place of all of it.
public protocol TrainedLayer {
    /// The projection's output with the adapter.
    ///
    /// - Parameters:
    ///   - x: `[..., in]`.
    ///   - layer: the projection, whose weight and bias take no gradient.
    /// - Returns: `[..., out]`.
    /// - Throws: `TorchError` if the shapes do not fit or an operation fails.
    func callAsFunction(_ x: Tensor, of layer: Linear) throws(TorchError) -> Tensor
}
