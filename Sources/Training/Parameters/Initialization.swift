// SPDX-License-Identifier: Apache-2.0

import Torch

/// First values of trained tensors, as PEFT and LyCORIS draw them, from one stream.
struct Initialization {
    let generator: Generator
    let computeType: DType
    /// Where the values go.
    ///
    /// They are drawn on the processor, so that a seed means the same everywhere.
    let device: Device

    /// Kaiming's uniform distribution with a = √5, torch's default for a linear layer: `±1/√fanIn`, where the fan-in is the size of
    /// all dimensions but the first.
    func kaiming(_ name: String, _ shape: [Int]) throws(TorchError) -> Parameter {
        let fanIn = shape.dropFirst().reduce(1, *)
        let bound = 1 / Double(max(fanIn, 1)).squareRoot()
        return try parameter(name, try Tensor.rand(shape, generator: generator) * (2 * bound) - bound)
    }

    /// A normal distribution around zero.
    func normal(_ name: String, _ shape: [Int], deviation: Double) throws(TorchError) -> Parameter {
        try parameter(name, try Tensor.randn(shape, generator: generator) * deviation)
    }

    /// Zeros.
    func zeros(_ name: String, _ shape: [Int]) throws(TorchError) -> Parameter {
        try parameter(name, try Tensor.zeros(shape))
    }

    /// A value that was computed, float32.
    func parameter(_ name: String, _ value: Tensor) throws(TorchError) -> Parameter {
        try Parameter(name, value: value.to(device), computeType: computeType)
    }
}
