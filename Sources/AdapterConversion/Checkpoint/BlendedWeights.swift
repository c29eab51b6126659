// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import Adapters
import Torch

/// A base's weights with a blend added: `W + Σ wᵢ·(Wᵢ′ − W)`, one layer at a time.
public struct BlendedWeights {
    private struct Share {
        let source: EffectiveWeights
        let module: AdapterModule
        let weight: Double
    }

    private let base: BaseWeights
    /// What changes each weight and bias, by the name of its tensor in the checkpoint.
    private var weights: [String: (path: String, shares: [Share])] = [:]
    private var biases: [String: (path: String, changes: [() throws -> Tensor])] = [:]

    /// Finds out which tensors the blend changes.
    ///
    /// - Parameters:
    ///   - base: the base.
    ///   - adapters: the blend, in any order.
    /// - Throws: ``ConversionError`` if an adapter does not fit the base, adds a bias where none is, or holds unknown tensors.
    public init(base: BaseWeights, adapters: [WeightedAdapter]) throws {
        self.base = base
        for adapter in adapters where adapter.weight != 0 {
            guard adapter.description.unusedNames.isEmpty else {
                throw ConversionError.unusedTensors(names: adapter.description.unusedNames)
            }
            let source = EffectiveWeights(adapter.description)
            for module in adapter.description.modules { try add(module, source, adapter.weight) }
            try addReplacements(adapter.description, source, adapter.weight)
        }
    }

    /// The names of the tensors that differ from the base's, in its files' spelling.
    public var changedNames: Set<String> { Set(weights.keys).union(biases.keys) }

    private mutating func add(_ module: AdapterModule, _ source: EffectiveWeights, _ weight: Double) throws {
        let path = try base.path(of: module.path)
        if module.kind != .oft { try ProductShape(of: module).check(against: base.shape(path), module: module) }
        guard let name = base.storedName(path, "weight"), let biasName = base.storedName(path, "bias") else {
            throw ConversionError.missingModule(module: path)
        }
        weights[name, default: (path, [])].shares.append(Share(source: source, module: module, weight: weight))
        guard module.tensors[.upBias] != nil || module.tensors[.biasDifference] != nil else { return }
        guard base.hasBias(path) else {
            throw ConversionError.inexpressible(
                module: path,
                target: "a checkpoint",
                reason: "the adapter adds a bias to a layer that has none; it can only act as an adapter"
            )
        }
        biases[biasName, default: (path, [])].changes.append {
            try (source.biasDifference(of: module) ?? Tensor.zeros([1])) * weight
        }
    }

    private mutating func addReplacements(
        _ description: AdapterDescription,
        _ source: EffectiveWeights,
        _ weight: Double
    ) throws {
        for (module, tensor) in description.replacementBiases {
            let path = try base.path(of: module)
            guard let name = base.storedName(path, "bias"), let own = try base.bias(path) else {
                throw ConversionError.missingModule(module: path + ".bias")
            }
            biases[name, default: (path, [])].changes.append { try (source.tensors.read(tensor) - own) * weight }
        }
    }

    /// A changed tensor's value in float32; nil for a tensor that the blend does not change.
    func value(of name: String) throws -> Tensor? {
        if let (path, shares) = weights[name] {
            let weight = try base.weight(path)
            // Summed in the order of the adapters' names, so that the order of a blend does not matter.
            let ordered = shares.sorted { $0.source.description.name < $1.source.description.name }
            var sum = weight
            for share in ordered {
                sum = try sum.adding(share.source.difference(of: share.module, base: weight), alpha: share.weight)
            }
            return sum
        }
        guard let (path, changes) = biases[name], var sum = try base.bias(path) else { return nil }
        for change in changes { sum = try sum + change() }
        return sum
    }
}
