// SPDX-License-Identifier: Apache-2.0

public import Torch

/// How a projection multiplies by its weight; what adapters add comes on top of it, whatever it is.
public protocol LinearProduct {
    /// The size of the input's last dimension.
    var inputFeatures: Int { get }
    /// The size of the output's last dimension.
    var outputFeatures: Int { get }
    /// The weight without any loss that the product brings with it, `[out, in]`.
    ///
    /// For norms of adapters and for merging; its type may differ from the one computed in.
    var original: Tensor { get }
    /// Whether the product's numbers are those of ``original``: only then may a merged copy take its place.
    var isExact: Bool { get }
    /// Where it is computed; the original may lie elsewhere.
    var device: Device { get }

    /// `x · Wᵀ + bias`.
    ///
    /// - Parameters:
    ///   - x: `[..., in]`.
    ///   - bias: `[out]`.
    /// - Returns: `[..., out]`, a fresh contiguous tensor.
    /// - Throws: `TorchError` if the shapes do not fit or the operation fails.
    func callAsFunction(_ x: Tensor, bias: Tensor?) throws(TorchError) -> Tensor
}

extension LinearProduct {
    /// Where the original lies.
    public var device: Device { original.device }

    /// `x · Wᵀ`: no bias.
    ///
    /// - Parameter x: `[..., in]`.
    /// - Returns: `[..., out]`, a fresh contiguous tensor.
    /// - Throws: `TorchError` if the shapes do not fit or the operation fails.
    public func callAsFunction(_ x: Tensor) throws(TorchError) -> Tensor { try self(x, bias: nil) }
}

/// The product with a weight of floating-point numbers.
public struct DenseProduct: LinearProduct {
    /// The weight, `[out, in]`, in the type to compute in.
    public let original: Tensor

    /// - Parameter weight: `[out, in]`, in the type to compute in.
    public init(_ weight: Tensor) { original = weight }

    /// Always.
    public var isExact: Bool { true }
    /// The size of the input's last dimension.
    public var inputFeatures: Int { original.dimension(1) }
    /// The size of the output's last dimension.
    public var outputFeatures: Int { original.dimension(0) }

    /// `x · Wᵀ + bias`.
    ///
    /// - Parameters:
    ///   - x: `[..., in]`, in the weight's type.
    ///   - bias: `[out]`.
    /// - Returns: `[..., out]`, a fresh contiguous tensor.
    /// - Throws: `TorchError` if the shapes do not fit or the operation fails.
    public func callAsFunction(_ x: Tensor, bias: Tensor?) throws(TorchError) -> Tensor {
        try x.linear(original, bias: bias)
    }
}
