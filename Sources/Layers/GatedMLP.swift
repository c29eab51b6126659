// SPDX-License-Identifier: Apache-2.0

public import Torch

/// The feed-forward block `down(silu(gate(x)) · up(x))` (SwiGLU, Shazeer 2020), without biases.
public struct GatedMLP {
    private let gate: Linear
    private let up: Linear
    private let down: Linear

    /// - Parameters:
    ///   - weights: a cursor at the block; reads `gate_proj`, `up_proj`, `down_proj`.
    ///   - dimension: channels in and out.
    ///   - intermediate: channels between.
    /// - Throws: ``LayerError`` if a weight is missing, misshapen or of integers; `TorchError` if it cannot be held.
    public init(_ weights: Weights, dimension: Int, intermediate: Int) throws {
        gate = try weights.linear("gate_proj", inputs: dimension, outputs: intermediate)
        up = try weights.linear("up_proj", inputs: dimension, outputs: intermediate)
        down = try weights.linear("down_proj", inputs: intermediate, outputs: dimension)
    }

    /// - Parameter x: `[batch, length, dimension]`.
    /// - Returns: the same shape.
    /// - Throws: `TorchError` if the shapes do not fit or an operation fails.
    public func callAsFunction(_ x: Tensor) throws(TorchError) -> Tensor {
        try down(gate(x).silu(multipliedBy: up(x)))
    }
}
