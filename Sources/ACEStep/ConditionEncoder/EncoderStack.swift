// SPDX-License-Identifier: Apache-2.0

import Layers
import Torch

/// The stack that the lyric and timbre encoders share: even layers see a band, odd layers everything.
struct EncoderStack {
    private let stack: TransformerStack
    private let configuration: ModelConfiguration

    init(_ weights: Weights, configuration: ModelConfiguration, layers: Int) throws {
        let widths = configuration.encoder
        self.configuration = configuration
        stack = try TransformerStack(
            weights,
            configuration: .init(
                attention: .init(
                    dimension: widths.hidden,
                    heads: widths.heads,
                    keyValueHeads: widths.keyValueHeads,
                    headDimension: configuration.headDimension,
                    epsilon: configuration.epsilon
                ),
                intermediate: widths.intermediate,
                layers: layers,
                rotaryBase: configuration.rotaryBase
            )
        )
    }

    /// - Parameter x: `[batch, length, hidden]`.
    /// - Returns: the normalised last hidden states, same shape.
    /// - Throws: `TorchError` if the shapes do not fit or an operation fails.
    func callAsFunction(_ x: Tensor) throws -> Tensor {
        let window = try SlidingWindow(
            length: x.dimension(1),
            window: configuration.slidingWindow,
            dtype: x.dtype,
            device: x.device
        )
        return try stack(x) { configuration.isSliding(encoderLayer: $0) ? .sliding(window) : .full }
    }
}
