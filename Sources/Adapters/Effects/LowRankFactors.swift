// SPDX-License-Identifier: Apache-2.0

public import Layers
public import Torch

/// A LoRA on one layer: `scale·B·A`, with the factors as they are stored.
///
/// The tensors are the file's own bytes where its type is the one the model computes in. The scale is applied in the
/// second multiplication, in float32 whatever the tensors' type, so that neither selecting nor weighting copies or
/// rounds a factor.
public struct LowRankFactors: LayerEffect {
    /// `Aᵀ`, `[in, r]`: a view of the stored `[r, in]`.
    public let down: Tensor
    /// `Bᵀ`, `[r, out]`: a view of the stored `[out, r]`.
    public let up: Tensor
    /// The bias of the second factor, `[out]`, scaled like the product.
    public let bias: Tensor?
    /// What the product is multiplied with at weight 1.
    public let scale: Double

    /// Makes the effect of a pair of factors as they are stored.
    ///
    /// - Parameters:
    ///   - down: `[r, in]`.
    ///   - up: `[out, r]`.
    ///   - bias: `[out]`, if the second factor has one.
    ///   - scale: what the product is multiplied with at weight 1.
    /// - Throws: `TorchError` if a factor is not a matrix.
    public init(down: Tensor, up: Tensor, bias: Tensor? = nil, scale: Double) throws(TorchError) {
        self.down = try down.transpose(0, 1)
        self.up = try up.transpose(0, 1)
        self.bias = bias
        self.scale = scale
    }

    /// The bytes of both factors and the bias.
    public var byteCount: Int { down.byteCount + up.byteCount + (bias?.byteCount ?? 0) }

    /// Joins the low-rank products of the blend, which share one branch.
    public func contribute(to blend: inout LayerBlend, weight: Double) {
        blend.add(LowRankBranch.Term(factors: self, strength: scale * weight))
    }
}

extension LowRankFactors {
    /// Adds the product of the factors.
    public func merge(into merged: inout MergedLayer, weight: Double) throws(TorchError) {
        let (left, right) = (try up.to(.float32).transpose(0, 1), try down.to(.float32).transpose(0, 1))
        try merged.weight.addmm(inPlace: left, right, beta: 1, alpha: scale * weight)
        if let bias { try merged.add(bias: bias, strength: scale * weight) }
    }
}

/// Adds the low-rank products of all adapters of a blend to a layer's output: `y += Σ sᵢ·(x·Aᵢᵀ)·Bᵢᵀ`.
///
/// Each adapter keeps its own two small multiplications. One multiplication with concatenated factors would spare a few
/// microseconds a layer and cost a copy of every factor (88 MB each at rank 64) at every change of the blend, where a
/// switch between resident adapters now moves only references.
public struct LowRankBranch: LayerBranch {
    /// One adapter's factors and what their product is multiplied with.
    public struct Term {
        /// The factors.
        public let factors: LowRankFactors
        /// The product of the adapter's scale and its weight in the blend.
        public let strength: Double
    }

    /// The adapters' shares, in the order in which they are added.
    public let terms: [Term]

    /// Makes a branch that adds the terms in the order given.
    public init(_ terms: [Term]) {
        self.terms = terms
    }

    /// Adds all terms in place.
    public func apply(input x: Tensor, output y: Tensor, layer: Linear) throws(TorchError) -> Tensor {
        let rows = x.count / layer.inputFeatures
        let input = try x.reshape([rows, layer.inputFeatures])
        let output = try y.view([rows, layer.outputFeatures])
        for term in terms {
            let hidden = try input.matmul(term.factors.down)
            try output.addmm(inPlace: hidden, term.factors.up, beta: 1, alpha: term.strength)
            if let bias = term.factors.bias { try output.add(inPlace: bias, alpha: term.strength) }
        }
        return y
    }
}
