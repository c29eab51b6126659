// SPDX-License-Identifier: Apache-2.0

package import Layers
package import Torch

/// One block of the decoder: upsampling, then residual units of growing dilation.
struct DecoderBlock {
    private let snake: Snake
    private let upsampling: UpsamplingConvolution
    private let units: [ResidualUnit]

    init(_ weights: Weights, inputs: Int, outputs: Int, stride: Int) throws {
        snake = try Snake(weights["snake1"], channels: inputs)
        upsampling = try UpsamplingConvolution(weights["conv_t1"], inputs: inputs, outputs: outputs, stride: stride)
        units = try ResidualUnit.all(weights, channels: outputs)
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
        var reach = 3
        for stride in configuration.downsamplingRatios {
            reach = (reach + ResidualUnit.reach + stride - 1) / stride + 1
        }
        return reach + 3
    }
}
