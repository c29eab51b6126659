// SPDX-License-Identifier: Apache-2.0

public import Torch

/// A one-dimensional convolution `[batch, in, length]` → `[batch, out, length′]`.
public struct Convolution {
    private let weight: Tensor
    private let bias: Tensor?
    private let stride: Int
    private let padding: Int
    private let dilation: Int

    /// - Parameters:
    ///   - weights: a cursor at the convolution; reads weight-normed `weight_g`, `weight_v` or a plain `weight`.
    ///   - bias: whether there is a `bias`.
    public init(
        _ weights: Weights, inputs: Int, outputs: Int, kernel: Int, stride: Int = 1, padding: Int = 0,
        dilation: Int = 1, bias: Bool = true
    ) throws {
        weight = try weights.normedWeight(shape: [outputs, inputs, kernel])
        self.bias = bias ? try weights.tensor("bias", shape: [outputs]) : nil
        self.stride = stride
        self.padding = padding
        self.dilation = dilation
    }

    /// - Parameter x: `[batch, in, length]`.
    public func callAsFunction(_ x: Tensor) throws(TorchError) -> Tensor {
        try x.conv1d(weight, bias: bias, stride: stride, padding: padding, dilation: dilation)
    }
}

/// A one-dimensional transposed convolution with kernel `2 · stride` and padding `stride / 2`: exactly `stride` times as long.
public struct UpsamplingConvolution {
    private let weight: Tensor
    private let bias: Tensor
    private let stride: Int

    /// - Parameter weights: a cursor at the convolution; its weight norm runs over the *input* channels, dimension 0.
    public init(_ weights: Weights, inputs: Int, outputs: Int, stride: Int) throws {
        weight = try weights.normedWeight(shape: [inputs, outputs, 2 * stride])
        bias = try weights.tensor("bias", shape: [outputs])
        self.stride = stride
    }

    /// - Parameter x: `[batch, in, length]`.
    public func callAsFunction(_ x: Tensor) throws(TorchError) -> Tensor {
        try x.convTranspose1d(weight, bias: bias, stride: stride, padding: (stride + 1) / 2)
    }
}

extension Weights {
    /// The weight of a convolution, its weight norm (Salimans and Kingma 2016, dimension 0) folded in float32 once.
    func normedWeight(shape: [Int]) throws -> Tensor {
        guard contains("weight_v") || contains("weight_g") else { return try tensor("weight", shape: shape) }
        let direction = try tensor("weight_v", shape: shape, dtype: .float32)
        let magnitude = try tensor("weight_g", shape: [shape[0], 1, 1], dtype: .float32)
        let norm = try direction.norm(dimensions: [1, 2], keepDimension: true)
        return try (direction * (magnitude / norm)).to(source.dtype)
    }
}
