// SPDX-License-Identifier: Apache-2.0

public import AdapterFormats
public import Layers
import Torch

/// A family of adapters: turns a module's tensors into what they do to a layer.
///
/// To add a family, implement this and list it in ``AdapterLoader``.
public protocol AdapterFamily: Sendable {
    /// The kinds of modules that it understands.
    var kinds: Set<AdapterKind> { get }

    /// Builds the effects of a module on the base's layer.
    ///
    /// - Parameters:
    ///   - module: what the adapter holds for the layer.
    ///   - layer: the base's layer.
    ///   - tensors: gives the module's tensors in the type and on the device that the model computes with.
    /// - Returns: the effects, which add up to `W′ − W`.
    /// - Throws: `AdapterError` if the tensors do not fit the layer or are not finite.
    func effects(
        of module: AdapterModule,
        on layer: Linear,
        reading tensors: AdapterTensors
    ) throws -> [any LayerEffect]
}

/// A family that adds to the weight: `W + ΔW`, or DoRA's `m·(W + ΔW)/‖W + ΔW‖` where the module has magnitudes.
protocol AdditiveFamily: AdapterFamily {
    /// Reads the difference that the module's tensors make.
    ///
    /// - Parameters:
    ///   - module: what the adapter holds for the layer.
    ///   - layer: the base's layer, whose shape the tensors must fit.
    ///   - tensors: gives the module's tensors.
    ///   - dtype: the type to read them in.
    /// - Returns: the difference.
    /// - Throws: `AdapterError` if the tensors do not fit the layer or are not finite.
    func difference(
        of module: AdapterModule,
        on layer: Linear,
        reading tensors: AdapterTensors,
        as dtype: DType
    ) throws -> any WeightDifference
}

extension AdditiveFamily {
    /// The difference in its cheapest form, with magnitudes where the module has them.
    func effects(
        of module: AdapterModule,
        on layer: Linear,
        reading tensors: AdapterTensors
    ) throws -> [any LayerEffect] {
        guard let magnitudes = try Magnitudes(of: module, on: layer, reading: tensors) else {
            let difference = try difference(of: module, on: layer, reading: tensors, as: tensors.dtype)
            guard layer.layout == .matrix else {
                return [try MatrixChange(all: difference.rows(from:to:), of: layer, dtype: tensors.dtype)]
            }
            return [try difference.effect(dtype: tensors.dtype, scaledBy: nil)]
        }
        // Norms are taken in float32, whatever the model computes in.
        let difference = try difference(of: module, on: layer, reading: tensors, as: .float32)
        let ratio = try magnitudes.ratio(of: difference, on: layer)
        guard layer.layout == .matrix else {
            return [try MatrixChange(all: ratio.rows(of: difference, on: layer), of: layer, dtype: tensors.dtype)]
        }
        return [
            try ratio.effect(dtype: tensors.dtype),
            try difference.effect(dtype: tensors.dtype, scaledBy: ratio),
        ]
    }
}
