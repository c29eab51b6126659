// SPDX-License-Identifier: Apache-2.0

public import Torch

/// A projection `y = x·Wᵀ + b` with a slot for adapters.
///
/// The weights are the checkpoint's and never change. Adapters are side branches: changing them replaces the list, and
/// without any the output is the base's, bit for bit.
public final class Linear {
    /// The place in ACE-Step's original layout, counted from the decoder: `layers.3.self_attn.q_proj`.
    public let path: String
    /// `[out, in]`.
    public let weight: Tensor
    /// `[out]`, if the layer has one.
    public let bias: Tensor?
    /// What adapters add, in the order in which it is added.
    public private(set) var branches: [any LayerBranch] = []

    /// Creates a projection without adapters.
    ///
    /// - Parameters:
    ///   - path: the place in the model, without `decoder.`.
    ///   - weight: `[out, in]`.
    ///   - bias: `[out]`, if the layer has one.
    public init(path: String, weight: Tensor, bias: Tensor? = nil) {
        self.path = path
        self.weight = weight
        self.bias = bias
    }

    /// The size of the input's last dimension.
    public var inputFeatures: Int { weight.dimension(1) }

    /// The size of the output's last dimension.
    public var outputFeatures: Int { weight.dimension(0) }

    /// Replaces what adapters add; an empty list restores the base.
    public func attach(_ branches: [any LayerBranch]) {
        self.branches = branches
    }

    /// Applies the projection and then each branch.
    ///
    /// - Parameter x: `[..., in]`.
    /// - Returns: `[..., out]`.
    /// - Throws: `TorchError` if the shapes do not fit or an operation fails.
    public func callAsFunction(_ x: Tensor) throws(TorchError) -> Tensor {
        var y = try x.linear(weight, bias: bias)
        for branch in branches { y = try branch.apply(input: x, output: y, layer: self) }
        return y
    }
}
