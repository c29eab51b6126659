// SPDX-License-Identifier: Apache-2.0

public import Torch

/// Root-mean-square normalisation over the last dimension (Zhang and Sennrich 2019), computed in float32 as Qwen3 does:
/// the normalised value is rounded to the input's type before the weight is applied.
public struct RMSNorm {
    private let weight: Tensor
    private let epsilon: Double

    /// - Parameters:
    ///   - weights: a cursor at the norm; reads `weight`, `[dimension]`.
    ///   - dimension: the size of the last dimension.
    ///   - epsilon: added to the mean square.
    /// - Throws: ``LayerError`` if a weight is missing, misshapen or of integers; `TorchError` if it cannot be held.
    public init(_ weights: Weights, dimension: Int, epsilon: Double) throws {
        weight = try weights.tensor("weight", shape: [dimension])
        self.epsilon = epsilon
    }

    /// - Parameter x: `[…, dimension]`.
    /// - Returns: the same shape and type.
    /// - Throws: `TorchError` if the shapes do not fit or an operation fails.
    public func callAsFunction(_ x: Tensor) throws(TorchError) -> Tensor {
        try x.rmsNorm(weight: weight, eps: epsilon)
    }
}
