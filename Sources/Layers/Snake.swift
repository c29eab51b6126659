// SPDX-License-Identifier: Apache-2.0

public import Torch

/// The periodic activation `x + sin²(αx) / β` with a frequency and a magnitude for each channel.
///
/// Both are stored as logarithms.
/// Source: Ziyin et al. 2020, Neural networks fail to learn periodic functions and how to fix it.
public struct Snake {
    private enum State {
        case fixed(frequency: Tensor, inverseMagnitude: Tensor)
        /// The logarithms, which change.
        case trained(alpha: Tensor, beta: Tensor)
    }

    private let state: State

    /// Takes the activation's weights.
    ///
    /// - Parameters:
    ///   - weights: a cursor at the activation; reads `alpha` and `beta`, `[1, channels, 1]`.
    ///   - channels: how many channels.
    /// - Throws: ``LayerError`` if a weight is missing, misshapen or of integers; `TorchError` if it cannot be held.
    public init(_ weights: Weights, channels: Int) throws {
        let dtype = weights.source.dtype
        let alpha = try weights.tensor("alpha", shape: [1, channels, 1], dtype: .float32)
        let beta = try weights.tensor("beta", shape: [1, channels, 1], dtype: .float32)
        if weights.source.isTrained {
            state = .trained(alpha: alpha, beta: beta)
        } else {
            state = .fixed(
                frequency: try alpha.exp().to(dtype),
                inverseMagnitude: try Self.inverseMagnitude(beta).to(dtype)
            )
        }
    }

    private static func inverseMagnitude(_ beta: Tensor) throws(TorchError) -> Tensor {
        try (beta.exp() + 1e-9).reciprocal()
    }

    /// - Parameter x: `[batch, channels, length]`.
    /// - Returns: the same shape.
    /// - Throws: `TorchError` if the shapes do not fit or an operation fails.
    public func callAsFunction(_ x: Tensor) throws(TorchError) -> Tensor {
        switch state {
        case .fixed(let frequency, let inverseMagnitude): try x.snake(frequency, inverseMagnitude)
        case .trained(let alpha, let beta): try x.snake(alpha.exp(), Self.inverseMagnitude(beta))
        }
    }
}
