// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Foundation
import ObjectStore
import Registry
import TestSupport

/// Small adapters on the disk: all of one seed equal, of different seeds of equal size, as trained again.
enum AdapterFixture {
    /// Writes an adapter into a new directory below `parent`.
    @discardableResult
    static func write(
        _ parent: TemporaryDirectory,
        _ name: String,
        seed: Int,
        rank: Int = 2,
        notANumber: Bool = false,
        extra: [String: String] = [:]
    ) throws -> String {
        let directory = parent.path(of: name)
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        var random = SeededGenerator(seed: UInt64(seed))
        let stem = "base_model.model.layers.0.self_attn.q_proj.lora_"
        let tensors = [
            TensorSpecification(name: stem + "A.weight", dtype: .float32, shape: [rank, 8]),
            TensorSpecification(name: stem + "B.weight", dtype: .float32, shape: [8, rank]),
        ]
        try SafetensorsWriter.write(to: directory + "/adapter_model.safetensors", tensors: tensors) { name in
            (0..<(rank * 8)).flatMap { index -> [UInt8] in
                let value = Float(random.next() % 1000) / 1000
                let isBad = notANumber && index == 3 && name.hasSuffix("B.weight")
                let bits = (isBad ? Float.nan : value).bitPattern
                return (0..<4).map { UInt8(truncatingIfNeeded: bits >> UInt32(8 * $0)) }
            }
        }
        var files = [
            "adapter_config.json":
                #"{"peft_type":"LORA","r":\#(rank),"lora_alpha":\#(2 * rank),"target_modules":["q_proj"],"base_model_name_or_path":"acestep-v15-turbo"}"#,
            "training_args.json": #"{"learning_rate":5e-05,"epochs":100,"seed":\#(100_000 + seed)}"#,
        ]
        files.merge(extra) { $1 }
        for (path, text) in files {
            let url = URL(fileURLWithPath: directory + "/" + path)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try Data(text.utf8).write(to: url)
        }
        return directory
    }

    /// An adapter ready to be published.
    static func source(
        _ parent: TemporaryDirectory,
        seed: Int,
        extra: [String: String] = [:]
    ) async throws -> PublicationSource {
        let name = "adapter-\(seed)-\(extra.count)"
        return try await PublicationSource(path: write(parent, name, seed: seed, extra: extra), kind: .lora)
    }
}

extension Registry {
    /// A registry over a store, with a name for the log.
    static func over(
        _ store: any ObjectStore,
        kind: RegistryKind = .lora,
        prefix: String = "",
        _ adjust: (inout Configuration) -> Void = { _ in }
    ) throws -> Registry {
        var configuration = Configuration()
        configuration.actor = "tester"
        configuration.capabilities = .all
        adjust(&configuration)
        return Registry(store: store, layout: try KeyLayout(kind: kind, prefix: prefix), configuration: configuration)
    }
}

extension ObjectStore {
    /// An object's text.
    func text(_ key: String) async throws -> String {
        String(decoding: try await read(ObjectKey(key)).bytes, as: UTF8.self)
    }

    /// All keys below a prefix.
    func keys(_ prefix: String = "") async throws -> [String] {
        var keys: [String] = []
        for try await object in objects(prefix: prefix) { keys.append(object.key) }
        return keys
    }
}
