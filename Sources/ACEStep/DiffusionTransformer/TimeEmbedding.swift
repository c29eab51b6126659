// SPDX-License-Identifier: Apache-2.0

import Layers
package import Torch

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// What the network is told about the time of one or more steps.
package struct TimeConditioning {
    /// `[rows, steps, hidden]`, for the output norm.
    package let embedding: Tensor
    /// `[rows, steps, 6, hidden]`: shift, scale and gate of attention, then of the feed-forward block.
    package let modulation: Tensor
}

/// Embeds flow times: a sinusoid of 1000·t through two linear layers, and a projection to six modulation vectors.
package struct TimeEmbedding {
    private static let channels = 256
    private static let scale = 1000.0
    private static let longestPeriod = 10_000.0

    private let first: Linear
    private let second: Linear
    private let projection: Linear
    private let hidden: Int

    init(_ weights: Weights, hidden: Int) throws {
        self.hidden = hidden
        func layer(_ name: String, _ inputs: Int, _ outputs: Int) throws -> Linear {
            try weights.linear(name, inputs: inputs, outputs: outputs, bias: true, reading: .shared)
        }
        first = try layer("linear_1", Self.channels, hidden)
        second = try layer("linear_2", hidden, hidden)
        projection = try layer("time_proj", hidden, 6 * hidden)
    }

    /// Whether adapters act on it now.
    var isAdapted: Bool { first.isAdapted || second.isAdapted || projection.isAdapted }

    /// - Parameter times: any shape, here `[items, steps]`, in the network's type; they are multiplied by 1000 in that type,
    ///   as in training.
    /// - Returns: the shape of `times` with the vectors as last dimensions.
    /// - Throws: `TorchError` if an operation fails.
    package func callAsFunction(_ times: Tensor) throws -> TimeConditioning {
        let embedding = try second(first(sinusoid(times)).silu())
        let modulation = try projection(embedding.silu()).reshape(times.shape + [6, hidden])
        return TimeConditioning(embedding: embedding, modulation: modulation)
    }

    private func sinusoid(_ times: Tensor) throws -> Tensor {
        let half = Self.channels / 2
        // In float32 step by step, as in training: an angle is up to 1000, where a frequency's last bit shows.
        let places = try Tensor.arange(half, dtype: .float32, device: times.device)
        let frequencies = try (places * -log(Self.longestPeriod) / Double(half)).exp()
        let angles = try (times * Self.scale).to(.float32).unsqueeze(-1) * frequencies
        return try Tensor.cat([angles.cos(), angles.sin()], dimension: -1).to(times.dtype)
    }
}
