// SPDX-License-Identifier: Apache-2.0

public import Torch

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The tables of rotary position embedding for positions `0 ..< length`.
///
/// Halves are duplicated as Qwen3 lays them out: channel `j` turns with channel `j + headDimension / 2`.
/// Source: Su et al. 2021, RoFormer.
public struct RotaryEmbedding {
    /// Cosines, `[length, headDimension]`.
    public let cosine: Tensor
    /// Sines, `[length, headDimension]`.
    public let sine: Tensor

    /// Computes the tables.
    ///
    /// - Parameters:
    ///   - length: how many positions.
    ///   - headDimension: channels of one head, an even number.
    ///   - base: the wavelength base, theta.
    ///   - dtype: what the tables are rounded to after being computed in float32.
    ///   - device: where queries and keys are.
    /// - Throws: `TorchError` if there is no memory for them on the device.
    public init(length: Int, headDimension: Int, base: Double, dtype: DType, device: Device) throws(TorchError) {
        let half = headDimension / 2
        let frequencies = try Tensor(
            (0..<half).map { Float(pow(base, -2 * Double($0) / Double(headDimension))) },
            shape: [1, half]
        )
        let positions = try Tensor.arange(length, dtype: .float32, device: .cpu).unsqueeze(1)
        let angles = try positions * frequencies
        let both = try Tensor.cat([angles, angles], dimension: -1)
        cosine = try both.cos().to(dtype).to(device)
        sine = try both.sin().to(dtype).to(device)
    }

    /// Turns queries or keys.
    ///
    /// - Parameter x: `[batch, heads, length, headDimension]`.
    /// - Returns: the same shape and type.
    /// - Throws: `TorchError` if the shapes do not fit or an operation fails.
    public func callAsFunction(_ x: Tensor) throws(TorchError) -> Tensor {
        try x.rotaryEmbedding(cos: cosine, sin: sine)
    }
}
