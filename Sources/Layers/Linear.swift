// SPDX-License-Identifier: Apache-2.0

public import Torch

/// A projection `y = x·Wᵀ + b` with a slot for adapters.
///
/// The weights are the checkpoint's, or made from it, and never change. Adapters are side branches: changing them replaces the list, and
/// without any the output is the base's, bit for bit.
public final class Linear {
    /// The place in ACE-Step's original layout, counted from the decoder: `layers.3.self_attn.q_proj`.
    public let path: String
    /// How it multiplies by its weight: `product(x)` is the base's `x·Wᵀ` alone, no bias, no adapters.
    public let product: any LinearProduct
    /// `[out]`, if the layer has one.
    public let bias: Tensor?
    /// How the checkpoint stores the weight: the shape that adapters are made for.
    public let layout: WeightLayout
    /// What takes the place of the weight and the bias, where adapters are merged into a copy of them.
    public private(set) var merged: MergedWeight?
    /// What adapters add, in the order in which it is added.
    public private(set) var branches: [any LayerBranch] = []
    /// What computes the projection while an adapter on it is trained; branches and merged copies do not act then.
    public var trained: (any TrainedLayer)?

    /// Creates a projection without adapters.
    ///
    /// - Parameters:
    ///   - path: the place in the model, without `decoder.`.
    ///   - product: how it multiplies by its weight.
    ///   - bias: `[out]`, if the layer has one.
    ///   - layout: how the checkpoint stores the weight.
    public init(path: String, product: any LinearProduct, bias: Tensor? = nil, layout: WeightLayout = .matrix) {
        self.path = path
        self.product = product
        self.bias = bias
        self.layout = layout
    }

    /// Creates a projection without adapters that computes in its weight's own type.
    ///
    /// - Parameters:
    ///   - path: the place in the model, without `decoder.`.
    ///   - weight: `[out, in]`.
    ///   - bias: `[out]`, if the layer has one.
    ///   - layout: how the checkpoint stores the weight.
    public convenience init(path: String, weight: Tensor, bias: Tensor? = nil, layout: WeightLayout = .matrix) {
        self.init(path: path, product: DenseProduct(weight), bias: bias, layout: layout)
    }

    /// The checkpoint's weight as the projection would use it, `[out, in]`, before any quantisation.
    ///
    /// Its type may differ from the one computed in.
    public var weight: Tensor { product.original }

    /// The size of the input's last dimension.
    public var inputFeatures: Int { product.inputFeatures }

    /// The size of the output's last dimension.
    public var outputFeatures: Int { product.outputFeatures }

    /// The shape in which the checkpoint stores the weight.
    public var storedShape: [Int] { layout.storedShape(outputs: outputFeatures, inputs: inputFeatures) }

    /// Whether adapters act on it now as branches.
    public var isAdapted: Bool { !branches.isEmpty }

    /// Replaces what adapters add; an empty list restores the base.
    ///
    /// - Parameters:
    ///   - branches: what is added, in order.
    ///   - merged: a copy of the weight that is used instead of it. Nil for the weight itself.
    public func attach(_ branches: [any LayerBranch], over merged: MergedWeight? = nil) {
        self.branches = branches
        self.merged = merged
    }

    /// Some rows of the checkpoint's weight in its stored shape, in float32, each with all its other dimensions in one, on the
    /// device that computes.
    ///
    /// - Parameters:
    ///   - start: the first index along the stored weight's first dimension.
    ///   - end: the index after the last.
    /// - Returns: `[end - start, elements of a row]`.
    /// - Throws: `TorchError` if there are no such rows.
    public func storedRows(from start: Int, to end: Int) throws(TorchError) -> Tensor {
        let rows = storedShape[0]
        let stored = layout == .matrix ? weight : try layout.stored(weight)
        return try stored.reshape([rows, -1]).slice(0, from: start, to: end).to(product.device).to(.float32)
    }

    /// Applies the projection and then each branch.
    ///
    /// - Parameter x: `[..., in]`.
    /// - Returns: `[..., out]`.
    /// - Throws: `TorchError` if the shapes do not fit or an operation fails.
    public func callAsFunction(_ x: Tensor) throws(TorchError) -> Tensor {
        if let trained { return try trained(x, of: self) }
        var y = if let merged { try merged.product(x, bias: merged.bias) } else { try product(x, bias: bias) }
        for branch in branches { y = try branch.apply(input: x, output: y, layer: self) }
        return y
    }
}

/// A copy of a layer's weight with adapters in it, as a product of its own.
public struct MergedWeight {
    /// The product with the copy.
    public let product: DenseProduct
    /// `[out]`; the layer may have had none.
    public let bias: Tensor?

    /// Names the copy, `[out, in]`, and the bias.
    public init(weight: Tensor, bias: Tensor?) {
        product = DenseProduct(weight)
        self.bias = bias
    }

    /// The copied weight, `[out, in]`.
    public var weight: Tensor { product.original }

    /// The bytes of both.
    public var byteCount: Int { weight.byteCount + (bias?.byteCount ?? 0) }
}
