// SPDX-License-Identifier: Apache-2.0

public import Layers

/// The adapters that are loaded for one base, and the blend of them that acts.
///
/// The effective weight of a layer is `W + Σ wᵢ·(Wᵢ′ − W)`. Selecting replaces references on the layers: it neither
/// copies tensors nor touches the base, so an empty selection gives the base's output, bit for bit. The terms are added
/// in the order of the adapters' names, hence the order of a blend does not matter, to the last bit.
///
/// One set owns the branches of its index; a second set on the same index would overwrite them.
public final class AdapterSet {
    private let index: LinearIndex
    private var adapters: [String: LoadedAdapter] = [:]
    /// The layers that have branches now.
    private var attachedPaths: Set<String> = []
    /// The blend that acts, ordered by name; empty when the base is alone.
    public private(set) var selection: [BlendEntry] = []

    /// Creates an empty set for a base.
    public init(index: LinearIndex) {
        self.index = index
    }

    /// The names of the loaded adapters, sorted.
    public var names: [String] { adapters.keys.sorted() }

    /// The bytes of all loaded adapters' tensors.
    public var byteCount: Int { adapters.values.reduce(0) { $0 + $1.byteCount } }

    /// A loaded adapter by name, if there is one.
    public subscript(name: String) -> LoadedAdapter? { adapters[name] }

    /// Adds an adapter, which does not act until it is selected.
    ///
    /// - Throws: `AdapterError.duplicateName` if its name is taken.
    public func insert(_ adapter: LoadedAdapter) throws(AdapterError) {
        guard adapters[adapter.name] == nil else { throw .duplicateName(adapter: adapter.name) }
        adapters[adapter.name] = adapter
    }

    /// Unloads an adapter.
    ///
    /// If it acts, the rest of the blend goes on without it.
    ///
    /// - Returns: the adapter; its memory is free once nobody holds it.
    /// - Throws: `AdapterError.unknownName`.
    @discardableResult
    public func remove(named name: String) throws(AdapterError) -> LoadedAdapter {
        guard let adapter = adapters[name] else { throw .unknownName(adapter: name, loaded: names) }
        if selection.contains(where: { $0.name == name }) {
            try select(selection.filter { $0.name != name })
        }
        adapters[name] = nil
        return adapter
    }

    /// Makes a blend act instead of the current one.
    ///
    /// An empty blend restores the base.
    ///
    /// A weight of 0 is exactly the base. If this throws, the current blend stays.
    ///
    /// - Parameter blend: adapters by name with their weights, in any order.
    /// - Throws: `AdapterError.unknownName`, `.selectedTwice` or `.invalidWeight`.
    public func select(_ blend: [BlendEntry]) throws(AdapterError) {
        let ordered = blend.sorted { $0.name < $1.name }
        for (first, second) in zip(ordered, ordered.dropFirst()) where first.name == second.name {
            throw .selectedTwice(adapter: first.name)
        }
        var shares: [String: [(effect: any LayerEffect, weight: Double)]] = [:]
        for entry in ordered {
            guard let adapter = adapters[entry.name] else { throw .unknownName(adapter: entry.name, loaded: names) }
            if let number = entry.weight.invalidNumber { throw .invalidWeight(adapter: entry.name, weight: number) }
            let weight = entry.weight.value(at: 0)
            guard weight != 0 else { continue }
            for (path, effects) in adapter.effects {
                shares[path, default: []] += effects.map { ($0, weight) }
            }
        }
        attach(shares)
        selection = ordered
    }

    private func attach(_ shares: [String: [(effect: any LayerEffect, weight: Double)]]) {
        for path in attachedPaths where shares[path] == nil { index[path]?.attach([]) }
        for (path, share) in shares { index[path]?.attach(Self.branches(share)) }
        attachedPaths = Set(shares.keys)
    }

    /// One branch for all low-rank products, after one for each other effect.
    private static func branches(_ shares: [(effect: any LayerEffect, weight: Double)]) -> [any LayerBranch] {
        var terms: [LowRankBranch.Term] = []
        var branches: [any LayerBranch] = []
        for (effect, weight) in shares {
            if let factors = effect.lowRankFactors {
                terms.append(LowRankBranch.Term(factors: factors, strength: factors.scale * weight))
            } else {
                branches.append(effect.branch(weight: weight))
            }
        }
        if !terms.isEmpty { branches.append(LowRankBranch(terms)) }
        return branches
    }
}
