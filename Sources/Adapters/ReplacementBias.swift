// SPDX-License-Identifier: Apache-2.0

public import Layers
public import Torch

/// A bias that stands for the layer's own (PEFT's `bias="all"`): `w·(b′ − b)` is added to the output.
public struct ReplacementBias: LayerEffect {
    /// `b′ − b`, `[out]`.
    public let difference: Tensor

    /// Compares a bias with the layer's.
    ///
    /// - Parameters:
    ///   - bias: the bias that stands for the layer's, `[out]`.
    ///   - own: the layer's, `[out]`.
    /// - Throws: `TorchError` if they cannot be subtracted.
    public init(_ bias: Tensor, replacing own: Tensor) throws(TorchError) {
        difference = try bias - own
    }

    /// The bytes of the difference.
    public var byteCount: Int { difference.byteCount }

    /// None: a bias is not a product of factors.
    public var lowRankFactors: LowRankFactors? { nil }

    /// A branch that adds the weighted difference.
    public func branch(weight: Double) -> any LayerBranch { Branch(difference: difference, weight: weight) }

    private struct Branch: LayerBranch {
        let difference: Tensor
        let weight: Double

        func apply(input x: Tensor, output y: Tensor, layer: Linear) throws(TorchError) -> Tensor {
            try y.add(inPlace: difference, alpha: weight)
            return y
        }
    }
}
