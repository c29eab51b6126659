// SPDX-License-Identifier: Apache-2.0

import Torch

/// How fast products of one size are, in 10⁹ operations a second; a multiplication and an addition count as two.
public struct ProductRate: Sendable, Encodable {
    /// Features in.
    public let inputs: Int
    /// Features out.
    public let outputs: Int
    /// Rows of the activations.
    public let rows: Int
    /// How many of the model's projections have this size.
    public let projections: Int
    /// With bfloat16 weights.
    public let bfloat16: Double
    /// With int8 weights, quantising the activations included; nil where there is no fast way to.
    public let int8: Double?

    private enum CodingKeys: String, CodingKey {
        case inputs, outputs, rows, projections
        case bfloat16 = "bfloat16_gflops"
        case int8 = "int8_gflops"
    }

    /// Measures one size.
    ///
    /// - Parameter seconds: how long a piece of work takes.
    static func measure(
        inputs: Int,
        outputs: Int,
        rows: Int,
        projections: Int,
        device: Device,
        seconds: (() throws -> Void) throws -> Double
    ) throws -> ProductRate {
        let generator = try Generator(seed: 0, device: device)
        func noise(_ shape: [Int]) throws -> Tensor {
            try Tensor.randn(shape, generator: generator, dtype: .bfloat16, device: device)
        }
        let operations = 2e-9 * Double(inputs) * Double(outputs) * Double(rows)
        let (x, weight) = (try noise([rows, inputs]), try noise([outputs, inputs]))
        // Reading one element waits for a GPU.
        let dense = try seconds { _ = try x.linear(weight).select(0, 0).select(0, 0).item() }
        var quantized: Double?
        if try device == .cpu && Int8Matrix.isSupported {
            let matrix = try Int8Matrix(quantizing: weight)
            quantized = try seconds { _ = try x.linear(matrix) }
        }
        return ProductRate(
            inputs: inputs,
            outputs: outputs,
            rows: rows,
            projections: projections,
            bfloat16: operations / dense,
            int8: quantized.map { operations / $0 }
        )
    }
}
