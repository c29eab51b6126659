// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Torch

/// Named float32 tensors drawn from one seeded generator, in the order they are added.
struct RandomTensors {
    private let generator: Generator
    private var specifications: [TensorSpecification] = []
    private var payloads: [String: [UInt8]] = [:]

    init(seed: UInt64) throws {
        generator = try Generator(seed: seed)
    }

    /// Adds a normally distributed tensor with this standard deviation around `mean`.
    mutating func add(_ name: String, _ shape: [Int], scale: Double, around mean: Double = 0) throws {
        let noise = try Tensor.randn(shape, generator: generator, dtype: .float32, device: .cpu)
        try keep(name, noise * scale + mean)
    }

    /// Adds a weight `[out, in, …]` whose products keep the size of their input.
    mutating func weight(_ name: String, _ shape: [Int]) throws {
        let fanIn = shape.dropFirst().reduce(1, *)
        try add(name + ".weight", shape, scale: 1 / Double(max(fanIn, 1)).squareRoot())
    }

    /// Adds a weight and a bias.
    mutating func weightAndBias(_ name: String, _ shape: [Int], outputs: Int? = nil) throws {
        try weight(name, shape)
        try add(name + ".bias", [outputs ?? shape[0]], scale: 0.05)
    }

    /// Adds the scale of a norm, around one.
    mutating func norm(_ name: String, _ dimension: Int) throws {
        try add(name + ".weight", [dimension], scale: 0.1, around: 1)
    }

    /// Adds a convolution with weight norm over its first dimension, and a bias if it has one.
    mutating func convolution(_ name: String, _ shape: [Int], bias: Int?, gain: Double) throws {
        try add(name + ".weight_v", shape, scale: 1)
        try add(name + ".weight_g", [shape[0], 1, 1], scale: 0.1 * gain, around: gain)
        if let bias { try add(name + ".bias", [bias], scale: 0.02) }
    }

    /// Writes all tensors to a safetensors file.
    func write(to path: String, metadata: [String: String] = ["format": "pt"]) throws {
        try SafetensorsWriter.write(to: path, tensors: specifications, metadata: metadata) { payloads[$0] ?? [] }
    }

    private mutating func keep(_ name: String, _ tensor: Tensor) throws {
        specifications.append(TensorSpecification(name: name, dtype: .float32, shape: tensor.shape))
        payloads[name] = try tensor.contiguous().bytes()
    }
}
