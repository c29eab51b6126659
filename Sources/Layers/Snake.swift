// SPDX-License-Identifier: Apache-2.0

public import Torch

/// The periodic activation `x + sin²(αx) / β` (Ziyin et al. 2020) with a frequency and a magnitude for each channel, both
/// stored as logarithms.
public struct Snake {
    private let frequency: Tensor
    private let inverseMagnitude: Tensor

    /// - Parameter weights: a cursor at the activation; reads `alpha` and `beta`, `[1, channels, 1]`.
    public init(_ weights: Weights, channels: Int) throws {
        let dtype = weights.source.dtype
        frequency = try weights.tensor("alpha", shape: [1, channels, 1], dtype: .float32).exp().to(dtype)
        let magnitude = try weights.tensor("beta", shape: [1, channels, 1], dtype: .float32).exp() + 1e-9
        inverseMagnitude = try magnitude.reciprocal().to(dtype)
    }

    /// - Parameter x: `[batch, channels, length]`.
    public func callAsFunction(_ x: Tensor) throws(TorchError) -> Tensor {
        try x.snake(frequency, inverseMagnitude)
    }
}
