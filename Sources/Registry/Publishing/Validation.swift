// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import Checkpoints
import Foundation
import ObjectStore

/// Refuses to publish what nobody could load; blocks.
enum Validation {
    /// Checks a directory's files.
    ///
    /// - Parameters:
    ///   - content: The files; gets a sentence for whatever is odd but usable.
    ///   - isDeep: Look at every number of the weights.
    ///   - lineage: Gets what the files say about their origin.
    /// - Throws: `RegistryError` of kind `.invalidAdapter`, and what the readers of the formats throw.
    static func check(_ content: inout DirectoryContent, isDeep: Bool, lineage: inout Lineage) throws {
        var tensors: [String: SafetensorsFile] = [:]
        for file in content.files where file.path.hasSuffix(".safetensors") {
            tensors[file.path] = try SafetensorsFile(path: file.localPath)
        }
        switch content.kind {
        case .lora: try checkAdapter(&content, &lineage)
        case .models: try checkModel(content, tensors)
        case .datasets: break
        }
        if isDeep {
            for (path, file) in tensors.sorted(by: { $0.key < $1.key }) { try checkNumbers(path, file) }
        }
    }

    private static func checkAdapter(_ content: inout DirectoryContent, _ lineage: inout Lineage) throws {
        let paths = Set(content.files.map(\.path))
        if paths.contains(AdapterLocation.weightsName) && !paths.contains(AdapterLocation.configurationName) {
            throw RegistryError(
                .invalidAdapter,
                "'\(content.root)' has \(AdapterLocation.weightsName) but no \(AdapterLocation.configurationName): it is half an adapter"
            )
        }
        let adapter = try AdapterDescription(contentsOf: content.root)
        if let file = content.files.first(where: { $0.path == AdapterLocation.configurationName }) {
            try checkRanks(adapter, file.localPath)
        }
        lineage.baseModel = adapter.baseModel
        content.warnings += adapter.warnings
        if !adapter.unusedNames.isEmpty {
            let shown = adapter.unusedNames.prefix(3).joined(separator: "', '")
            content.warnings.append(
                "\(adapter.unusedNames.count) tensors are of no known kind and would keep it from loading, such as '\(shown)'"
            )
        }
        if !paths.contains("training_args.json") {
            content.warnings.append("there is no training_args.json: nobody can repeat the run")
        }
        if let other = paths.sorted().first(where: { $0.hasSuffix(".safetensors") && !isWeights($0, of: adapter) }) {
            content.warnings.append("'\(other)' is published too, but not part of the adapter")
        }
    }

    /// PEFT makes modules by the configuration and then refuses tensors of other shapes.
    private static func checkRanks(_ adapter: AdapterDescription, _ path: String) throws {
        guard let bytes = try SmallFile.read(path, limit: 16 << 20) else { return }
        let configuration = try JSONParser.parseObject(bytes, source: path)
        guard case .string("LORA")? = configuration["peft_type"], case .number(let rank)? = configuration["r"] else {
            return
        }
        var allowed: Set<Double> = [rank]
        if case .object(let patterns)? = configuration["rank_pattern"] {
            for key in patterns.keys { if case .number(let other)? = patterns[key] { allowed.insert(other) } }
        }
        guard let found = adapter.ranks.first(where: { !allowed.contains(Double($0)) }) else { return }
        throw RegistryError(
            .invalidAdapter,
            "'\(path)' gives rank \(rank.formatted()), but tensors have rank \(found): PEFT would not load it; publish the configuration that it was trained with"
        )
    }

    private static func isWeights(_ path: String, of adapter: AdapterDescription) -> Bool {
        adapter.file.path == path || adapter.file.path.hasSuffix("/" + path)
    }

    /// A sharded checkpoint must have all its shards.
    private static func checkModel(_ content: DirectoryContent, _ tensors: [String: SafetensorsFile]) throws {
        for file in content.files where file.path.hasSuffix(".safetensors.index.json") {
            let folder = file.path.lastIndex(of: "/").map { String(file.path[...$0]) } ?? ""
            for shard in try shards(file.localPath).sorted() where tensors[folder + shard] == nil {
                throw RegistryError(
                    .invalidAdapter,
                    "'\(file.path)' names '\(Printable.text(shard))', which is not there: it is half a checkpoint"
                )
            }
        }
    }

    private static func shards(_ path: String) throws -> Set<String> {
        let file = try MappedFile(path: path)
        guard file.byteCount <= 64 << 20 else {
            throw RegistryError(.invalidAdapter, "'\(path)' is larger than any index of shards")
        }
        let object = try JSONParser.parseObject(file.copy(0..<file.byteCount), source: path)
        guard case .object(let map)? = object["weight_map"] else {
            throw RegistryError(.invalidAdapter, "'\(path)' has no weight_map")
        }
        return Set(map.keys.compactMap { key in if case .string(let shard)? = map[key] { shard } else { nil } })
    }

    private static func checkNumbers(_ path: String, _ file: SafetensorsFile) throws {
        for name in file.names {
            guard let tensor = file.tensors[name] else { continue }
            if case .nonFinite(let index)? = MagnitudeScan.scan(tensor, in: file.file) {
                throw RegistryError(
                    .invalidAdapter,
                    "'\(path)': '\(Printable.text(name))' is not finite at element \(index); the run diverged, publish an earlier checkpoint"
                )
            }
        }
    }
}
