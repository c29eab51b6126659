// SPDX-License-Identifier: Apache-2.0

import Layers
import Torch

/// Makes tokens of `patchSize` latent frames: a strided convolution without overlap, computed as one projection.
struct PatchEmbedding {
    private let weight: Tensor
    private let bias: Tensor
    private let patch: Int

    /// - Parameter weights: a cursor at the convolution; reads `weight` `[hidden, channels, patch]` and `bias`.
    init(_ weights: Weights, channels: Int, hidden: Int, patch: Int) throws {
        self.patch = patch
        weight = try weights.tensor("weight", shape: [hidden, channels, patch])
            .permute([0, 2, 1]).reshape([hidden, patch * channels])
        bias = try weights.tensor("bias", shape: [hidden])
    }

    /// - Parameter x: `[batch, frames, channels]`; missing frames of the last token are zeros.
    /// - Returns: `[batch, ceil(frames / patch), hidden]`.
    func callAsFunction(_ x: Tensor) throws -> Tensor {
        let surplus = x.dimension(1) % patch
        let padded = surplus == 0 ? x : try x.pad([0, 0, 0, patch - surplus])
        return try padded.contiguous().reshape([x.dimension(0), -1, patch * x.dimension(2)]).linear(weight, bias: bias)
    }
}

/// Makes latent frames of tokens again: a transposed convolution without overlap, computed as one projection.
struct PatchProjection {
    private let weight: Tensor
    private let bias: Tensor
    private let channels: Int

    /// - Parameter weights: a cursor at the convolution; reads `weight` `[hidden, channels, patch]` and `bias`.
    init(_ weights: Weights, hidden: Int, channels: Int, patch: Int) throws {
        self.channels = channels
        weight = try weights.tensor("weight", shape: [hidden, channels, patch])
            .permute([2, 1, 0]).reshape([patch * channels, hidden])
        let one = try weights.tensor("bias", shape: [channels])
        bias = try Tensor.cat(Array(repeating: one, count: patch), dimension: 0)
    }

    /// - Parameters:
    ///   - x: `[batch, tokens, hidden]`.
    ///   - frames: how many frames to keep.
    /// - Returns: `[batch, frames, channels]`.
    func callAsFunction(_ x: Tensor, frames: Int) throws -> Tensor {
        try x.linear(weight, bias: bias).reshape([x.dimension(0), -1, channels]).slice(1, from: 0, to: frames)
    }
}
