// SPDX-License-Identifier: Apache-2.0

import Layers
import Torch

/// The stack that all of ACE-Step's encoders share: even layers see a band, odd layers everything.
struct EncoderStack {
    private let stack: TransformerStack
    private let window: Int

    /// - Parameters:
    ///   - weights: a cursor at the stack; reads `layers.N` and `norm`.
    ///   - sizes: the sizes, which the weights must have.
    ///   - window: how far an even layer sees to either side.
    /// - Throws: `LayerError` if a weight is missing, misshapen or of integers; `TorchError` if it cannot be held.
    init(_ weights: Weights, sizes: TransformerStack.Configuration, window: Int) throws {
        stack = try TransformerStack(weights, configuration: sizes)
        self.window = window
    }

    /// A stack of the condition encoder.
    init(_ weights: Weights, configuration: ModelConfiguration, layers: Int) throws {
        let widths = configuration.encoder
        try self.init(
            weights,
            sizes: .init(
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
            ),
            window: configuration.slidingWindow
        )
    }

    /// - Parameters:
    ///   - x: `[batch, length, hidden]`.
    ///   - padding: which positions may be seen; nil if all may.
    /// - Returns: the normalised last hidden states, same shape.
    /// - Throws: `TorchError` if the shapes do not fit or an operation fails.
    func callAsFunction(_ x: Tensor, padding: KeyPadding? = nil) throws -> Tensor {
        let band = try SlidingWindow(
            length: x.dimension(1),
            window: window,
            dtype: x.dtype,
            device: x.device,
            padding: padding
        )
        let whole = padding.map { AttentionPattern.padded($0) } ?? .full
        return try stack(x) { $0.isMultiple(of: 2) ? .sliding(band) : whole }
    }
}
