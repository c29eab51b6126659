// SPDX-License-Identifier: Apache-2.0

import Torch

/// First values of a model's weights, as diffusers and transformers draw them.
///
/// Each is drawn from the seed and its own name, so that the order in which modules are made does not matter.
struct FirstValues {
    let seed: UInt64

    /// What diffusers multiplies its special tokens with.
    private static let tokenDeviation = 0.02

    /// A weight's first value, float32 on the CPU.
    ///
    /// - Parameters:
    ///   - name: in the checkpoint's layout, which says what it is.
    ///   - shape: its shape.
    ///   - known: weights that were made before: a bias follows its weight, a weight norm its direction.
    /// - Returns: the value.
    /// - Throws: `TorchError` if there is no memory for it.
    func value(of name: String, shape: [Int], known: (String) -> Tensor?) throws(TorchError) -> Tensor {
        let parts = name.split(separator: ".").map(String.init)
        let last = parts.last ?? name
        let owner = parts.dropLast().last ?? ""
        let stem = parts.dropLast().joined(separator: ".")
        switch last {
        case "weight" where owner.hasSuffix("norm") || owner == "norm_out": return try Tensor.ones(shape)
        // Torch's default for tables; transformers' 0.02 would be gone after some twenty steps of a small model's rate.
        case "weight" where stem == "embed_tokens": return try normal(name, shape, deviation: 1)
        case "weight", "weight_v": return try uniform(name, shape, fanIn: Self.fanIn(shape))
        case "weight_g":
            guard let direction = known(stem + ".weight_v") else { return try Tensor.ones(shape) }
            return try withoutGradients { () throws(TorchError) in
                try direction.norm(dimensions: [1, 2], keepDimension: true)
            }
        case "bias":
            guard let weight = known(stem + ".weight") ?? known(stem + ".weight_v") else {
                return try Tensor.zeros(shape)
            }
            return try uniform(name, shape, fanIn: Self.fanIn(weight.shape))
        case "alpha", "beta": return try Tensor.zeros(shape)
        case "scale_shift_table":
            return try normal(name, shape, deviation: 1 / Double(max(shape.last ?? 1, 1)).squareRoot())
        case "special_token" where owner == "timbre_encoder": return try normal(name, shape, deviation: 1)
        case "special_token", "special_tokens": return try normal(name, shape, deviation: Self.tokenDeviation)
        default: return try normal(name, shape, deviation: 1)
        }
    }

    /// What torch counts as inputs of one output: all dimensions but the first, transposed convolutions too.
    private static func fanIn(_ shape: [Int]) -> Int { max(shape.dropFirst().reduce(1, *), 1) }

    /// Torch's default for linear layers and convolutions: `±1/√fanIn`.
    private func uniform(_ name: String, _ shape: [Int], fanIn: Int) throws(TorchError) -> Tensor {
        let bound = 1 / Double(fanIn).squareRoot()
        return try Tensor.rand(shape, generator: generator(name)) * (2 * bound) - bound
    }

    private func normal(_ name: String, _ shape: [Int], deviation: Double) throws(TorchError) -> Tensor {
        try Tensor.randn(shape, generator: generator(name)) * deviation
    }

    /// A stream for each name, by FNV-1a.
    private func generator(_ name: String) throws(TorchError) -> Generator {
        let hash = name.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
        return try Generator(seed: hash ^ seed &* 0x9E37_79B9_7F4A_7C15)
    }
}
