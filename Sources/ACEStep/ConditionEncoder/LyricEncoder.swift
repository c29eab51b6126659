// SPDX-License-Identifier: Apache-2.0

package import Layers
package import Torch

/// A bidirectional transformer over the embeddings of the lyrics' tokens.
package struct LyricEncoder {
    private let input: Linear
    private let stack: EncoderStack

    init(_ weights: Weights, configuration: ModelConfiguration) throws {
        input = try weights.linear(
            "embed_tokens",
            inputs: configuration.textDimension,
            outputs: configuration.encoder.hidden,
            bias: true
        )
        stack = try EncoderStack(weights, configuration: configuration, layers: configuration.lyricLayers)
    }

    /// - Parameters:
    ///   - embeddings: `[batch, length, textDimension]`.
    ///   - padding: which positions may be seen; nil if all may.
    /// - Returns: `[batch, length, hidden]`.
    /// - Throws: `TorchError` if the shapes do not fit or an operation fails.
    package func callAsFunction(_ embeddings: Tensor, padding: KeyPadding? = nil) throws -> Tensor {
        try stack(input(embeddings), padding: padding)
    }
}
