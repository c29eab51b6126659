// SPDX-License-Identifier: Apache-2.0

public import AdapterFormats
public import Layers

/// What one adapter does to one layer: `w·(W′ − W)` at weight `w`, where `W′` is the adapter's own library's result.
public protocol LayerEffect {
    /// The bytes of its tensors in the type that the model computes in.
    var byteCount: Int { get }

    /// The factors, if the effect is a low-rank product: those of all adapters of a blend share one branch.
    var lowRankFactors: LowRankFactors? { get }

    /// A branch that adds the effect to the layer's output.
    ///
    /// - Parameter weight: any finite number but 0, for which the layer has no branch.
    /// - Returns: the branch, made without copying tensors.
    func branch(weight: Double) -> any LayerBranch
}

/// A family of adapters: turns a module's tensors into an effect.
///
/// To add a family, implement this and list it in ``AdapterLoader``.
public protocol AdapterFamily: Sendable {
    /// The kind of modules that it understands.
    var kind: AdapterKind { get }

    /// Builds the effect of a module on the base's layer.
    ///
    /// - Parameters:
    ///   - module: what the adapter holds for the layer.
    ///   - layer: the base's layer.
    ///   - tensors: gives the module's tensors in the type and on the device that the model computes with.
    /// - Returns: the effect.
    /// - Throws: `AdapterError` if the tensors do not fit the layer or are not finite.
    func effect(of module: AdapterModule, on layer: Linear, reading tensors: AdapterTensors) throws -> any LayerEffect
}
