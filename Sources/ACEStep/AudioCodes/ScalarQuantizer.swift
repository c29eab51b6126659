// SPDX-License-Identifier: Apache-2.0

import Layers
package import Torch

/// Rounds each of a few dimensions to its own levels between -1 and 1 and numbers the combinations.
///
/// Source: Mentzer et al. 2023, Finite scalar quantization, in the variant with levels symmetric about 0.
/// Computes in float32, whatever the model's type: a code depends on which side of a boundary a number falls.
package struct ScalarQuantizer {
    private let inward: Linear
    private let outward: Linear
    private let levels: [Int]
    /// Levels less one, the number of steps between -1 and 1.
    private let steps: Tensor
    /// What one level of each dimension adds to the code.
    private let basis: [Int]
    private let dtype: DType

    init(_ weights: Weights, levels: [Int], width: Int) throws {
        func projection(_ name: String, inputs: Int, outputs: Int) throws -> Linear {
            let cursor = weights[name]
            return Linear(
                path: cursor.path,
                weight: try cursor.tensor("weight", shape: [outputs, inputs], dtype: .float32),
                bias: try cursor.tensor("bias", shape: [outputs], dtype: .float32)
            )
        }
        inward = try projection("project_in", inputs: width, outputs: levels.count)
        outward = try projection("project_out", inputs: levels.count, outputs: width)
        self.levels = levels
        steps = try Tensor(levels.map { Float($0 - 1) }, shape: [levels.count]).to(weights.source.device)
        basis = levels.indices.map { levels[..<$0].reduce(1, *) }
        dtype = weights.source.dtype
    }

    /// How many codes there are.
    package var codeCount: Int { levels.reduce(1, *) }

    /// Quantizes.
    ///
    /// - Parameter x: `[batch, length, width]`.
    /// - Returns: what the codes stand for, `[batch, length, width]`, and the codes, `[batch, length]`, int64.
    /// - Throws: `TorchError` if the shapes do not fit or an operation fails.
    func callAsFunction(_ x: Tensor) throws -> (quantized: Tensor, codes: Tensor) {
        let projected = try inward(x.to(.float32))
        // The soft clamp lets values pass ±1 a little, so that the outer levels are as wide as the others.
        let limit = try (steps + 1) / steps
        let bounded = try (limit * (projected / limit).tanh()).clamp(min: -1, max: 1)
        let level = try (steps * (bounded + 1) / 2.0 + 0.5).floor()
        let weights = try Tensor(basis.map(Float.init), shape: [basis.count]).to(x.device)
        let codes = try (level * weights).sum(dimensions: [2]).to(.int64)
        guard bounded.requiresGradient else { return (try meaning(ofLevels: level), codes) }
        // Rounding has no derivative: while it is trained, gradients pass as if nothing had been rounded.
        let rounded = try 2.0 / steps * level - 1
        return (try outward(bounded + (rounded - bounded).detach()).to(dtype), codes)
    }

    /// What codes stand for.
    ///
    /// - Parameter codes: `[batch, length]`, int64; codes beyond the last count as the last, negative ones as the first.
    /// - Returns: `[batch, length, width]`.
    /// - Throws: `TorchError` if an operation fails.
    package func meaning(of codes: Tensor) throws -> Tensor {
        let numbers = try codes.int64s().map { Int(min(max($0, 0), Int64(codeCount - 1))) }
        let values = numbers.flatMap { code in
            levels.indices.map { Float(code / basis[$0] % levels[$0]) }
        }
        return try meaning(ofLevels: Tensor(values, shape: codes.shape + [levels.count]).to(codes.device))
    }

    private func meaning(ofLevels level: Tensor) throws -> Tensor {
        try outward(2.0 / steps * level - 1).to(dtype)
    }
}
