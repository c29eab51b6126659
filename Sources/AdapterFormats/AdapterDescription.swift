// SPDX-License-Identifier: Apache-2.0

public import Checkpoints

/// What an adapter's files hold: everything about it but the numbers.
///
/// Reading costs the header and the small JSON files; the weights stay mapped and are touched by whoever loads them.
///
/// ```swift
/// let adapter = try AdapterDescription(contentsOf: "lora/multi-style-gen-c")
/// print(adapter.kinds, adapter.modules.count, adapter.training.shift ?? "unknown")
/// ```
public struct AdapterDescription: Sendable {
    /// What the adapter is called unless someone names it: the last component of its path.
    public let name: String
    /// The file with the tensors, mapped for as long as the description lives.
    public let file: SafetensorsFile
    /// The tool that wrote it, as far as the files tell.
    public let origin: AdapterOrigin
    /// The modules that it changes, ordered by path.
    public let modules: [AdapterModule]
    /// Biases that stand for the base's (PEFT's `bias` other than "none"), by module.
    public let replacementBiases: [ModulePath: TensorDescription]
    /// How it was trained.
    public let training: TrainingFacts
    /// `base_model_name_or_path`.
    ///
    /// Nil if the files do not say.
    public let baseModel: String?
    /// Names of tensors that no rule knows, sorted.
    ///
    /// Loading refuses them unless told otherwise.
    public let unusedNames: [String]
    /// Sentences for the user: what was assumed, what disagrees.
    public let warnings: [String]

    /// The families that the adapter uses, in the order of ``AdapterKind``; one for all adapters that a single run wrote.
    public var kinds: [AdapterKind] { Set(modules.map(\.kind)).sorted() }

    /// The element types of its tensors, by frequency.
    public var dtypes: [StoredDType] {
        var counts: [StoredDType: Int] = [:]
        for module in modules {
            for (role, tensor) in module.tensors where role != .alpha { counts[tensor.dtype, default: 0] += 1 }
        }
        return counts.keys.sorted { (-(counts[$0] ?? 0), $0.rawValue) < (-(counts[$1] ?? 0), $1.rawValue) }
    }

    /// The bytes of all tensors that are used.
    public var byteCount: Int {
        let weights = modules.reduce(0) { $1.tensors.values.reduce($0) { $0 + $1.byteRange.count } }
        return replacementBiases.values.reduce(weights) { $0 + $1.byteRange.count }
    }

    /// The number of elements of all tensors that are used, alphas left out.
    public var parameterCount: Int {
        let weights = modules.reduce(0) { sum, module in
            module.tensors.reduce(sum) { $0 + ($1.key == .alpha ? 0 : $1.value.elementCount) }
        }
        return replacementBiases.values.reduce(weights) { $0 + $1.elementCount }
    }

    /// The ranks of its low-rank modules, ascending, each once.
    public var ranks: [Int] { Set(modules.compactMap { $0.lowRank?.rank }).sorted() }
}

extension AdapterDescription {
    /// Reads the adapter at a path: a `.safetensors` file or a directory.
    ///
    /// Directories are those of PEFT, LyCORIS and Side-Step's runs; a PEFT file inside its directory is read with the
    /// `adapter_config.json` beside it.
    ///
    /// - Parameter path: the file or the directory.
    /// - Throws: `AdapterFormatError`, or `CheckpointError` for a damaged container.
    public init(contentsOf path: String) throws {
        let location = try AdapterLocation(path)
        try Disguise.refuse(location.weights)
        let file = try SafetensorsFile(path: location.weights)
        let configuration = try PEFTConfiguration.find(at: location, metadata: file.metadata)
        var assembly = ModuleAssembly(file: file, configuration: configuration)
        try assembly.collect()
        let modules = try assembly.modules()
        guard !modules.isEmpty || !assembly.replacementBiases.isEmpty else {
            throw AdapterFormatError.noAdapter(path: location.weights, reason: assembly.reasonForNothing)
        }
        var warnings = assembly.warnings
        training = TrainingFacts.find(beside: location.directory, warnings: &warnings)
        name = location.name
        self.file = file
        self.modules = modules
        replacementBiases = assembly.replacementBiases
        baseModel = configuration?.baseModel
        unusedNames = assembly.unusedNames
        self.warnings = warnings
        let isSideStep = configuration?.isSideStepFallback == true || location.isSideStepOutput
        let guess = AdapterOrigin.guess(names: file.names, metadata: file.metadata)
        origin = isSideStep ? .sideStep : guess == .unknown && location.configuration != nil ? .peft : guess
    }
}
