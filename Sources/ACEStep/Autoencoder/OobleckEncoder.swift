// SPDX-License-Identifier: Apache-2.0

package import Layers
package import Torch

/// One block of the encoder: residual units of growing dilation, then downsampling.
struct EncoderBlock {
    private let units: [ResidualUnit]
    private let snake: Snake
    private let downsampling: Convolution

    init(_ weights: Weights, inputs: Int, outputs: Int, stride: Int) throws {
        units = try ResidualUnit.all(weights, channels: inputs)
        snake = try Snake(weights["snake1"], channels: inputs)
        downsampling = try Convolution(
            weights["conv1"],
            inputs: inputs,
            outputs: outputs,
            kernel: 2 * stride,
            stride: stride,
            padding: stride / 2
        )
    }

    /// - Parameter x: `[batch, inputs, length]`.
    /// - Returns: `[batch, outputs, length / stride]`, rounded down.
    /// - Throws: `TorchError` if the shapes do not fit or an operation fails.
    func callAsFunction(_ x: Tensor) throws -> Tensor {
        var hidden = x
        for unit in units { hidden = try unit(hidden) }
        return try downsampling(snake(hidden))
    }
}

/// Turns a waveform into a distribution of latents (the Oobleck encoder of Stable Audio).
package struct OobleckEncoder {
    private let input: Convolution
    private let blocks: [EncoderBlock]
    private let snake: Snake
    private let output: Convolution
    /// The sizes.
    let configuration: AutoencoderConfiguration

    /// Takes the encoder's weights.
    ///
    /// - Parameters:
    ///   - weights: a cursor at `encoder`.
    ///   - configuration: the sizes, which the weights must have.
    /// - Throws: `LayerError` if a weight is missing, misshapen or of integers; `TorchError` if it cannot be held.
    package init(_ weights: Weights, configuration: AutoencoderConfiguration) throws {
        self.configuration = configuration
        let base = configuration.encoderChannels
        let widths = [base] + configuration.channelMultiples.map { base * $0 }
        input = try Convolution(
            weights["conv1"],
            inputs: configuration.audioChannels,
            outputs: base,
            kernel: 7,
            padding: 3
        )
        blocks = try configuration.downsamplingRatios.enumerated().map { position, stride in
            try EncoderBlock(
                weights["block"][position],
                inputs: widths[position],
                outputs: widths[position + 1],
                stride: stride
            )
        }
        let last = widths[widths.count - 1]
        snake = try Snake(weights["snake1"], channels: last)
        output = try Convolution(
            weights["conv2"],
            inputs: last,
            outputs: 2 * configuration.latentChannels,
            kernel: 3,
            padding: 1
        )
    }

    /// - Parameter audio: `[batch, audioChannels, length]`, of at least one frame.
    /// - Returns: the posterior of `length / hop` frames, rounded down.
    /// - Throws: `TorchError` if the shapes do not fit or an operation fails.
    package func callAsFunction(_ audio: Tensor) throws -> LatentPosterior {
        var hidden = try input(audio)
        for block in blocks { hidden = try block(hidden) }
        return try LatentPosterior(parameters: output(snake(hidden)))
    }

    /// How many frames to either side of a frame hold samples that can change it.
    ///
    /// Counted from the latents down, beyond what a frame itself covers: each downsampling multiplies the reach by its
    /// stride and adds the half stride by which its kernel overlaps each neighbour; the other convolutions add half their
    /// kernels.
    package var reach: Int {
        var samples = 1
        for stride in configuration.downsamplingRatios.reversed() {
            samples = samples * stride + stride / 2 + ResidualUnit.reach
        }
        return (samples + 3 + configuration.hop - 1) / configuration.hop
    }
}
