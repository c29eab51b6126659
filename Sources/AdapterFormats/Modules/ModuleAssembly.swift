// SPDX-License-Identifier: Apache-2.0

import Checkpoints

/// Sorts a file's tensors by module and checks that each module's set makes sense.
struct ModuleAssembly {
    private struct Draft {
        let spelledPath: String
        var tensors: [TensorRole: TensorDescription] = [:]
    }

    /// More modules than any base has linear layers; each costs pattern matching.
    private static let maximumCount = 16_384

    private let file: SafetensorsFile
    private let configuration: PEFTConfiguration?
    private var drafts: [ModulePath: Draft] = [:]
    private var patternBudget = PatternTable.stepBudget
    private var modulesWithoutAlpha = 0
    private var rankDisagreements: [(module: String, expected: Int, found: Int)] = []

    private(set) var replacementBiases: [ModulePath: TensorDescription] = [:]
    private(set) var unusedNames: [String] = []

    init(file: SafetensorsFile, configuration: PEFTConfiguration?) {
        self.file = file
        self.configuration = configuration
    }

    /// Why there is no module, for the message.
    var reasonForNothing: String {
        let shown = unusedNames.prefix(3).map { CheckpointError.quoted($0) }.joined(separator: ", ")
        return unusedNames.isEmpty
            ? "the file has no tensors" : "no tensor has a name that an adapter's has; the first are \(shown)"
    }

    /// What was assumed or disagrees.
    var warnings: [String] {
        var warnings: [String] = []
        if modulesWithoutAlpha > 0 {
            warnings.append(
                "no alpha for \(modulesWithoutAlpha) of \(drafts.count) modules: their scale is 1; the file may be meant to"
                    + " be used with its adapter_config.json"
            )
        }
        if let first = rankDisagreements.first, let configuration {
            warnings.append(
                "\(configuration.source) gives rank \(first.expected) for \(CheckpointError.quoted(first.module)), whose"
                    + " tensors have \(first.found) (\(rankDisagreements.count) modules disagree); the tensors win"
            )
        }
        if let configuration, configuration.alpha == nil, configuration.isPEFT, !configuration.isRotation,
            modulesWithoutAlpha == 0, configuration.alphaPatterns.isEmpty,
            drafts.values.contains(where: { $0.tensors[.alpha] == nil })
        {
            warnings.append(
                "\(configuration.source) has no alpha: PEFT's default \(PEFTConfiguration.defaultAlpha) is used"
            )
        }
        if configuration?.isRotation != true, drafts.values.contains(where: { $0.tensors[.rotation] != nil }) {
            warnings.append("no adapter_config.json says how OFT's vectors are used: PEFT's defaults are assumed")
        }
        return warnings
    }

    /// Sorts the tensors by module.
    ///
    /// - Throws: `AdapterFormatError.duplicateTensor` if two tensors have the same role in one module.
    mutating func collect() throws(AdapterFormatError) {
        for name in file.names {
            guard let tensor = file.tensors[name] else { continue }
            if let key = TensorKey(name) {
                try add(tensor, key)
            } else if name.hasSuffix(".bias") {
                try addReplacementBias(tensor)
            } else {
                unusedNames.append(name)
            }
        }
        guard drafts.count <= Self.maximumCount else {
            throw .limitExceeded(source: file.path, reason: "it changes \(drafts.count) modules")
        }
    }

    private mutating func add(_ tensor: TensorDescription, _ key: TensorKey) throws(AdapterFormatError) {
        let path = ModulePath(spelled: key.module)
        var draft = drafts[path] ?? Draft(spelledPath: key.module)
        if let other = draft.tensors.updateValue(tensor, forKey: key.role) {
            throw .duplicateTensor(module: path.text, first: other.name, second: tensor.name)
        }
        drafts[path] = draft
    }

    private mutating func addReplacementBias(_ tensor: TensorDescription) throws(AdapterFormatError) {
        var name = tensor.name.dropLast(".bias".count)
        if name.hasSuffix(".base_layer") { name = name.dropLast(".base_layer".count) }
        let path = ModulePath(spelled: String(name))
        guard tensor.shape.count == 1 else {
            throw .unexpectedShape(tensor: tensor.name, shape: tensor.shape, expected: "[out]")
        }
        if let other = replacementBiases.updateValue(tensor, forKey: path) {
            throw .duplicateTensor(module: path.text, first: other.name, second: tensor.name)
        }
    }

    /// The modules, ordered by path.
    ///
    /// - Throws: `AdapterFormatError` naming the module or tensor that is wrong.
    mutating func modules() throws -> [AdapterModule] {
        var modules: [AdapterModule] = []
        for (path, draft) in drafts.sorted(by: { $0.key.text < $1.key.text }) {
            let kind = try kind(of: draft, at: path)
            try checkTypes(of: draft)
            modules.append(
                AdapterModule(
                    path: path,
                    spelledPath: draft.spelledPath,
                    kind: kind,
                    tensors: draft.tensors,
                    lowRank: try scale(of: draft, at: path, kind),
                    rotation: kind == .oft ? try rotation(of: draft) : nil,
                    isPEFT: configuration?.isPEFT ?? false
                )
            )
        }
        return modules
    }

    private func checkTypes(of draft: Draft) throws(AdapterFormatError) {
        for (role, tensor) in draft.tensors where role != .alpha && !tensor.dtype.isWeightType {
            throw .unexpectedType(
                tensor: tensor.name,
                type: tensor.dtype.rawValue,
                expected: "F32, BF16, F16 or F64"
            )
        }
    }

    private func kind(of draft: Draft, at path: ModulePath) throws(AdapterFormatError) -> AdapterKind {
        var kinds = Set(draft.tensors.keys.compactMap(\.kind))
        if kinds.contains(.lora), draft.tensors[.magnitude] != nil || draft.tensors[.weightNorm] != nil {
            kinds.remove(.lora)
            kinds.insert(.dora)
        }
        if let kind = kinds.first, kinds.count == 1 {
            let hasPair = draft.tensors[.down] != nil || draft.tensors[.up] != nil
            guard kind != .dora || hasPair else {
                throw incomplete(draft, at: path, missing: "lora_A and lora_B (or lora_down and lora_up)")
            }
            return kind
        }
        if kinds.isEmpty, draft.tensors[.biasDifference] != nil { return .difference }
        guard !kinds.isEmpty else { throw incomplete(draft, at: path, missing: "weights that it belongs to") }
        throw .mixedModule(module: path.text, tensors: draft.tensors.values.map(\.name).sorted())
    }

    private func incomplete(_ draft: Draft, at path: ModulePath, missing: String) -> AdapterFormatError {
        let present = draft.tensors.values.map(\.name).min() ?? ""
        return .incompleteModule(module: path.text, present: present, missing: missing)
    }

    private mutating func scale(
        of draft: Draft,
        at path: ModulePath,
        _ kind: AdapterKind
    ) throws -> LowRankScale? {
        switch kind {
        case .lora, .dora: return try scale(of: draft, at: path, rank: lowRank(of: draft, at: path, kind))
        case .loha:
            let rank = try HadamardShapes(tensors: draft.tensors, module: path).rank()
            return try scale(of: draft, at: path, rank: rank)
        case .lokr:
            if let rank = try KroneckerShapes(tensors: draft.tensors, module: path).rank() {
                return try scale(of: draft, at: path, rank: rank)
            }
            // LyCORIS ignores the alpha of two whole factors; PEFT divides its own by the rank of its settings.
            guard configuration?.type?.uppercased() == "LOKR", let configuration else { return nil }
            let pattern = try configuration.rankPatterns.value(
                for: spellings(of: draft, at: path),
                budget: &patternBudget
            )
            let rank = pattern.flatMap { Int(exactly: $0) } ?? configuration.rank ?? PEFTConfiguration.defaultRank
            return rank > 0 ? try scale(of: draft, at: path, rank: rank) : nil
        case .oft, .difference: return nil
        }
    }

    private func rotation(of draft: Draft) throws(AdapterFormatError) -> RotationSettings {
        if let vectors = draft.tensors[.rotation] { _ = try RotationShapes.blockSize(of: vectors) }
        return configuration?.rotation ?? RotationSettings()
    }

    private func lowRank(of draft: Draft, at path: ModulePath, _ kind: AdapterKind) throws -> Int {
        guard let down = draft.tensors[.down] else {
            throw incomplete(draft, at: path, missing: "lora_A (or lora_down)")
        }
        guard let up = draft.tensors[.up] else { throw incomplete(draft, at: path, missing: "lora_B (or lora_up)") }
        if configuration?.usesDoRA == true, kind != .dora {
            throw incomplete(draft, at: path, missing: "lora_magnitude_vector, although use_dora is set")
        }
        if let extra = draft.tensors[.downBias] {
            try extra.require(false, "none: a bias of the first factor is not supported")
        }
        let (middle, bias) = (draft.tensors[.middle], draft.tensors[.upBias])
        return try LowRankShapes.rank(down: down, up: up, middle: middle, bias: bias)
    }

    private mutating func scale(of draft: Draft, at path: ModulePath, rank: Int) throws -> LowRankScale {
        let spellings = spellings(of: draft, at: path)
        try noteRank(rank, at: path, spellings)
        let (alpha, source) = try alpha(of: draft, spellings)
        if alpha == nil { modulesWithoutAlpha += 1 }
        return LowRankScale(
            rank: rank,
            alpha: alpha,
            source: source,
            isRankStabilised: configuration?.isRankStabilised ?? false
        )
    }

    private mutating func alpha(
        of draft: Draft,
        _ spellings: [String]
    ) throws -> (alpha: Double?, source: LowRankScale.Source) {
        if let tensor = draft.tensors[.alpha] {
            // To kohya and LyCORIS, who write such tensors, 0 means that none was set.
            let alpha = try file.scalar(of: tensor)
            return alpha == 0 ? (nil, .absent) : (alpha, .tensor)
        }
        guard let configuration else { return (nil, .absent) }
        let pattern = try configuration.alphaPatterns.value(for: spellings, budget: &patternBudget)
        let fallback = configuration.isPEFT ? PEFTConfiguration.defaultAlpha : nil
        let alpha = pattern ?? configuration.alpha ?? fallback
        return (alpha, alpha == nil ? .absent : .configuration)
    }

    private mutating func noteRank(_ rank: Int, at path: ModulePath, _ spellings: [String]) throws {
        guard let configuration, let general = configuration.rank else { return }
        let pattern = try configuration.rankPatterns.value(for: spellings, budget: &patternBudget)
        let expected = pattern.flatMap { Int(exactly: $0) } ?? general
        guard expected != rank, expected != 0 else { return }
        rankDisagreements.append((path.text, expected, rank))
    }

    /// The module's path as patterns may spell it: as PEFT saw it first, then in the two layouts.
    private func spellings(of draft: Draft, at path: ModulePath) -> [String] {
        var own = Substring(draft.spelledPath)
        if own.hasPrefix("base_model.model.") { own = own.dropFirst("base_model.model.".count) }
        var result = [String(own)]
        for spelling in [path.text, path.diffusersSpelling, "decoder." + path.text] where !result.contains(spelling) {
            result.append(spelling)
        }
        return result
    }
}
