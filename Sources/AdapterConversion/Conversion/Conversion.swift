// SPDX-License-Identifier: Apache-2.0

public import AdapterFormats
import Adapters
import Checkpoints
import FoundationEssentials
import Torch

/// Writes an adapter down in another tool's way, and checks the result by that tool's rules.
public struct Conversion {
    private let source: EffectiveWeights
    private let base: BaseWeights?
    private let options: ConversionOptions
    private var notes: [String] = []

    /// Prepares a conversion.
    ///
    /// - Parameters:
    ///   - description: the adapter.
    ///   - base: the base it was trained for; needed where a formula depends on its weights.
    ///   - options: the target, and how far it may differ.
    /// - Throws: ``ConversionError/unusedTensors(names:)``, or `AdapterFormatError` for settings that cannot be used.
    public init(_ description: AdapterDescription, base: BaseWeights?, options: ConversionOptions) throws {
        guard description.unusedNames.isEmpty || options.allowPartial else {
            throw ConversionError.unusedTensors(names: description.unusedNames)
        }
        source = EffectiveWeights(description)
        self.base = base
        self.options = options
        notes =
            description.unusedNames.isEmpty ? [] : ["\(description.unusedNames.count) unknown tensors were left out"]
    }

    /// Writes the adapter and reads it back.
    ///
    /// - Parameter output: the file to write; for PEFT the directory.
    /// - Returns: what was written and how far each layer differs.
    /// - Throws: ``ConversionError``, and what reading the adapter or writing the file throws; nothing is left then.
    public mutating func write(to output: String) throws -> ConversionReport {
        try checkOutput(output)
        var layers = try convertedLayers()
        try addReplacementBiases(to: &layers)
        guard !layers.isEmpty else {
            throw ConversionError.inexpressible(
                module: "*",
                target: options.target.displayName,
                reason: "nothing is left"
            )
        }
        try refuseMixture(layers)
        let file = try write(layers, to: output)
        do {
            let check = ExportCheck(source: source.description, base: base, options: options)
            let checked = try check.run(layers, reading: file)
            return ConversionReport(
                target: options.target.rawValue,
                output: output,
                layers: checked,
                notes: notes + hints(layers),
                byteCount: try MappedFile(path: file).byteCount
            )
        } catch {
            try? FileManager.default.removeItem(atPath: file)  // the error at hand says more than one about this
            throw error
        }
    }

    private func checkOutput(_ output: String) throws {
        guard options.target.isDirectory || output.hasSuffix(".safetensors") else {
            throw ConversionError.output(path: output, reason: "the name must end in .safetensors")
        }
        let file = options.target.isDirectory ? output + "/" + AdapterLocation.weightsName : output
        guard FileTree.identity(file) != FileTree.identity(source.description.file.path) else {
            throw ConversionError.output(path: output, reason: "it is the adapter that is read")
        }
    }

    private mutating func convertedLayers() throws -> [ConvertedLayer] {
        let conversion = LayerConversion(source: source, base: base, options: options)
        var layers: [ConvertedLayer] = []
        for module in source.description.modules {
            if options.allowPartial, let base, !base.contains(module.path) {
                notes.append("'\(module.path)' was left out: the base has no such module")
                continue
            }
            let path = try base.map { try $0.path(of: module.path) } ?? KnownPaths.dotted(module.path)
            if let base {
                let shape = try base.shape(path)
                if module.kind != .oft { try ProductShape(of: module).check(against: shape, module: module) }
            }
            layers.append(try conversion.convert(module, at: path))
            try Task.checkCancellation()
        }
        return layers
    }

    /// Biases that stand for the base's own become differences from it, or are left out where they equal it.
    private mutating func addReplacementBiases(to layers: inout [ConvertedLayer]) throws {
        let biases = source.description.replacementBiases.sorted { $0.key.text < $1.key.text }
        var equal = 0
        for (module, tensor) in biases {
            guard let base else {
                throw ConversionError.needsModel(module: module.text, reason: "its bias stands for the base's own")
            }
            let path = try base.path(of: module)
            guard let own = try base.bias(path) else {
                throw ConversionError.inexpressible(
                    module: path,
                    target: options.target.displayName,
                    reason: "the base has no bias"
                )
            }
            let difference = try source.tensors.read(tensor) - own
            guard try difference.abs().max().item() > 0 else {
                equal += 1
                continue
            }
            guard options.target.takesDifferences else {
                throw ConversionError.inexpressible(
                    module: path,
                    target: options.target.displayName,
                    reason: "the format has no biases; --to diff keeps it"
                )
            }
            let carrier = AdapterModule(
                path: module,
                spelledPath: module.text,
                kind: .difference,
                tensors: [:],
                lowRank: nil
            )
            var layer = ConvertedLayer(path: path, module: carrier, method: .difference)
            layer.tensors[options.target.prefix(path) + ".diff_b"] = ConvertedTensor(
                dtype: .float32,
                shape: difference.shape
            ) { difference }
            layer.replacedBias = difference
            layers.append(layer)
        }
        if equal > 0 { notes.append("\(equal) biases were left out: they equal the base's") }
    }

    /// A PEFT directory holds one family.
    private func refuseMixture(_ layers: [ConvertedLayer]) throws {
        guard options.target == .peft else { return }
        let kinds = Set(
            layers.map { layer -> AdapterKind in
                switch layer.method {
                case .family(let kind): kind
                case .difference: .difference
                case .approximation: .lora
                }
            }
        )
        guard kinds.count > 1 else { return }
        throw ConversionError.inexpressible(
            module: layers.first?.path ?? "*",
            target: options.target.displayName,
            reason:
                "a directory holds one family, the adapter has \(kinds.sorted().map(\.displayName).joined(separator: ", "))"
        )
    }

    /// Writes the tensors, and for PEFT the configuration beside them.
    ///
    /// - Returns: the file with the tensors.
    private func write(_ layers: [ConvertedLayer], to output: String) throws -> String {
        var tensors: [String: ConvertedTensor] = [:]
        for layer in layers { tensors.merge(layer.tensors) { first, _ in first } }
        let file = options.target.isDirectory ? output + "/" + AdapterLocation.weightsName : output
        let directory = AdapterLocation.parent(of: file)
        do {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        } catch {
            throw ConversionError.output(path: directory, reason: "\(error)")
        }
        let specifications = tensors.map { TensorSpecification(name: $0, dtype: $1.dtype, shape: $1.shape) }
        try SafetensorsWriter.write(to: file, tensors: specifications, metadata: try metadata(layers)) { name in
            try Task.checkCancellation()
            return try tensors[name]?.bytes() ?? []
        }
        if options.target == .peft {
            let settings = try PEFTSettings(layers, target: .peft, source: source).json()
            try TextFile.write(settings + "\n", to: directory + "/" + AdapterLocation.configurationName)
        }
        return file
    }

    private func metadata(_ layers: [ConvertedLayer]) throws -> [String: String] {
        var metadata = ["format": "pt"]
        switch options.target {
        case .peft: break
        case .diffusers:
            let settings = PEFTSettings(layers, target: .diffusers, source: source)
            metadata["lora_adapter_metadata"] = try settings.json(prefix: "transformer.")
        case .comfyui, .diff:
            let hasMagnitudes = layers.contains {
                $0.module.tensors[.magnitude] ?? $0.module.tensors[.weightNorm] != nil
            }
            if options.target == .comfyui, hasMagnitudes {
                metadata[MagnitudeNorm.metadataKey] = MagnitudeNorm.base.rawValue
            }
        case .kohya:
            let settings = PEFTSettings(layers, target: .kohya, source: source)
            metadata["ss_network_module"] = layers.allSatisfy { $0.lowRank != nil } ? "networks.lora" : "lycoris.kohya"
            metadata["ss_network_dim"] = "\(settings.rank)"
            // A file in which every module has its own alpha; the general one is for people.
            metadata["ss_network_alpha"] = "\(settings.alpha ?? Double(settings.rank))"
        case .lycoris:
            metadata["format"] = "lycoris"
            metadata["algo"] = layers.first.map(Self.algorithm)
        }
        if let word = source.description.training.triggerWord { metadata["modelspec.trigger_phrase"] = word }
        return metadata
    }

    private static func algorithm(_ layer: ConvertedLayer) -> String {
        switch layer.method {
        case .family(.lokr): "lokr"
        case .family(.loha): "loha"
        case .difference, .family(.difference): "full"
        case .family, .approximation: "locon"
        }
    }

    /// What the user of the file should know.
    private func hints(_ layers: [ConvertedLayer]) -> [String] {
        var hints: [String] = []
        if options.target == .comfyui, layers.contains(where: { $0.module.kind == .dora }) {
            hints.append("between strengths 0 and 1 ComfyUI moves DoRA linearly from W to W′")
        }
        let differences = layers.filter { $0.method == .difference && $0.module.kind != .difference }.count
        if differences > 0, options.target != .diff {
            hints.append(
                "\(differences) modules were written as whole differences; --rank R writes smaller, nearly equal LoRAs"
            )
        }
        return hints
    }
}

extension ConvertedLayer {
    /// The path as diffusers' model has it.
    var spelledForDiffusers: String { ModulePath(spelled: path).diffusersSpelling }
}
