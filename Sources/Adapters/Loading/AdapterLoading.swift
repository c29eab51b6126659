// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import Checkpoints
import Layers
import Torch

/// One run of ``AdapterLoader``: where the modules go, and what has been built so far.
struct Loading {
    private let tensors: AdapterTensors
    private let modules: [(module: AdapterModule, layer: Linear)]
    private let biases: [(bias: TensorDescription, layer: Linear)]
    private let paths: PathTable
    private(set) var effects: [String: [any LayerEffect]] = [:]
    /// The paths that the base does not have, sorted.
    let skipped: [String]
    private let moduleCount: Int

    /// Finds the layer of every module; no weight is read.
    ///
    /// - Throws: `AdapterFormatError.ambiguousName`.
    init(_ description: AdapterDescription, tensors: AdapterTensors, index: LinearIndex) throws {
        let paths = PathTable(index.paths)
        var skipped: [String] = []
        func layer(at path: ModulePath) throws -> Linear? {
            if let resolved = try paths.resolve(path), let layer = index[resolved] { return layer }
            skipped.append(path.text)
            return nil
        }
        modules = try description.modules.compactMap { module in
            try layer(at: module.path).map { (module, $0) }
        }
        let sortedBiases = description.replacementBiases.sorted { $0.key.text < $1.key.text }
        biases = try sortedBiases.compactMap { path, bias in try layer(at: path).map { (bias, $0) } }
        self.tensors = tensors
        self.paths = paths
        self.skipped = Set(skipped).sorted()
        moduleCount = Set(description.modules.map(\.path)).union(description.replacementBiases.keys).count
    }

    /// What the adapter changes and the base does not have, as an error.
    var partialCoverage: AdapterError {
        let highest = skipped.compactMap { ModulePath(spelled: $0).layer }.max()
        return .partialCoverage(
            adapter: tensors.adapter,
            modules: skipped,
            moduleCount: moduleCount,
            layer: highest.flatMap { $0 >= paths.layerCount ? $0 : nil },
            layerCount: paths.layerCount
        )
    }

    /// Builds the effects of everything that has a layer.
    mutating func addAll(_ families: [any AdapterFamily]) throws {
        for (module, layer) in modules {
            guard let family = families.first(where: { $0.kinds.contains(module.kind) }) else {
                throw AdapterError.unsupportedFamily(
                    adapter: tensors.adapter,
                    module: module.path.text,
                    kind: module.kind
                )
            }
            effects[layer.path, default: []] += try family.effects(of: module, on: layer, reading: tensors)
            if let bias = module.tensors[.biasDifference] {
                let difference = try read(bias, of: layer)
                effects[layer.path, default: []].append(BiasChange(difference: difference.tensor))
            }
        }
        for (bias, layer) in biases {
            let (tensor, own) = try read(bias, of: layer)
            effects[layer.path, default: []].append(BiasChange(difference: try tensor - own))
        }
    }

    /// A bias as the layer uses it, beside the layer's own.
    private func read(_ bias: TensorDescription, of layer: Linear) throws -> (tensor: Tensor, own: Tensor) {
        guard let own = layer.bias else {
            throw AdapterError.unexpectedShape(
                adapter: tensors.adapter,
                tensor: bias.name,
                shape: bias.shape,
                expected: "none: the layer has no bias"
            )
        }
        let count = layer.layout.storedBiasCount(outputs: layer.outputFeatures)
        try tensors.require(bias, bias.shape == [count], "[\(count)]")
        return (try layer.layout.bias(tensors.read(bias)), own)
    }
}
