// SPDX-License-Identifier: Apache-2.0

public import Torch

/// What one adapter does to one layer: all effects of an adapter on a layer together are `w·(W′ − W)` at weight `w`, where
/// `W′` is the adapter's own library's result.
public protocol LayerEffect {
    /// The bytes of its tensors in the type that the model computes in.
    var byteCount: Int { get }

    /// Adds the effect to what a blend does to the layer.
    ///
    /// - Parameters:
    ///   - blend: receives references to the effect's tensors; nothing is copied.
    ///   - weight: any finite number but 0.
    func contribute(to blend: inout LayerBlend, weight: Double)

    /// Adds the effect to a copy of the layer's weight, the other way to the same output.
    ///
    /// - Parameters:
    ///   - merged: receives `weight` times what the effect changes, in float32.
    ///   - weight: any finite number but 0.
    /// - Throws: `TorchError` if an operation fails.
    func merge(into merged: inout MergedLayer, weight: Double) throws(TorchError)
}
