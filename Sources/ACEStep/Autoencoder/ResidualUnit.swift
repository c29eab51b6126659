// SPDX-License-Identifier: Apache-2.0

import Layers
import Torch

/// A residual unit of the Oobleck autoencoder: two snake activations, a dilated and a pointwise convolution.
struct ResidualUnit {
    /// The dilations of the units that follow each other in a block.
    static let dilations = [1, 3, 9]
    /// How many positions to either side a block's units see, together: three for each step of dilation.
    static let reach = dilations.reduce(0) { $0 + 3 * $1 }

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

    /// The units of a block, `res_unit1` to `res_unit3`, of growing dilation.
    static func all(_ weights: Weights, channels: Int) throws -> [ResidualUnit] {
        try dilations.enumerated().map { position, dilation in
            try ResidualUnit(weights["res_unit\(position + 1)"], channels: channels, dilation: dilation)
        }
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
