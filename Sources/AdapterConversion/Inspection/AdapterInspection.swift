// SPDX-License-Identifier: Apache-2.0

public import AdapterFormats
import Checkpoints

/// What an adapter's files say about it, without a base and without libtorch.
public struct AdapterInspection: Sendable, Equatable, Encodable {
    /// A family and how many modules are of it.
    public struct Family: Sendable, Equatable, Encodable {
        /// Its name, such as `lora`.
        public let family: String
        /// Modules of it.
        public let modules: Int
    }

    /// One module.
    public struct Module: Sendable, Equatable, Encodable {
        /// Its path in the original layout; flattened where its dots are lost for good.
        public let module: String
        /// Its family.
        public let family: String
        /// The rank of its factors, if it has any.
        public let rank: Int?
        /// Its alpha, if anything states one.
        public let alpha: Double?
        /// What the product of its factors is multiplied with.
        public let scale: Double?
    }

    /// One kind of module in all layers.
    public struct Target: Sendable, Equatable, Encodable {
        /// Its path below the layer, such as `self_attn.q_proj`.
        public let name: String
        /// How many layers have it; 1 for modules outside the layers.
        public let count: Int
    }

    /// What the adapter is called.
    public let name: String
    /// The file with the tensors.
    public let file: String
    /// The tool that wrote it.
    public let origin: String
    /// Its families.
    public let families: [Family]
    /// Every module.
    public let modules: [Module]
    /// What it changes.
    public let targets: [Target]
    /// Layers that it changes.
    public let layerCount: Int
    /// The width of the model that it was trained for, where its shapes tell.
    public let hiddenSize: Int?
    /// The element types, by frequency.
    public let dtypes: [String]
    /// Bytes of its tensors.
    public let byteCount: Int
    /// Elements of its tensors, alphas left out.
    public let parameterCount: Int
    /// What its numbers look like.
    public let health: AdapterHealth
    /// How it was trained.
    public let training: Training
    /// What was assumed or disagrees.
    public let warnings: [String]
    /// Tensors whose meaning is unknown.
    public let unusedTensors: [String]
    /// What other tools do with these files as they are.
    public let elsewhere: [ToolForecast]

    /// What the files say about the training.
    public struct Training: Sendable, Equatable, Encodable {
        /// `base_model_name_or_path`.
        public let baseModel: String?
        /// The base's variant.
        public let variant: String?
        /// The schedule's shift.
        public let shift: Double?
        /// Denoising steps.
        public let steps: Int?
        /// The guidance scale.
        public let guidance: Double?
        /// The words that call the style up.
        public let triggerWords: String?
    }

    /// Reads what the files say, and every tensor once for its health.
    ///
    /// - Throws: `AdapterFormatError` for settings that cannot be used.
    public init(_ description: AdapterDescription) throws {
        name = description.name
        file = description.file.path
        origin = description.origin.rawValue
        families = description.kinds.map { kind in
            Family(family: kind.rawValue, modules: description.modules.count { $0.kind == kind })
        }
        modules = description.modules.map { Module($0, in: description.file) }
        targets = Self.targets(modules.map(\.module))
        layerCount = Set(description.modules.compactMap { $0.path.layer }).count
        hiddenSize = Self.hiddenSize(description.modules)
        dtypes = description.dtypes.map(\.rawValue)
        byteCount = description.byteCount
        parameterCount = description.parameterCount
        health = AdapterHealth(description)
        training = Training(description)
        warnings = description.warnings
        unusedTensors = description.unusedNames
        elsewhere = try ToolForecast.all(for: description)
    }

    /// Distinct values of a property of the modules, the commonest first.
    public func distinct<Value: Hashable & Comparable>(_ value: (Module) -> Value?) -> [(value: Value, count: Int)] {
        Dictionary(grouping: modules.compactMap(value), by: { $0 })
            .map { (value: $0.key, count: $0.value.count) }
            .sorted { ($1.count, $0.value) < ($0.count, $1.value) }
    }

    private static func targets(_ paths: [String]) -> [Target] {
        var counts: [String: Int] = [:]
        for path in paths {
            let parts = path.split(separator: ".", maxSplits: 2)
            let isLayer = parts.count == 3 && parts[0] == "layers" && Int(parts[1]) != nil
            counts[isLayer ? String(parts[2]) : path, default: 0] += 1
        }
        return counts.map { Target(name: $0.key, count: $0.value) }.sorted { $0.name < $1.name }
    }

    /// The input width of a query projection, which is the model's.
    private static func hiddenSize(_ modules: [AdapterModule]) -> Int? {
        for module in modules where module.path.text.hasSuffix("q_proj") {
            if module.kind == .oft {
                guard let rotation = module.tensors[.rotation],
                    let size = try? EffectiveWeights.blockSize(of: rotation)  // its shape says nothing: no width
                else { continue }
                return size * rotation.shape[0]
            }
            if let shape = try? ProductShape(of: module) { return shape.columns }  // reported when it is loaded
        }
        return nil
    }
}

extension AdapterInspection.Module {
    init(_ module: AdapterModule, in file: SafetensorsFile) {
        self.module = (try? KnownPaths.dotted(module.path)) ?? module.path.text  // unusual names stay as they are
        family = module.kind.rawValue
        rank = module.factorRank
        let isStated = module.lowRank.map { $0.source != .absent } ?? false
        alpha = isStated ? module.lowRank?.alpha : module.storedAlpha(in: file)
        scale = module.effectiveScale(in: file)
    }
}

extension AdapterInspection.Training {
    init(_ description: AdapterDescription) {
        baseModel = description.baseModel
        variant = description.training.modelVariant
        shift = description.training.shift
        steps = description.training.inferenceSteps
        guidance = description.training.guidanceScale
        triggerWords = description.training.triggerWord ?? description.file.metadata["modelspec.trigger_phrase"]
    }
}
