// SPDX-License-Identifier: Apache-2.0

public import Torch

/// How a projection multiplies by its weight; what adapters add comes on top of it, whatever it is.
public protocol LinearProduct {
    /// The size of the input's last dimension.
    var inputFeatures: Int { get }
    /// The size of the output's last dimension.
    var outputFeatures: Int { get }
    /// The original weight, `[out, in]`, in the type in which it is kept: for merging adapters and for those that need
    /// its norms.
    var original: Tensor { get }
    /// `x · Wᵀ + bias`.
    ///
    /// - Parameters:
    ///   - x: `[..., in]`.
    ///   - bias: `[out]`.
    /// - Returns: `[..., out]`, a fresh contiguous tensor.
    /// - Throws: `TorchError` if the shapes do not fit or the operation fails.
    func callAsFunction(_ x: Tensor, bias: Tensor?) throws(TorchError) -> Tensor
}

/// The product with a weight of floating-point numbers.
public struct DenseProduct: LinearProduct {
    public let original: Tensor

    /// - Parameter weight: `[out, in]`, in the type to compute in.
    public init(_ weight: Tensor) { original = weight }

    public var inputFeatures: Int { original.dimension(1) }
    public var outputFeatures: Int { original.dimension(0) }

    public func callAsFunction(_ x: Tensor, bias: Tensor?) throws(TorchError) -> Tensor {
        try x.linear(original, bias: bias)
    }
}

/// The product in int8: weights quantised once for each output, activations for each token as they come.
public struct QuantizedProduct: LinearProduct {
    /// The mapped weight as stored: it costs addresses, not memory, until somebody reads it.
    public let original: Tensor
    private let matrix: Int8Matrix

    /// Quantises a weight.
    ///
    /// - Parameter weight: `[out, in]` in any floating-point type, on the CPU; kept as ``original``.
    public init(quantizing weight: Tensor) throws(TorchError) {
        matrix = try Int8Matrix(quantizing: weight)
        original = weight
    }

    public var inputFeatures: Int { matrix.inputFeatures }
    public var outputFeatures: Int { matrix.outputFeatures }

    public func callAsFunction(_ x: Tensor, bias: Tensor?) throws(TorchError) -> Tensor {
        try x.linear(matrix, bias: bias)
    }
}
