// SPDX-License-Identifier: Apache-2.0

public import Torch

/// The periodic activation `x + sin²(αx) / β` with a frequency and a magnitude for each channel.
///
/// Both are stored as logarithms.
/// Source: Ziyin et al. 2020, Neural networks fail to learn periodic functions and how to fix it.
public struct Snake {
    private let frequency: Tensor
    private let inverseMagnitude: Tensor

    /// Takes the activation's weights.
    ///
    /// - Parameters:
    ///   - weights: a cursor at the activation; reads `alpha` and `beta`, `[1, channels, 1]`.
    ///   - channels: how many channels.
    /// - Throws: ``LayerError`` if a weight is missing, misshapen or of integers; `TorchError` if it cannot be held.
    public init(_ weights: Weights, channels: Int) throws {
        let dtype = weights.source.dtype
        frequency = try weights.tensor("alpha", shape: [1, channels, 1], dtype: .float32).exp().to(dtype)
        let magnitude = try weights.tensor("beta", shape: [1, channels, 1], dtype: .float32).exp() + 1e-9
        inverseMagnitude = try magnitude.reciprocal().to(dtype)
    }

    /// - Parameter x: `[batch, channels, length]`.
    /// - Returns: the same shape.
    /// - Throws: `TorchError` if the shapes do not fit or an operation fails.
    public func callAsFunction(_ x: Tensor) throws(TorchError) -> Tensor {
        try x.snake(frequency, inverseMagnitude)
    }
}
