// SPDX-License-Identifier: Apache-2.0

import Layers
import Torch

/// How fast products of one size are in one type; a multiplication and an addition count as two operations.
public struct ProductRate: Sendable, Encodable {
    /// Rows of the activations.
    public let rows: Int
    /// Features in.
    public let inputs: Int
    /// Features out.
    public let outputs: Int
    /// How many of the model's projections have this size.
    public let projections: Int
    /// What is multiplied: `bfloat16`; `int8`, with the time that quantising the activations takes; `int8-weights`, where
    /// weights alone are integers.
    public let dtype: String
    /// 10⁹ operations a second.
    public let gigaflops: Double
    /// How many times as fast as bfloat16.
    public let ratio: Double

    private enum CodingKeys: String, CodingKey {
        case rows, inputs, outputs, projections, dtype
        case gigaflops = "gflops"
        case ratio = "ratio_to_bfloat16"
    }

    /// A product's size.
    struct Size {
        let rows: Int
        let inputs: Int
        let outputs: Int
        let projections: Int
    }

    /// Measures one size, in bfloat16 and in whatever int8 there is, with random numbers.
    ///
    /// - Parameters:
    ///   - size: of the product.
    ///   - device: where to compute.
    ///   - seconds: how long a piece of work takes.
    /// - Returns: one rate for each type, bfloat16 first.
    /// - Throws: `TorchError` if an operation fails, and what `seconds` throws.
    static func measure(
        _ size: Size,
        device: Device,
        seconds: (() throws -> Void) throws -> Double
    ) throws -> [ProductRate] {
        let generator = try Generator(seed: 0, device: device)
        func noise(_ shape: [Int]) throws -> Tensor {
            try Tensor.randn(shape, generator: generator, dtype: .bfloat16, device: device)
        }
        let x = try noise([size.rows, size.inputs])
        let weight = try noise([size.outputs, size.inputs])
        var products: [(dtype: String, product: any LinearProduct)] = [("bfloat16", DenseProduct(weight))]
        if device.isCPU {
            if try Int8Matrix.isSupported { products.append(("int8", try QuantizedProduct(quantizing: weight))) }
        } else {
            products.append(("int8-weights", try WeightOnlyProduct(quantizing: weight, device: device)))
        }
        let operations = 2e-9 * Double(size.rows) * Double(size.inputs) * Double(size.outputs)
        // Reading an element waits for a GPU.
        let rates = try products.map { entry in
            operations / (try seconds { _ = try entry.product(x).select(0, 0).select(0, 0).item() })
        }
        return zip(products, rates).map { entry, rate in
            ProductRate(
                rows: size.rows,
                inputs: size.inputs,
                outputs: size.outputs,
                projections: size.projections,
                dtype: entry.dtype,
                gigaflops: rate,
                ratio: rate / rates[0]
            )
        }
    }
}
