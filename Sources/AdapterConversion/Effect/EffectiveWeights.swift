// SPDX-License-Identifier: Apache-2.0

public import AdapterFormats
import Adapters
import Checkpoints
public import Torch

/// What an adapter makes of a base's weights at strength 1, by the formula of the library that trains its family.
///
/// Everything is computed straight from the files, one layer at a time, without the run-time's branches: it is what
/// exports, merges and measurements are held against.
public struct EffectiveWeights {
    /// The adapter.
    public let description: AdapterDescription
    /// The type that is computed in.
    public let dtype: DType
    let tensors: AdapterTensors
    let rotation: RotationSettings
    let magnitudeNorm: MagnitudeNorm

    /// Prepares to compute.
    ///
    /// - Parameters:
    ///   - description: the adapter.
    ///   - dtype: the type to compute in, float32 or float64.
    public init(_ description: AdapterDescription, dtype: DType = .float32) {
        self.description = description
        self.dtype = dtype
        tensors = AdapterTensors(
            file: description.file,
            adapter: description.name,
            dtype: dtype,
            device: .cpu,
            residence: .mapped
        )
        rotation = description.modules.lazy.compactMap(\.rotation).first ?? RotationSettings()
        magnitudeNorm = MagnitudeNorm(metadata: description.file.metadata)
    }

    /// Whether what a module does depends on the base's weight.
    public static func needsBase(_ module: AdapterModule) -> Bool {
        module.kind == .oft || module.tensors[.magnitude] != nil || module.tensors[.weightNorm] != nil
    }

    /// `W′ − W` of a module.
    ///
    /// - Parameters:
    ///   - module: one of the adapter's.
    ///   - base: W, `[out, in]` or `[out, in, kernel]`; nil where ``needsBase(_:)`` is false.
    /// - Returns: the difference, shaped like the base, or `[out, in·kernel]` without one.
    /// - Throws: ``ConversionError``, `AdapterError` for weights that are not finite, `AdapterFormatError`, `TorchError`.
    public func difference(of module: AdapterModule, base: Tensor?) throws -> Tensor {
        if module.kind == .oft {
            let base = try require(base, for: module, "a rotation of the base's weight needs that weight")
            return try rotated(base, by: module) - base
        }
        let product = try self.product(of: module, shapedLike: base)
        guard let magnitude = try Magnitude(of: module, norm: magnitudeNorm, reading: tensors) else { return product }
        let weight = try require(base, for: module, "its magnitudes are relative to the base's weight")
        return try magnitude.apply(to: weight, changed: weight + product, module: module) - weight
    }

    /// `W′` of a module: ``difference(of:base:)`` with the base's weight added.
    public func weight(of module: AdapterModule, base: Tensor) throws -> Tensor {
        try base + difference(of: module, base: base)
    }

    /// What a module adds to the layer's bias, `[out]`; nil for nothing.
    public func biasDifference(of module: AdapterModule) throws -> Tensor? {
        if let bias = module.tensors[.biasDifference] { return try tensors.read(bias) }
        guard let bias = module.tensors[.upBias], let scale = module.lowRank?.scale else { return nil }
        return try tensors.read(bias) * scale
    }

    /// What the module's factors multiply out to, scaled, before any magnitude: ΔW.
    ///
    /// - Returns: shaped like the base, or `[out, in·kernel]` without one.
    func product(of module: AdapterModule, shapedLike base: Tensor?) throws -> Tensor {
        let shape = try ProductShape(of: module)
        try shape.check(against: base?.shape, module: module)
        let product: Tensor
        switch module.kind {
        case .lora, .dora: product = try lowRankProduct(of: module)
        case .lokr: product = try kroneckerProduct(of: module)
        case .loha: product = try hadamardProduct(of: module)
        case .difference: product = try read(.weightDifference, of: module)
        case .oft: throw ConversionError.inexpressible(module: module.path.text, target: "a sum", reason: "it rotates")
        }
        return try product.reshape(base?.shape ?? [product.dimension(0), product.count / product.dimension(0)])
    }

    func read(_ role: TensorRole, of module: AdapterModule) throws -> Tensor {
        try tensors.read(tensors.description(role, of: module))
    }

    private func require(_ base: Tensor?, for module: AdapterModule, _ reason: String) throws -> Tensor {
        guard let base else { throw ConversionError.needsModel(module: module.path.text, reason: reason) }
        return base
    }

    private func lowRankProduct(of module: AdapterModule) throws -> Tensor {
        let scale = module.scale
        let down = try read(.down, of: module).flatten(from: 1)
        let up = try read(.up, of: module)
        return try up.reshape([up.dimension(0), down.dimension(0)]).matmul(down) * scale
    }
}
