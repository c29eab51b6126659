// SPDX-License-Identifier: Apache-2.0

public import Torch

/// A one-dimensional convolution `[batch, in, length]` → `[batch, out, length′]`.
public struct Convolution {
    private let weight: NormedWeight
    private let bias: Tensor?
    private let stride: Int
    private let padding: Int
    private let dilation: Int

    /// Takes the convolution's weights.
    ///
    /// - Parameters:
    ///   - weights: a cursor at the convolution; reads weight-normed `weight_g`, `weight_v` or a plain `weight`.
    ///   - inputs: channels in.
    ///   - outputs: channels out.
    ///   - kernel: positions of the input that one output sees.
    ///   - stride: positions of the input between two outputs.
    ///   - padding: zeros put before and behind the input.
    ///   - dilation: positions of the input between two elements of the kernel.
    ///   - bias: whether there is a `bias`.
    /// - Throws: ``LayerError`` if a weight is missing, misshapen or of integers; `TorchError` if it cannot be held.
    public init(
        _ weights: Weights,
        inputs: Int,
        outputs: Int,
        kernel: Int,
        stride: Int = 1,
        padding: Int = 0,
        dilation: Int = 1,
        bias: Bool = true
    ) throws {
        weight = try NormedWeight(weights, shape: [outputs, inputs, kernel])
        self.bias = bias ? try weights.tensor("bias", shape: [outputs]) : nil
        self.stride = stride
        self.padding = padding
        self.dilation = dilation
    }

    /// - Parameter x: `[batch, in, length]`.
    /// - Returns: `[batch, out, length′]`.
    /// - Throws: `TorchError` if the shapes do not fit or an operation fails.
    public func callAsFunction(_ x: Tensor) throws(TorchError) -> Tensor {
        try x.conv1d(weight(), bias: bias, stride: stride, padding: padding, dilation: dilation)
    }
}

/// A one-dimensional transposed convolution with kernel `2 · stride` and padding `stride / 2`: exactly `stride` times as long.
public struct UpsamplingConvolution {
    private let weight: NormedWeight
    private let bias: Tensor
    private let stride: Int

    /// Takes the convolution's weights.
    ///
    /// - Parameters:
    ///   - weights: a cursor at the convolution; its weight norm runs over the *input* channels, dimension 0.
    ///   - inputs: channels in.
    ///   - outputs: channels out.
    ///   - stride: how many times as long the output is.
    /// - Throws: ``LayerError`` if a weight is missing, misshapen or of integers; `TorchError` if it cannot be held.
    public init(_ weights: Weights, inputs: Int, outputs: Int, stride: Int) throws {
        weight = try NormedWeight(weights, shape: [inputs, outputs, 2 * stride])
        bias = try weights.tensor("bias", shape: [outputs])
        self.stride = stride
    }

    /// - Parameter x: `[batch, in, length]`.
    /// - Returns: `[batch, out, stride · length]`.
    /// - Throws: `TorchError` if the shapes do not fit or an operation fails.
    public func callAsFunction(_ x: Tensor) throws(TorchError) -> Tensor {
        try x.convTranspose1d(weight(), bias: bias, stride: stride, padding: (stride + 1) / 2)
    }
}

/// A convolution's weight, its weight norm (Salimans and Kingma 2016, over dimension 0) folded in float32 when it is first
/// used: a program that never decodes never pays for it.
///
/// Parts that are trained are folded each time.
final class NormedWeight {
    private enum State {
        case parts(direction: Tensor, magnitude: Tensor)
        case folded(Tensor)
    }

    private var state: State
    private let dtype: DType
    private let isTrained: Bool

    /// - Parameters:
    ///   - weights: a cursor at the convolution; reads `weight_g` and `weight_v`, or a plain `weight`.
    ///   - shape: the weight's shape; the norm runs over all dimensions but the first.
    /// - Throws: ``LayerError`` if a weight is missing, misshapen or of integers; `TorchError` if it cannot be held.
    init(_ weights: Weights, shape: [Int]) throws {
        dtype = weights.source.dtype
        isTrained = weights.source.isTrained
        if weights.contains("weight_v") || weights.contains("weight_g") {
            state = .parts(
                direction: try weights.stored("weight_v", shape: shape),
                magnitude: try weights.stored("weight_g", shape: [shape[0], 1, 1])
            )
        } else {
            state = .folded(try weights.tensor("weight", shape: shape))
        }
    }

    /// The weight in the compute type.
    func callAsFunction() throws(TorchError) -> Tensor {
        switch state {
        case .folded(let weight): return weight
        case .parts(let direction, let magnitude):
            let wide = try direction.to(.float32)
            let norm = try wide.norm(dimensions: [1, 2], keepDimension: true)
            let weight = try (wide * (magnitude.to(.float32) / norm)).to(dtype)
            if !isTrained { state = .folded(weight) }
            return weight
        }
    }
}
