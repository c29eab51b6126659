// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import Adapters
import Checkpoints
import Torch

/// How one module was put into the target's terms.
enum ConversionMethod: Sendable, Equatable {
    /// In the family's own terms.
    case family(AdapterKind)
    /// As the whole difference of the weight.
    case difference
    /// As a LoRA of this rank that comes near it.
    case approximation(rank: Int)

    /// For reports.
    var name: String {
        switch self {
        case .family(let kind): kind.rawValue
        case .difference: "diff"
        case .approximation(let rank): "approximated by rank \(rank)"
        }
    }
}

/// One module in the target's terms.
struct ConvertedLayer {
    /// The dotted path in the original layout.
    let path: String
    let module: AdapterModule
    var method: ConversionMethod
    /// The file's tensors by their whole names.
    var tensors: [String: ConvertedTensor] = [:]
    /// Rank and alpha, where the target keeps them in a configuration.
    var lowRank: (rank: Int, alpha: Double)?
    /// What the layer adds to the base's bias, where it is there for nothing else.
    var replacedBias: Tensor?
}

/// Puts one module after the other into the target's terms.
struct LayerConversion {
    let source: EffectiveWeights
    let base: BaseWeights?
    let options: ConversionOptions

    var target: ConversionTarget { options.target }
    private var file: SafetensorsFile { source.description.file }

    /// One module.
    ///
    /// - Throws: ``ConversionError`` where the target cannot say what the module does, or the base is needed to say it.
    func convert(_ module: AdapterModule, at path: String) throws -> ConvertedLayer {
        var layer = ConvertedLayer(path: path, module: module, method: .family(module.kind))
        if target == .diff {
            try addDifference(to: &layer)
        } else {
            try addFamily(to: &layer)
        }
        try addBias(to: &layer)
        return layer
    }

    private func addFamily(to layer: inout ConvertedLayer) throws {
        let isTucker = [TensorRole.kroneckerTucker, .hadamardFirstTucker].contains { layer.module.tensors[$0] != nil }
        switch layer.module.kind {
        case .lora: addFactors(to: &layer)
        case .dora where target.hasConfiguration && isOfInputs(layer.module):
            try fallBack(&layer, "it has no magnitudes of input columns")
        case .dora:
            addFactors(to: &layer)
            try addMagnitude(to: &layer)
        case .oft where target == .peft:
            layer.tensors[name(layer, "oft_R.weight")] = try passed(.rotation, of: layer.module)
        case .oft: try fallBack(&layer, "its rotations act on the input")
        case .lokr where target.takesLyCORIS && !(isTucker && target == .comfyui),
            .loha where target.takesLyCORIS && !(isTucker && target == .comfyui):
            addPassedTensors(to: &layer)
            try addMagnitude(to: &layer)
        case .lokr, .loha, .difference: try fallBack(&layer, "it has no \(layer.module.kind.displayName)")
        }
    }

    /// What the family's own terms cannot say becomes a difference, or a LoRA near it.
    private func fallBack(_ layer: inout ConvertedLayer, _ reason: String) throws {
        if let rank = options.approximationRank { return try addApproximation(to: &layer, rank: rank) }
        guard target.takesDifferences else {
            throw ConversionError.inexpressible(
                module: layer.path,
                target: target.displayName,
                reason: "\(reason); --rank R writes a LoRA that comes near it, --to comfyui or lycoris keeps it exact"
            )
        }
        try addDifference(to: &layer)
    }
}

// What the parts of a layer become.
extension LayerConversion {
    func name(_ layer: ConvertedLayer, _ part: String) -> String { target.prefix(layer.path) + "." + part }

    private func passed(_ role: TensorRole, of module: AdapterModule, shape: [Int]? = nil) throws -> ConvertedTensor {
        ConvertedTensor(try source.tensors.description(role, of: module), of: file, shape: shape)
    }

    /// A LoRA's factors as they are; the alpha is the one with which alpha / rank is the adapter's own scale.
    private func addFactors(to layer: inout ConvertedLayer) {
        guard let scale = layer.module.lowRank, let down = layer.module.tensors[.down],
            let up = layer.module.tensors[.up]
        else { return }
        let alpha = scale.scale * Double(scale.rank)
        let names =
            target.hasConfiguration ? ("lora_A.weight", "lora_B.weight") : ("lora_down.weight", "lora_up.weight")
        layer.tensors[name(layer, names.0)] = ConvertedTensor(down, of: file)
        layer.tensors[name(layer, names.1)] = ConvertedTensor(up, of: file)
        layer.lowRank = (scale.rank, alpha)
        if !target.hasConfiguration { layer.tensors[name(layer, "alpha")] = ConvertedTensor(scalar: alpha) }
    }

    /// LyCORIS's tensors as they are.
    ///
    /// A convolution's second Kronecker factor is flattened for ComfyUI, whose product of a matrix and a
    /// three-dimensional factor would pair the wrong dimensions.
    private func addPassedTensors(to layer: inout ConvertedLayer) {
        for (role, tensor) in layer.module.tensors {
            switch role {
            case .magnitude, .weightNorm, .upBias, .biasDifference: continue
            case .kroneckerSecond where target == .comfyui && tensor.shape.count == 3:
                let shape = [tensor.shape[0], tensor.shape[1] * tensor.shape[2]]
                layer.tensors[name(layer, role.rawValue)] = ConvertedTensor(tensor, of: file, shape: shape)
            default: layer.tensors[name(layer, role.rawValue)] = ConvertedTensor(tensor, of: file)
            }
        }
    }

    private func addDifference(to layer: inout ConvertedLayer) throws {
        layer.method = layer.module.kind == .difference ? .family(.difference) : .difference
        layer.lowRank = nil
        if layer.module.kind == .difference, options.dtype == nil {
            layer.tensors[name(layer, "diff")] = try passed(.weightDifference, of: layer.module)
            return
        }
        let compute = try differenceSource(layer)
        layer.tensors[name(layer, "diff")] = ConvertedTensor(dtype: computedType, shape: compute.shape, compute.tensor)
    }

    private func addApproximation(to layer: inout ConvertedLayer, rank: Int) throws {
        let difference = try differenceSource(layer).tensor()
        let factors = try TruncatedSVD.factors(of: difference.flatten(from: 1), rank: rank)
        guard difference.rank == 2 else {
            throw ConversionError.inexpressible(
                module: layer.path,
                target: target.displayName,
                reason: "its convolution has no LoRA there; leave it out with --allow-partial"
            )
        }
        let found = factors.down.dimension(0)
        layer.method = .approximation(rank: found)
        layer.lowRank = (found, Double(found))
        let names =
            target.hasConfiguration ? ("lora_A.weight", "lora_B.weight") : ("lora_down.weight", "lora_up.weight")
        let type = computedType
        layer.tensors[name(layer, names.0)] = ConvertedTensor(dtype: type, shape: factors.down.shape) { factors.down }
        layer.tensors[name(layer, names.1)] = ConvertedTensor(dtype: type, shape: factors.up.shape) { factors.up }
        if !target.hasConfiguration { layer.tensors[name(layer, "alpha")] = ConvertedTensor(scalar: Double(found)) }
    }

    /// The shape of `W′ − W` and what computes it; the base must be there if the family needs it.
    private func differenceSource(_ layer: ConvertedLayer) throws -> (shape: [Int], tensor: () throws -> Tensor) {
        let (source, base, module, path) = (source, base, layer.module, layer.path)
        guard let base else {
            guard !EffectiveWeights.needsBase(module) else {
                throw ConversionError.needsModel(
                    module: path,
                    reason: "what \(module.kind.displayName) adds depends on the base's weight"
                )
            }
            guard !KnownPaths.isConvolution(path) else {
                throw ConversionError.needsModel(module: path, reason: "the size of its kernel is the base's to say")
            }
            let shape = try ProductShape(of: module)
            return ([shape.rows, shape.columns], { try source.difference(of: module, base: nil) })
        }
        return (
            try base.shape(path), { try source.difference(of: module, base: base.weight(path, dtype: source.dtype)) }
        )
    }

    /// The type for tensors that are computed: what was asked for, else that of the adapter's first weight.
    private var computedType: StoredDType { options.dtype ?? source.description.dtypes.first ?? .float32 }
}

// Magnitudes and biases.
extension LayerConversion {
    func isOfInputs(_ module: AdapterModule) -> Bool {
        guard let tensor = module.tensors[.weightNorm], tensor.shape.count > 1 else { return false }
        return tensor.shape[0] == 1 && tensor.shape[1] > 1
    }

    /// What the target divides magnitudes of output rows by.
    private var targetNorm: MagnitudeNorm { target == .comfyui ? .base : .result }

    private func addMagnitude(to layer: inout ConvertedLayer) throws {
        let module = layer.module
        guard let tensor = module.tensors[.magnitude] ?? module.tensors[.weightNorm] else { return }
        let rows = try ProductShape(of: module).rows
        let isOfInputs = isOfInputs(module)
        let isSameFormula = isOfInputs || source.magnitudeNorm == targetNorm
        let part = target.hasConfiguration ? "lora_magnitude_vector" : "dora_scale"
        let shape =
            target.hasConfiguration ? [rows] : tensor.shape.count > 1 ? tensor.shape : [rows, 1]
        if isSameFormula {
            layer.tensors[name(layer, part)] = ConvertedTensor(tensor, of: file, shape: shape)
            return
        }
        guard let base else {
            throw ConversionError.needsModel(
                module: layer.path,
                reason: target == .comfyui
                    ? "ComfyUI divides DoRA's magnitudes by the norm of W, their trainer by that of W + ΔW"
                    : "its magnitudes are ComfyUI's, relative to the norm of W"
            )
        }
        let (source, norm, path) = (source, targetNorm, layer.path)
        // In float32 whatever the adapter's type: rounding m by 2⁻⁹ moves W′ by more than many an adapter does.
        layer.tensors[name(layer, part)] = ConvertedTensor(dtype: .float32, shape: shape) {
            try source.magnitude(of: module, weight: base.weight(path, dtype: source.dtype), dividedBy: norm)
        }
    }

    /// A bias that the adapter adds to a layer's.
    private func addBias(to layer: inout ConvertedLayer) throws {
        let module = layer.module
        guard module.tensors[.upBias] != nil || module.tensors[.biasDifference] != nil else { return }
        if target.hasConfiguration, let bias = module.tensors[.upBias], case .family = layer.method {
            layer.tensors[name(layer, "lora_B.bias")] = ConvertedTensor(bias, of: file)
            return
        }
        let hasBias = base.map { $0.hasBias(layer.path) } ?? KnownPaths.hasBias(layer.path)
        guard target.takesDifferences, hasBias else {
            throw ConversionError.inexpressible(
                module: layer.path,
                target: target.displayName,
                reason: hasBias
                    ? "the format has no biases; --to diff keeps it" : "it adds a bias to a layer without one"
            )
        }
        let rows = try ProductShape(of: module).rows
        let source = source
        layer.tensors[name(layer, "diff_b")] = ConvertedTensor(dtype: .float32, shape: [rows]) {
            try source.biasDifference(of: module) ?? Tensor.zeros([rows])
        }
    }
}

extension EffectiveWeights {
    /// A module's magnitudes such that `(W + ΔW)·m / norm` is W′ where they are divided by another norm.
    func magnitude(of module: AdapterModule, weight: Tensor, dividedBy norm: MagnitudeNorm) throws -> Tensor {
        let changed = try weight + product(of: module, shapedLike: weight)
        guard let own = try Magnitude(of: module, norm: magnitudeNorm, reading: tensors) else {
            throw ConversionError.needsModel(module: module.path.text, reason: "it has no magnitudes")
        }
        let (from, to) = own.norm == .result ? (changed, weight) : (weight, changed)
        guard own.norm != norm else { return own.values }
        return try own.values.reshape(own.shape(for: weight)) * own.norms(to) / own.norms(from)
    }
}
