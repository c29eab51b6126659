// SPDX-License-Identifier: Apache-2.0

public import Torch

/// The product with a float32 weight that is trained, its factors rounded to bfloat16: mixed precision (Micikevicius et al.,
/// "Mixed Precision Training", 2018).
///
/// Gradients pass through the roundings, so that backwards products have rounded factors too; the weight itself and what the optimizer
/// adds to it stay float32. bfloat16 has float32's range: losses need no scale.
public struct RoundedProduct: LinearProduct {
    /// The weight, `[out, in]`, float32.
    public let original: Tensor

    /// - Parameter weight: `[out, in]`, float32.
    public init(_ weight: Tensor) { original = weight }

    /// Never: a product with the weight itself gives other numbers.
    public var isExact: Bool { false }
    /// The size of the input's last dimension.
    public var inputFeatures: Int { original.dimension(1) }
    /// The size of the output's last dimension.
    public var outputFeatures: Int { original.dimension(0) }

    /// `x · Wᵀ + bias`.
    ///
    /// - Parameters:
    ///   - x: `[..., in]`, float32.
    ///   - bias: `[out]`, float32; it is not rounded.
    /// - Returns: `[..., out]`, float32.
    /// - Throws: `TorchError` if the shapes do not fit or the operation fails.
    public func callAsFunction(_ x: Tensor, bias: Tensor?) throws(TorchError) -> Tensor {
        let y = try x.to(.bfloat16).linear(original.to(.bfloat16), bias: nil).to(.float32)
        guard let bias else { return y }
        return try y + bias
    }
}
