// SPDX-License-Identifier: Apache-2.0

package import Layers
package import Torch

/// A residual unit of the Oobleck autoencoder: two snake activations, a dilated and a pointwise convolution.
struct ResidualUnit {
    private let firstSnake: Snake
    private let dilated: Convolution
    private let secondSnake: Snake
    private let pointwise: Convolution

    init(_ weights: Weights, channels: Int, dilation: Int) throws {
        firstSnake = try Snake(weights["snake1"], channels: channels)
        dilated = try Convolution(
            weights["conv1"],
            inputs: channels,
            outputs: channels,
            kernel: 7,
            padding: 3 * dilation,
            dilation: dilation
        )
        secondSnake = try Snake(weights["snake2"], channels: channels)
        pointwise = try Convolution(weights["conv2"], inputs: channels, outputs: channels, kernel: 1)
    }

    /// - Parameter x: `[batch, channels, length]`.
    /// - Returns: the same shape.
    /// - Throws: `TorchError` if the shapes do not fit or an operation fails.
    func callAsFunction(_ x: Tensor) throws -> Tensor {
        let residual = try pointwise(secondSnake(dilated(firstSnake(x))))
        try residual.add(inPlace: x)
        return residual
    }
}

/// One block of the decoder: upsampling, then residual units of growing dilation.
struct DecoderBlock {
    private let snake: Snake
    private let upsampling: UpsamplingConvolution
    private let units: [ResidualUnit]

    init(_ weights: Weights, inputs: Int, outputs: Int, stride: Int) throws {
        snake = try Snake(weights["snake1"], channels: inputs)
        upsampling = try UpsamplingConvolution(weights["conv_t1"], inputs: inputs, outputs: outputs, stride: stride)
        units = try OobleckDecoder.dilations.enumerated().map { position, dilation in
            try ResidualUnit(weights["res_unit\(position + 1)"], channels: outputs, dilation: dilation)
        }
    }

    /// - Parameter x: `[batch, inputs, length]`.
    /// - Returns: `[batch, outputs, stride · length]`.
    /// - Throws: `TorchError` if the shapes do not fit or an operation fails.
    func callAsFunction(_ x: Tensor) throws -> Tensor {
        var hidden = try upsampling(snake(x))
        for unit in units { hidden = try unit(hidden) }
        return hidden
    }
}

/// Turns latents into a waveform (the Oobleck decoder of Stable Audio).
package struct OobleckDecoder {
    static let dilations = [1, 3, 9]

    private let input: Convolution
    private let blocks: [DecoderBlock]
    private let snake: Snake
    private let output: Convolution
    /// The sizes.
    let configuration: AutoencoderConfiguration

    /// Takes the decoder's weights.
    ///
    /// - Parameters:
    ///   - weights: a cursor at `decoder`.
    ///   - configuration: the sizes, which the weights must have.
    /// - Throws: `LayerError` if a weight is missing, misshapen or of integers; `TorchError` if it cannot be held.
    package init(_ weights: Weights, configuration: AutoencoderConfiguration) throws {
        self.configuration = configuration
        let base = configuration.decoderChannels
        let multiples = [1] + configuration.channelMultiples
        let count = configuration.downsamplingRatios.count
        input = try Convolution(
            weights["conv1"],
            inputs: configuration.latentChannels,
            outputs: base * multiples[count],
            kernel: 7,
            padding: 3
        )
        blocks = try configuration.downsamplingRatios.reversed().enumerated().map { position, stride in
            try DecoderBlock(
                weights["block"][position],
                inputs: base * multiples[count - position],
                outputs: base * multiples[count - position - 1],
                stride: stride
            )
        }
        snake = try Snake(weights["snake1"], channels: base)
        output = try Convolution(
            weights["conv2"],
            inputs: base,
            outputs: configuration.audioChannels,
            kernel: 7,
            padding: 3,
            bias: false
        )
    }

    /// - Parameter latents: `[batch, latentChannels, frames]`.
    /// - Returns: `[batch, audioChannels, hop · frames]`.
    /// - Throws: `TorchError` if the shapes do not fit or an operation fails.
    package func callAsFunction(_ latents: Tensor) throws -> Tensor {
        var hidden = try input(latents)
        for block in blocks { hidden = try block(hidden) }
        return try output(snake(hidden))
    }

    /// How many latent frames to either side can change a frame's samples.
    ///
    /// Counted from the waveform up: each convolution reaches half its kernel, each upsampling divides the reach by its
    /// stride and adds the one neighbour that its kernel overlaps.
    package var reach: Int {
        let residual = Self.dilations.reduce(0) { $0 + 3 * $1 }
        var reach = 3
        for stride in configuration.downsamplingRatios {
            reach = (reach + residual + stride - 1) / stride + 1
        }
        return reach + 3
    }
}
