// SPDX-License-Identifier: Apache-2.0

import Layers
import Torch

/// Makes tokens of `patchSize` latent frames: a strided convolution without overlap, computed as one projection.
struct PatchEmbedding {
    private let projection: Linear
    private let patch: Int

    /// Takes the convolution's weights.
    ///
    /// - Parameters:
    ///   - weights: a cursor at the transformer; reads `proj_in.1`: `weight` `[hidden, channels, patch]` and `bias`.
    ///   - channels: channels of a frame.
    ///   - hidden: channels of a token.
    ///   - patch: frames of a token.
    /// - Throws: `LayerError` or `TorchError` if a tensor is missing or of another shape.
    init(_ weights: Weights, channels: Int, hidden: Int, patch: Int) throws {
        self.patch = patch
        projection = try weights.patchProjection(
            "proj_in.1",
            layout: .patches(channels: channels, size: patch),
            inputs: patch * channels,
            outputs: hidden
        )
    }

    /// - Parameter x: `[batch, frames, channels]`; missing frames of the last token are zeros.
    /// - Returns: `[batch, ceil(frames / patch), hidden]`.
    /// - Throws: `TorchError` if the shapes do not fit.
    func callAsFunction(_ x: Tensor) throws -> Tensor {
        let surplus = x.dimension(1) % patch
        let padded = surplus == 0 ? x : try x.pad([0, 0, 0, patch - surplus])
        return try projection(padded.contiguous().reshape([x.dimension(0), -1, patch * x.dimension(2)]))
    }
}

/// Makes latent frames of tokens again: a transposed convolution without overlap, computed as one projection.
struct PatchProjection {
    private let projection: Linear
    private let channels: Int

    /// Takes the convolution's weights.
    ///
    /// - Parameters:
    ///   - weights: a cursor at the transformer; reads `proj_out.1`: `weight` `[hidden, channels, patch]` and `bias`.
    ///   - hidden: channels of a token.
    ///   - channels: channels of a frame.
    ///   - patch: frames of a token.
    /// - Throws: `LayerError` or `TorchError` if a tensor is missing or of another shape.
    init(_ weights: Weights, hidden: Int, channels: Int, patch: Int) throws {
        self.channels = channels
        projection = try weights.patchProjection(
            "proj_out.1",
            layout: .transposedPatches(channels: channels, size: patch),
            inputs: hidden,
            outputs: patch * channels
        )
    }

    /// - Parameters:
    ///   - x: `[batch, tokens, hidden]`.
    ///   - frames: how many frames to keep.
    /// - Returns: `[batch, frames, channels]`.
    /// - Throws: `TorchError` if the shapes do not fit.
    func callAsFunction(_ x: Tensor, frames: Int) throws -> Tensor {
        try projection(x).reshape([x.dimension(0), -1, channels]).slice(1, from: 0, to: frames)
    }
}
