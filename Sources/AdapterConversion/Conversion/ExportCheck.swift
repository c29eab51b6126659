// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import Checkpoints
import Torch

/// Reads a written file with its target's rules and compares what it does with what the adapter does.
///
/// In float64 where the base's weight matters, since an effect may be far smaller than that weight; in float32 where it
/// does not, on a base of zeros, which leaves the effect alone.
struct ExportCheck {
    private let source: AdapterDescription
    private let base: BaseWeights?
    private let options: ConversionOptions

    /// What rounding in float32 explains.
    private static let exactLimit = 1e-4

    init(source: AdapterDescription, base: BaseWeights?, options: ConversionOptions) {
        self.source = source
        self.base = base
        self.options = options
    }

    /// Compares every layer.
    ///
    /// - Parameters:
    ///   - layers: what was written.
    ///   - file: the file with the tensors.
    /// - Returns: how far each layer differs.
    /// - Throws: ``ConversionError/checkFailed(path:module:error:limit:)``, and what reading throws.
    func run(_ layers: [ConvertedLayer], reading file: String) throws -> [ConversionReport.Layer] {
        let needsBase = layers.contains { EffectiveWeights.needsBase($0.module) }
        let dtype: DType = needsBase ? .float64 : .float32
        let expected = EffectiveWeights(source, dtype: dtype)
        let reader = try reader(of: file, dtype: dtype)
        var results: [ConversionReport.Layer] = []
        for layer in layers {
            try Task.checkCancellation()
            if let bias = layer.replacedBias {
                let written = try reader.biasDifference(layer.path) ?? bias * 0
                let error = try Self.relative(written.to(.float64) - bias.to(.float64), to: bias)
                try refuse(error, of: layer, file: file)
                results.append(.init(module: layer.path + ".bias", method: "diff_b", error: error))
                continue
            }
            let weight = try weight(for: layer, dtype: dtype)
            let wanted = try expected.difference(of: layer.module, base: weight)
            let found = try reader.difference(layer.path, weight)
            var error = try Self.relative(found - wanted, to: wanted)
            if let bias = try expected.biasDifference(of: layer.module) {
                let written = try reader.biasDifference(layer.path) ?? bias * 0
                error = try max(error, Self.relative(written - bias, to: bias))
            }
            try refuse(error, of: layer, file: file)
            results.append(.init(module: layer.path, method: layer.method.name, error: error))
        }
        return results
    }

    private func refuse(_ error: Double, of layer: ConvertedLayer, file: String) throws {
        if case .approximation = layer.method, options.tolerance == nil { return }
        let limit = options.tolerance ?? (layer.method == .difference ? differenceLimit : Self.exactLimit)
        guard error <= limit else {
            throw ConversionError.checkFailed(path: file, module: layer.path, error: error, limit: limit)
        }
    }

    /// Half a unit in the last place of the type that differences are stored in, with some room.
    private var differenceLimit: Double {
        switch options.dtype ?? source.dtypes.first ?? .float32 {
        case .bfloat16: 0x1p-7
        case .float16: 0x1p-9
        default: Self.exactLimit
        }
    }

    private static func relative(_ difference: Tensor, to reference: Tensor) throws -> Double {
        let largest = try reference.abs().max().item()
        let error = try difference.abs().max().item()
        return largest > 0 ? error / largest : error
    }

    /// The base's weight where it matters; without a base a made-up one, on which equal formulas agree as on any other.
    private func weight(for layer: ConvertedLayer, dtype: DType) throws -> Tensor {
        let needsBase = EffectiveWeights.needsBase(layer.module)
        if needsBase, let base { return try base.weight(layer.path, dtype: dtype) }
        let shape = try base?.shape(layer.path) ?? Self.shape(of: layer.module)
        guard needsBase else { return try Tensor.zeros(shape, dtype: dtype) }
        return try Tensor.randn(shape, generator: Generator(seed: 1), dtype: dtype) * 0.02
    }

    private static func shape(of module: AdapterModule) throws -> [Int] {
        guard let rotation = module.tensors[.rotation] else {
            let product = try ProductShape(of: module)
            // A convolution's magnitudes have a third dimension, and those of its inputs tell how many those are.
            guard let magnitudes = module.tensors[.weightNorm]?.shape, magnitudes.count == 3 else {
                return [product.rows, product.columns]
            }
            let inputs = magnitudes[0] == 1 && magnitudes[1] > 0 ? magnitudes[1] : product.columns
            return [product.rows, inputs, product.columns / inputs]
        }
        return [16, try EffectiveWeights.blockSize(of: rotation) * rotation.shape[0]]
    }

    private typealias Reader = (
        difference: (_ path: String, _ weight: Tensor) throws -> Tensor,
        biasDifference: (_ path: String) throws -> Tensor?
    )

    /// The target's rules on the written file: ComfyUI's by name, the others' as an adapter of theirs is read.
    private func reader(of file: String, dtype: DType) throws -> Reader {
        if options.target == .comfyui || options.target == .diff {
            let rules = ComfyUIRules(try SafetensorsFile(path: file), dtype: dtype)
            return ({ try rules.difference(at: $0, weight: $1) }, { try rules.biasDifference(at: $0) })
        }
        let written = try AdapterDescription(contentsOf: file)
        let weights = EffectiveWeights(written, dtype: dtype)
        var modules: [String: AdapterModule] = [:]
        for module in written.modules {
            modules[try base.map { try $0.path(of: module.path) } ?? KnownPaths.dotted(module.path)] = module
        }
        return (
            { path, weight in
                guard let module = modules[path] else { return try weight * 0 }
                return try weights.difference(of: module, base: weight)
            }, { path in try modules[path].flatMap { try weights.biasDifference(of: $0) } }
        )
    }
}
