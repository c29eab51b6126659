// SPDX-License-Identifier: Apache-2.0

public import Torch

/// A projection `y = x·Wᵀ + b` with a slot for adapters.
///
/// The weights are the checkpoint's, or quantised from it, and never change. Adapters are side branches: changing them replaces the list, and
/// without any the output is the base's, bit for bit.
public final class Linear {
    /// The place in ACE-Step's original layout, counted from the decoder: `layers.3.self_attn.q_proj`.
    public let path: String
    /// How it multiplies by its weight.
    public let product: any LinearProduct
    /// `[out]`, if the layer has one.
    public let bias: Tensor?
    /// What adapters add, in the order in which it is added.
    public private(set) var branches: [any LayerBranch] = []

    /// Creates a projection without adapters.
    ///
    /// - Parameters:
    ///   - path: the place in the model, without `decoder.`.
    ///   - product: how it multiplies by its weight.
    ///   - bias: `[out]`, if the layer has one.
    public init(path: String, product: any LinearProduct, bias: Tensor? = nil) {
        self.path = path
        self.product = product
        self.bias = bias
    }

    /// Creates a projection without adapters that computes in its weight's own type.
    ///
    /// - Parameters:
    ///   - path: the place in the model, without `decoder.`.
    ///   - weight: `[out, in]`.
    ///   - bias: `[out]`, if the layer has one.
    public convenience init(path: String, weight: Tensor, bias: Tensor? = nil) {
        self.init(path: path, product: DenseProduct(weight), bias: bias)
    }

    /// The weight as it was before any quantisation, `[out, in]`.
    ///
    /// For merging adapters and for those that need its norms; where the product is quantised, its pages are read again.
    ///
    /// - Parameter dtype: the type wanted; nil takes the one in which it is kept, which may be the checkpoint's.
    public func denseWeight(_ dtype: DType? = nil) throws(TorchError) -> Tensor {
        guard let dtype else { return product.original }
        return try product.original.to(dtype)
    }

    /// The size of the input's last dimension.
    public var inputFeatures: Int { product.inputFeatures }

    /// The size of the output's last dimension.
    public var outputFeatures: Int { product.outputFeatures }

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
        var y = try product(x, bias: bias)
        for branch in branches { y = try branch.apply(input: x, output: y, layer: self) }
        return y
    }
}
