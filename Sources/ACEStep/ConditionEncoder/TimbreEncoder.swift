// SPDX-License-Identifier: Apache-2.0

import Layers
package import Torch

/// Reads one vector off a reference clip: the first position of a bidirectional transformer over its latents.
///
/// The XL models put a learned token before the clip and read that; the 2B models carry the token but do not use it.
package struct TimbreEncoder {
    private let input: Linear
    private let token: Tensor?
    private let stack: EncoderStack

    init(_ weights: Weights, configuration: ModelConfiguration, prependsToken: Bool) throws {
        input = try weights.linear(
            "embed_tokens",
            inputs: configuration.timbreDimension,
            outputs: configuration.encoder.hidden,
            bias: true
        )
        if prependsToken {
            token = try weights.tensor("special_token", shape: [1, 1, configuration.encoder.hidden])
        } else {
            token = nil
            weights.source.acknowledge(weights.path + ".special_token")
        }
        stack = try EncoderStack(weights, configuration: configuration, layers: configuration.timbreLayers)
    }

    /// - Parameter clip: latents `[batch, frames, latentChannels]`.
    /// - Returns: `[batch, 1, hidden]`.
    /// - Throws: `TorchError` if the shapes do not fit or an operation fails.
    package func callAsFunction(_ clip: Tensor) throws -> Tensor {
        var sequence = try input(clip)
        if let token {
            sequence = try Tensor.cat(
                [token.expand([sequence.dimension(0), 1, sequence.dimension(2)]), sequence],
                dimension: 1
            )
        }
        return try stack(sequence).slice(1, from: 0, to: 1)
    }
}
