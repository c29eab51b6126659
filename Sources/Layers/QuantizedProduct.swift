// SPDX-License-Identifier: Apache-2.0

public import Torch

/// How products in int8 are computed.
public enum QuantizationMethod: Sendable, Equatable {
    /// Weights and activations are integers and multiplied as such: for processors with VNNI.
    case dynamic
    /// Weights are kept as integers and multiplied as numbers of the compute type: half the memory, on any device.
    case weightsOnly
}

/// The product in int8: weights quantised once for each output, activations for each token as they come.
public struct QuantizedProduct: LinearProduct {
    /// The mapped weight as stored: it costs addresses, not memory, until somebody reads it.
    public let original: Tensor
    /// The integers.
    public let matrix: Int8Matrix

    /// Quantises a weight.
    ///
    /// - Parameter weight: `[out, in]` in any floating-point type, on the CPU; kept as ``original``.
    /// - Throws: `TorchError` where the processor lacks the instructions, or if it is no matrix or has no elements.
    public init(quantizing weight: Tensor) throws(TorchError) {
        self.init(try Int8Matrix(quantizing: weight), original: weight)
    }

    /// A weight that was quantised before.
    public init(_ matrix: Int8Matrix, original: Tensor) {
        self.matrix = matrix
        self.original = original
    }

    /// Never.
    public var isExact: Bool { false }
    /// The size of the input's last dimension.
    public var inputFeatures: Int { matrix.inputFeatures }
    /// The size of the output's last dimension.
    public var outputFeatures: Int { matrix.outputFeatures }

    /// `x · Wᵀ + bias`.
    ///
    /// - Parameters:
    ///   - x: `[..., in]`, float32 or bfloat16.
    ///   - bias: `[out]`.
    /// - Returns: `[..., out]` in the input's type, a fresh contiguous tensor.
    /// - Throws: `TorchError` if the shapes do not fit, a gradient is asked for, or the operation fails.
    public func callAsFunction(_ x: Tensor, bias: Tensor?) throws(TorchError) -> Tensor {
        try x.linear(matrix, bias: bias)
    }
}

/// The product with weights that are kept as integers and become numbers of the input's type for each product.
///
/// Integers up to 127 are exact in bfloat16, so that the only loss is that of the quantisation.
public struct WeightOnlyProduct: LinearProduct {
    /// The mapped weight as stored, on the CPU whatever device computes.
    public let original: Tensor
    /// int8, `[out, in]`.
    private let values: Tensor
    /// float32, `[out]`.
    private let scales: Tensor

    /// Quantises a weight as ``QuantizedProduct`` does.
    ///
    /// - Parameters:
    ///   - weight: `[out, in]` in any floating-point type; kept as ``original``.
    ///   - device: where to compute.
    /// - Throws: `TorchError` if it cannot be held there.
    public init(quantizing weight: Tensor, device: Device) throws(TorchError) {
        let numbers = try weight.to(device).to(.float32)
        let scales = try numbers.abs().amax(dimensions: [1]) * (1.0 / 127)
        // Rows of zeros have the scale 0 and stay zeros.
        let divisors = try scales.clamp(min: Self.smallestScale).unsqueeze(1)
        values = try (numbers / divisors).round().to(.int8)
        self.scales = scales
        original = weight
    }

    /// The smallest number whose reciprocal is finite in float32, or nearly.
    private static let smallestScale = 0x1p-126

    /// Never.
    public var isExact: Bool { false }
    /// The size of the input's last dimension.
    public var inputFeatures: Int { values.dimension(1) }
    /// The size of the output's last dimension.
    public var outputFeatures: Int { values.dimension(0) }
    /// Where it is computed.
    public var device: Device { values.device }

    /// `x · Wᵀ + bias`.
    ///
    /// - Parameters:
    ///   - x: `[..., in]`, in any floating-point type.
    ///   - bias: `[out]`.
    /// - Returns: `[..., out]` in the input's type, a fresh contiguous tensor.
    /// - Throws: `TorchError` if the shapes do not fit or the operation fails.
    public func callAsFunction(_ x: Tensor, bias: Tensor?) throws(TorchError) -> Tensor {
        let dtype = x.dtype
        // The scales are applied in float32: a factor rounded to bfloat16 would be off by more than the integers are.
        var y = try x.linear(values.to(dtype)) * scales
        if let bias { y = try y + bias }
        return try y.to(dtype)
    }
}
