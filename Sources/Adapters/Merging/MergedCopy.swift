// SPDX-License-Identifier: Apache-2.0

import Layers
import Torch

/// A blend merged into copies of the weights that it changes; the base stays as it is.
///
/// Attached, a copy's products take the place of the base's, so that the blend costs nothing while generating. It belongs to
/// one base and its numbers do not change.
public struct MergedCopy {
    /// The blend, constant and at every position, ordered by name.
    package let entries: [BlendEntry]
    /// What takes the place of the layers' weights, by path.
    let weights: [String: MergedWeight]

    /// The same copy for adapters of the same contents and weights under other names.
    package func standing(for entries: [BlendEntry]) -> MergedCopy { MergedCopy(entries: entries, weights: weights) }

    /// The bytes of the copied weights.
    public var byteCount: Int { weights.values.reduce(0) { $0 + $1.byteCount } }
}

extension AdapterSet {
    /// Merges a blend into copies of the weights that it changes.
    ///
    /// Each weight is `W + Σ wᵢ·(Wᵢ′ − W)` in float32, rounded once to the type that the model computes in. What acts now stays.
    ///
    /// - Parameters:
    ///   - blend: adapters with constant weights; where they act in the sequence is not looked at.
    ///   - between: called after each layer, for the compute thread's other work; what it throws ends the merging.
    /// - Returns: the copy, not yet attached.
    /// - Throws: `AdapterError.unknownName`, `.selectedTwice`, `.invalidWeight` or `TorchError`.
    package func merge(_ blend: [BlendEntry], between: () throws -> Void = {}) throws -> MergedCopy {
        let ordered = blend.sorted { $0.name < $1.name }
        var weights: [String: MergedWeight] = [:]
        for (path, shares) in try shares(of: ordered) {
            guard let layer = self[layer: path] else { continue }
            weights[path] = try Self.merged(layer, shares)
            try between()
        }
        return MergedCopy(entries: ordered, weights: weights)
    }

    /// The bytes that a blend's merged copy takes.
    package func mergedByteCount(of blend: [BlendEntry]) -> Int {
        Set(blend.compactMap { self[$0.name] }.flatMap(\.effects.keys)).reduce(0) { total, path in
            total + (self[layer: path]?.weight.byteCount ?? 0)
        }
    }

    /// A layer's weight with some effects in it.
    static func merged(
        _ layer: Linear,
        _ shares: [(effect: any LayerEffect, weight: Double)]
    ) throws(TorchError) -> MergedWeight {
        var merged = try MergedLayer(layer)
        for share in shares { try share.effect.merge(into: &merged, weight: share.weight) }
        return MergedWeight(
            weight: try merged.weight.to(layer.weight.dtype),
            bias: try merged.bias.map { bias throws(TorchError) in try bias.to(layer.weight.dtype) }
        )
    }

    /// Whether a blend can be merged while another acts on top of it.
    ///
    /// DoRA's gains multiply the base's output, which a merged layer does not have. A quantised base is never merged with: the
    /// copy would have to be quantised again, and lose what a small adapter changes.
    ///
    /// - Parameters:
    ///   - part: what would be merged.
    ///   - rest: what stays as branches.
    /// - Returns: whether each layer's output would be right.
    package func canMerge(_ part: [BlendEntry], under rest: [BlendEntry]) -> Bool {
        let merged = Set(part.compactMap { self[$0.name] }.flatMap(\.effects.keys))
        guard merged.allSatisfy({ self[layer: $0]?.product.isExact ?? true }) else { return false }
        return rest.compactMap { self[$0.name] }.allSatisfy { adapter in
            adapter.effects.allSatisfy { path, effects in
                !merged.contains(path) || !effects.contains { $0 is OutputGain }
            }
        }
    }
}
