// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import Checkpoints
import Layers
import Torch

/// One run of ``AdapterLoader``: what has been built so far.
struct Loading {
    let tensors: AdapterTensors
    let index: LinearIndex
    let allowPartial: Bool
    private let paths: PathTable
    private(set) var effects: [String: [any LayerEffect]] = [:]
    private(set) var skipped: [String] = []

    init(tensors: AdapterTensors, index: LinearIndex, allowPartial: Bool) {
        self.tensors = tensors
        self.index = index
        self.allowPartial = allowPartial
        paths = PathTable(index.paths)
    }

    mutating func add(_ module: AdapterModule, _ families: [any AdapterFamily]) throws {
        guard let layer = try layer(at: module.path) else { return }
        guard let family = families.first(where: { $0.kind == module.kind }) else {
            throw AdapterError.unsupportedFamily(adapter: tensors.adapter, module: module.path.text, kind: module.kind)
        }
        effects[layer.path, default: []].append(try family.effect(of: module, on: layer, reading: tensors))
    }

    mutating func addBias(_ bias: TensorDescription, at path: ModulePath) throws {
        guard let layer = try layer(at: path) else { return }
        guard let own = layer.bias else {
            throw AdapterError.unexpectedShape(
                adapter: tensors.adapter,
                tensor: bias.name,
                shape: bias.shape,
                expected: "none: the layer has no bias"
            )
        }
        try tensors.require(bias, isShapedLike: [layer.outputFeatures], "[\(layer.outputFeatures)]")
        effects[layer.path, default: []].append(try ReplacementBias(tensors.read(bias), replacing: own))
    }

    /// The base's layer that a path of the adapter stands for.
    ///
    /// Nil if it is skipped.
    private mutating func layer(at path: ModulePath) throws -> Linear? {
        if let resolved = try paths.resolve(path), let layer = index[resolved] { return layer }
        guard !allowPartial else {
            skipped.append(path.text)
            return nil
        }
        if let layer = path.layer, layer >= paths.layerCount {
            throw AdapterError.missingLayer(adapter: tensors.adapter, layer: layer, layerCount: paths.layerCount)
        }
        throw AdapterError.missingModule(adapter: tensors.adapter, module: path.text)
    }
}
