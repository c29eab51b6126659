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
        } else if selection.isEmpty {
            attach([:])  // a batch's blends may hold it
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
    /// - Parameters:
    ///   - blend: adapters by name with their weights, in any order.
    ///   - progress: the point of the denoising at which weights that change are taken, 0 the first step and 1 the last.
    /// - Throws: `AdapterError.unknownName`, `.selectedTwice` or `.invalidWeight`.
    public func select(_ blend: [BlendEntry], at progress: Double = 0) throws(AdapterError) {
        try select(blend, at: progress, over: nil)
    }

    /// Makes a blend act on top of a merged copy.
    func select(_ blend: [BlendEntry], at progress: Double, over copy: MergedCopy?) throws(AdapterError) {
        attach(try blends(of: blend, at: progress).mapValues(\.branches), over: copy)
        guard copy == nil else { return }
        selection = blend.sorted { $0.name < $1.name }
    }

    /// What a blend does to each layer, collected in the order of the adapters' names.
    func blends(of blend: [BlendEntry], at progress: Double) throws(AdapterError) -> [String: LayerBlend] {
        try shares(of: blend, at: progress).mapValues { shares in
            var collected = LayerBlend()
            for share in shares { share.effect.contribute(to: &collected, weight: share.weight) }
            return collected
        }
    }

    /// The effects of a blend on each layer with their weights, in the order of the adapters' names.
    func shares(
        of blend: [BlendEntry],
        at progress: Double = 0
    ) throws(AdapterError) -> [String: [(effect: any LayerEffect, weight: Double)]] {
        let ordered = blend.sorted { $0.name < $1.name }
        for (first, second) in zip(ordered, ordered.dropFirst()) where first.name == second.name {
            throw .selectedTwice(adapter: first.name)
        }
        var shares: [String: [(effect: any LayerEffect, weight: Double)]] = [:]
        for entry in ordered {
            guard let adapter = adapters[entry.name] else { throw .unknownName(adapter: entry.name, loaded: names) }
            if let number = entry.weight.invalidNumber ?? entry.groups.invalidNumber {
                throw .invalidWeight(adapter: entry.name, weight: number)
            }
            let whole = entry.weight.value(at: progress)
            for (path, effects) in adapter.effects {
                let weight = whole * entry.groups.scale(of: path)
                guard weight != 0 else { continue }
                for effect in effects { shares[path, default: []].append((effect, weight)) }
            }
        }
        return shares
    }

    /// The base's layer at a path, if there is one.
    subscript(layer path: String) -> Linear? { index[path] }

    /// What the layer at a path reads.
    func input(of path: String) -> LinearInput { index.input(of: path) }

    /// Replaces what acts on every layer.
    func attach(_ branches: [String: [any LayerBranch]], over copy: MergedCopy? = nil) {
        let paths = Set(branches.keys).union(copy?.weights.keys ?? [:].keys)
        for path in attachedPaths.subtracting(paths) { index[path]?.attach([]) }
        for path in paths { index[path]?.attach(branches[path] ?? [], over: copy?.weights[path]) }
        attachedPaths = paths
        selection = []
    }
}
