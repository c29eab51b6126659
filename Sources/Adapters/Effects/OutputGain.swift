// SPDX-License-Identifier: Apache-2.0

import Layers
import Torch

/// A factor for each output of the base, without its bias: `c·W − W`, of DoRA.
struct OutputGain: LayerEffect {
    /// `c − 1`, `[out]`.
    let change: Tensor

    var byteCount: Int { change.byteCount }

    func contribute(to blend: inout LayerBlend, weight: Double) {
        blend.add(OutputGainBranch.Term(gain: self, weight: weight))
    }

    func merge(into merged: inout MergedLayer, weight: Double) throws(TorchError) {
        let share = try merged.base * change.to(.float32).unsqueeze(1)
        try merged.weight.add(inPlace: share, alpha: weight)
    }
}

/// Multiplies the base's output by `1 + Σ wᵢ·(cᵢ − 1)`; the first branch of a layer, which sees the base's output alone.
struct OutputGainBranch: LayerBranch {
    /// One adapter's share.
    struct Term {
        let gain: OutputGain
        let weight: Double
    }

    let terms: [Term]

    func apply(input x: Tensor, output y: Tensor, layer: Linear) throws(TorchError) -> Tensor {
        guard let first = terms.first else { return y }
        var change = try first.gain.change * first.weight
        for term in terms.dropFirst() { change = try change.adding(term.gain.change, alpha: term.weight) }
        // One rounding of the sum, rather than one of 1 + change, which would swallow small changes.
        let result = try y.addcmul(y, change)
        if let bias = layer.bias { try result.add(inPlace: bias * change, alpha: -1) }
        return result
    }
}
