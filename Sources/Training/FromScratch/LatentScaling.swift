// SPDX-License-Identifier: Apache-2.0

import Checkpoints
package import Torch

/// Brings an autoencoder's latents to mean 0 and near unit variance by changing its weights: the checkpoint's format has no factor for
/// it.
///
/// The encoder's last convolution and the decoder's first are linear, so that what the one is scaled by the other can take back.
package struct LatentScaling: Sendable, Equatable {
    /// What is subtracted from each channel.
    package let means: [Float]
    /// What each channel is divided by after that.
    package let deviations: [Float]

    /// Channels that vary less than this share of the strongest are not magnified further: they say nothing, and would be learnt as
    /// if they did.
    private static let weakest: Float = 0.25

    /// Measures latents.
    ///
    /// - Parameter pieces: `[frames, channels]` each.
    /// - Throws: `TorchError` if an operation fails.
    package init(measuring pieces: [Tensor]) throws {
        let all = try Tensor.cat(pieces, dimension: 0).to(.float64)
        let mean = try all.mean(dimensions: [0], keepDimension: true)
        means = try mean.to(.float32).floats()
        let spread = try (all - mean).square().mean(dimensions: [0]).sqrt().to(.float32).floats()
        let floor = (spread.max() ?? 1) * Self.weakest
        deviations = spread.map { max($0, floor, 1e-6) }
    }

    /// Rewrites an autoencoder's file.
    ///
    /// - Parameter path: its safetensors file, whose names are those of diffusers.
    /// - Throws: ``TrainingError/state(file:reason:)`` if it lacks one of the convolutions; `TorchError`, `CheckpointError`.
    package func apply(to path: String) throws {
        let reader = try TensorFileReader(path: path)
        var tensors: [String: Tensor] = [:]
        for name in reader.names { tensors[name] = try reader.tensor(name).to(.float32) }
        let count = means.count
        let mean = try Tensor(means, shape: [count])
        let deviation = try Tensor(deviations, shape: [count])
        let output = try Convolution(tensors, "encoder.conv2", path: path)
        let input = try Convolution(tensors, "decoder.conv1", path: path)
        guard output.weight.dimension(0) == 2 * count, input.weight.dimension(1) == count else {
            throw TrainingError.state(file: path, reason: "it does not have the \(count) channels that were measured")
        }
        // Means are the first half of what the encoder says; how sure it is stays as it is.
        let rows = try Tensor.cat([deviation, Tensor.ones([count])], dimension: 0)
        let shift = try Tensor.cat([mean, Tensor.zeros([count])], dimension: 0)
        try Convolution(
            weight: output.weight / rows.reshape([-1, 1, 1]),
            bias: (output.bias - shift) / rows
        ).put(into: &tensors, "encoder.conv2")
        // Exact but for the frames at the edges, where the decoder sees zeros in place of the mean.
        let lift = try (input.weight * mean.reshape([1, -1, 1])).sum(dimensions: [1, 2])
        try Convolution(
            weight: input.weight * deviation.reshape([1, -1, 1]),
            bias: input.bias + lift
        ).put(into: &tensors, "decoder.conv1")
        try TensorFileWriter.write(
            to: path,
            tensors: tensors.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) },
            metadata: reader.metadata
        )
    }

    /// A convolution with weight norm, its weight multiplied out.
    private struct Convolution {
        let weight: Tensor
        let bias: Tensor

        init(weight: Tensor, bias: Tensor) {
            self.weight = weight
            self.bias = bias
        }

        init(_ tensors: [String: Tensor], _ name: String, path: String) throws {
            guard let direction = tensors[name + ".weight_v"], let magnitude = tensors[name + ".weight_g"],
                let bias = tensors[name + ".bias"]
            else { throw TrainingError.state(file: path, reason: "it has no convolution '\(name)' with weight norm") }
            weight = try direction * (magnitude / direction.norm(dimensions: [1, 2], keepDimension: true))
            self.bias = bias
        }

        func put(into tensors: inout [String: Tensor], _ name: String) throws {
            tensors[name + ".weight_v"] = weight
            tensors[name + ".weight_g"] = try weight.norm(dimensions: [1, 2], keepDimension: true)
            tensors[name + ".bias"] = bias
        }
    }
}
