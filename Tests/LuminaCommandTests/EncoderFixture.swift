// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import TestSupport

/// The fixtures' checkpoints with an encoder of audio, which would be 12 MB in the repository.
enum EncoderFixture {
    private static let width = 128
    private static let ratios = [2, 4, 4, 6, 10]
    private static let multiples = [1, 1, 1, 1, 2]

    /// A copy of the checkpoints whose autoencoder has random weights for its encoder, the same each time.
    static func checkpoint() throws -> FixtureCopy {
        let copy = try FixtureCopy(of: "checkpoints")
        try copy.edit(tensors: "vae/diffusion_pytorch_model.safetensors") { file in
            var generator = SeededGenerator(seed: 9)
            for (name, shape) in shapes() {
                let inputs = Float(shape.dropFirst().reduce(1, *))
                let values = (0..<shape.reduce(1, *)).map { _ -> Float in
                    if name.hasSuffix("weight_g") { return 0.5 }
                    let noise = Float.random(in: -1...1, using: &generator)
                    return name.hasSuffix("weight_v") ? noise / inputs.squareRoot() : 0.1 * noise
                }
                file.tensors["encoder." + name] = .init(dtype: .float32, shape: shape, bytes: bytes(values))
            }
        }
        return copy
    }

    private static func bytes(_ values: [Float]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(4 * values.count)
        for value in values {
            for shift in [0, 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> shift)) }
        }
        return bytes
    }

    private static func shapes() -> [(String, [Int])] {
        var shapes: [(String, [Int])] = []
        func convolution(_ name: String, _ outputs: Int, _ inputs: Int, _ kernel: Int) {
            shapes += [
                (name + ".weight_v", [outputs, inputs, kernel]), (name + ".weight_g", [outputs, 1, 1]),
                (name + ".bias", [outputs]),
            ]
        }
        func snake(_ name: String, _ channels: Int) {
            shapes += [(name + ".alpha", [1, channels, 1]), (name + ".beta", [1, channels, 1])]
        }
        convolution("conv1", width, 2, 7)
        var channels = width
        for (position, ratio) in ratios.enumerated() {
            let block = "block.\(position)"
            for unit in 1...3 {
                let name = "\(block).res_unit\(unit)"
                snake(name + ".snake1", channels)
                convolution(name + ".conv1", channels, channels, 7)
                snake(name + ".snake2", channels)
                convolution(name + ".conv2", channels, channels, 1)
            }
            snake(block + ".snake1", channels)
            convolution(block + ".conv1", width * multiples[position], channels, 2 * ratio)
            channels = width * multiples[position]
        }
        snake("snake1", channels)
        convolution("conv2", width, channels, 3)
        return shapes
    }
}
