// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import ObjectStore
import Registry
import TestSupport
import Testing

@Suite("Publishing")
struct PublishingTests {
    private let directory: TemporaryDirectory
    private let store = MemoryStore()
    private let registry: Registry
    private let name: RegistryName

    init() throws {
        directory = try TemporaryDirectory()
        registry = try Registry.over(store)
        name = try RegistryName("warm-exp-01")
    }

    private func push(
        _ seed: Int,
        _ adjust: (inout Registry.PublishOptions) throws -> Void = { _ in }
    ) async throws -> Registry.PublishOutcome {
        var options = Registry.PublishOptions()
        try adjust(&options)
        return try await registry.publish(AdapterFixture.source(directory, seed: seed), as: name, options)
    }

    private func flat(_ file: String) async throws -> [UInt8] {
        try await store.read(ObjectKey("lora/experimental/warm-exp-01/" + file)).bytes
    }

    @Test("Versions count from 1, current follows, and the flat folder holds exactly the published bytes")
    func counting() async throws {
        for number in 1...3 {
            let outcome = try await push(number)
            #expect(outcome.version.number == number)
            #expect(outcome.isNew)
            #expect(outcome.history.state.current == number)
            for file in outcome.version.tree.files {
                let bytes = try await flat(file.path)
                #expect(bytes.count == file.size)
                #expect(
                    SHA256.hash(data: bytes).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
                        == file.sha256
                )
            }
        }
    }

    @Test("The first version is byte for byte the user's files")
    func untouched() async throws {
        let path = try AdapterFixture.write(directory, "plain", seed: 1)
        _ = try await registry.publish(PublicationSource(path: path, kind: .lora), as: name)
        for file in ["adapter_model.safetensors", "adapter_config.json", "training_args.json"] {
            #expect(try await flat(file) == [UInt8](Data(contentsOf: URL(fileURLWithPath: path + "/" + file))))
        }
    }

    @Test("No two versions have a file of equal size and other bytes, and the manifests differ in size too")
    func sizes() async throws {
        var seen: [String: [Int: String]] = [:]
        var manifests: Set<Int> = []
        for seed in 1...6 {
            let outcome = try await push(seed)
            for file in outcome.version.tree.files {
                if let other = seen[file.path]?[file.size] {
                    #expect(other == file.sha256, "\(file.path) of \(file.size) bytes")
                }
                seen[file.path, default: [:]][file.size] = file.sha256
            }
            #expect(manifests.insert(try await flat("adapter_manifest.json").count).inserted)
        }
    }

    @Test("Padded weights load, with the same tensors")
    func padded() async throws {
        _ = try await push(1)
        let second = try await push(2)
        let cache = LocalCache(directory: directory.path(of: "cache"))
        let entry = try await registry.fetch(second.version, of: name, into: cache)
        let source = try await PublicationSource(path: entry.directory, kind: .lora, isDeep: true)
        #expect(source.content == second.version.tree.content)
        let original = try Data(
            contentsOf: URL(fileURLWithPath: directory.path(of: "adapter-2-0/adapter_model.safetensors"))
        )
        let stored = try Data(contentsOf: URL(fileURLWithPath: entry.directory + "/adapter_model.safetensors"))
        #expect(stored.count > original.count)
        #expect((stored.count - original.count).isMultiple(of: 8))
        #expect(stored.suffix(128) == original.suffix(128))
    }

    @Test("The same content again is the same version, pulled and pushed back too")
    func idempotent() async throws {
        _ = try await push(1)
        let second = try await push(2)
        let again = try await push(2)
        #expect(!again.isNew)
        #expect(again.version.number == 2)
        let entry = try await registry.fetch(
            second.version,
            of: name,
            into: LocalCache(directory: directory.path(of: "cache"))
        )
        let back = try await registry.publish(PublicationSource(path: entry.directory, kind: .lora), as: name)
        #expect(!back.isNew)
        let first = try await push(1)
        #expect(first.version.number == 1)
        #expect(first.history.state.current == 2)
        #expect(first.history.sequence == 2)
    }

    @Test("An expectation that does not hold changes nothing and says what is the case")
    func expectation() async throws {
        _ = try await push(1) { $0.expectation = .absent }
        _ = try await push(2) { $0.expectation = .current(1) }
        for wrong in [Registry.Expectation.absent, .current(1), .current(7)] {
            let error = await #expect(throws: RegistryError.self) { try await push(3) { $0.expectation = wrong } }
            #expect(try #require(error).kind == .conflict)
        }
        #expect(try await registry.history(of: name).sequence == 2)
    }

    @Test("Publishing again what is current already is no conflict, whatever was expected")
    func expectedAgain() async throws {
        let source = try await AdapterFixture.source(directory, seed: 1)
        let other = try await AdapterFixture.source(directory, seed: 2)
        var options = Registry.PublishOptions()
        options.expectation = .absent
        #expect(try await registry.publish(source, as: name, options).isNew)
        // As after a push whose end nobody saw.
        #expect(try await registry.publish(source, as: name, options).isNew == false)
        options.expectation = .current(1)
        #expect(try await registry.publish(other, as: name, options).isNew)
        #expect(try await registry.publish(other, as: name, options).version.number == 2)
        // Not current any more: now somebody else has been there.
        await #expect(throws: RegistryError.self) { try await registry.publish(source, as: name, options) }
    }

    @Test("A version can be published beside current, with aliases of its own")
    func keepCurrent() async throws {
        _ = try await push(1)
        let canary = try AliasName("canary")
        let outcome = try await push(2) {
            $0.movesCurrent = false
            $0.aliases = [canary]
        }
        #expect(outcome.history.state.current == 1)
        #expect(outcome.history.state.number(of: canary) == 2)
        let (version, _) = try await registry.version(.alias(.latest), of: name)
        #expect(version.number == 2)
    }

    @Test("A file that a version no longer has leaves the flat folder; a stranger's file stays")
    func staleFiles() async throws {
        _ = try await registry.publish(
            AdapterFixture.source(directory, seed: 1, extra: ["README.md": "# one"]),
            as: name
        )
        try await store.put(ObjectKey("lora/experimental/warm-exp-01/notes.txt"), bytes: Array("mine".utf8))
        #expect(try await store.keys("lora/").contains("lora/experimental/warm-exp-01/README.md"))
        _ = try await push(2)
        let keys = try await store.keys("lora/")
        #expect(!keys.contains("lora/experimental/warm-exp-01/README.md"))
        #expect(keys.contains("lora/experimental/warm-exp-01/notes.txt"))
    }

    @Test("What nobody could load is refused")
    func invalid() async throws {
        let half = try AdapterFixture.write(directory, "half", seed: 1)
        try FileManager.default.removeItem(atPath: half + "/adapter_config.json")
        await #expect(throws: RegistryError.self) { try await PublicationSource(path: half, kind: .lora) }
        let bad = try AdapterFixture.write(directory, "bad", seed: 1, notANumber: true)
        _ = try await PublicationSource(path: bad, kind: .lora)
        let error = await #expect(throws: RegistryError.self) {
            try await PublicationSource(path: bad, kind: .lora, isDeep: true)
        }
        #expect(try #require(error).message.contains("lora_B"))
        let torn = try AdapterFixture.write(directory, "torn", seed: 1)
        let weights = try Data(contentsOf: URL(fileURLWithPath: torn + "/adapter_model.safetensors"))
        try weights.dropLast(7).write(to: URL(fileURLWithPath: torn + "/adapter_model.safetensors"))
        await #expect(throws: (any Error).self) { try await PublicationSource(path: torn, kind: .lora) }
        let wrong = try AdapterFixture.write(
            directory,
            "wrong",
            seed: 1,
            extra: ["adapter_config.json": "{\"peft_type\": 7"]
        )
        await #expect(throws: (any Error).self) { try await PublicationSource(path: wrong, kind: .lora) }
        // Of another run: ranks that the weights do not have.
        let config = #"{"peft_type":"LORA","r":64,"lora_alpha":4,"target_modules":["q_proj"]}"#
        let other = try AdapterFixture.write(directory, "other", seed: 1, extra: ["adapter_config.json": config])
        let mismatch = await #expect(throws: RegistryError.self) {
            try await PublicationSource(path: other, kind: .lora)
        }
        #expect(try #require(mismatch).message.contains("gives rank 64, but tensors have rank 2"))
        await #expect(throws: (any Error).self) {
            try await PublicationSource(path: directory.path(of: "nothing"), kind: .lora)
        }
        #expect(try await store.keys().isEmpty)
    }

    @Test("State for resuming and folders of the run stay out, and that is said")
    func leftOut() async throws {
        let path = try AdapterFixture.write(
            directory,
            "run",
            seed: 1,
            extra: [
                "optimizer.pt": "x", "training_state.safetensors": "x", "runs/events": "x", ".hidden": "x",
                "README.md": "# hello",
            ]
        )
        let source = try await PublicationSource(path: path, kind: .lora)
        #expect(
            source.paths == ["README.md", "adapter_config.json", "adapter_model.safetensors", "training_args.json"]
        )
        #expect(source.warnings.count >= 3)
    }

    @Test("A file that changes after it was hashed is not published")
    func changing() async throws {
        let path = try AdapterFixture.write(directory, "moving", seed: 1)
        let source = try await PublicationSource(path: path, kind: .lora)
        try Data("{\"changed\": true}".utf8).write(to: URL(fileURLWithPath: path + "/training_args.json"))
        let error = await #expect(throws: RegistryError.self) { try await registry.publish(source, as: name) }
        #expect(try #require(error).kind == .invalidAdapter)
        #expect(try await registry.history(of: name).sequence == 0)
    }

    @Test("A sharded model without one of its shards is refused, a whole one is a version of kind models")
    func models() async throws {
        let index = #"{"weight_map":{"a":"model-00001.safetensors","b":"model-00002.safetensors"}}"#
        let path = try AdapterFixture.write(directory, "model", seed: 1, extra: ["model.safetensors.index.json": index])
        let error = await #expect(throws: RegistryError.self) { try await PublicationSource(path: path, kind: .models) }
        #expect(try #require(error).message.contains("model-00001.safetensors"))
        try FileManager.default.removeItem(atPath: path + "/model.safetensors.index.json")
        let models = try Registry.over(store, kind: .models)
        _ = try await models.publish(PublicationSource(path: path, kind: .models), as: RegistryName("acestep-v15"))
        #expect(try await store.keys("models/acestep-v15/").count == 4)
        #expect(try await store.keys("models-registry/acestep-v15/log/").count == 1)
    }

    @Test("A large file goes in parts and arrives whole")
    func largeFile() async throws {
        let path = directory.path(of: "data")
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        var random = SeededGenerator(seed: 4)
        let bytes = (0..<(20 << 20)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        try Data(bytes).write(to: URL(fileURLWithPath: path + "/large.bin"))
        let datasets = try Registry.over(store, kind: .datasets)
        let outcome = try await datasets.publish(PublicationSource(path: path, kind: .datasets), as: name)
        let entry = try await datasets.fetch(
            outcome.version,
            of: name,
            into: LocalCache(directory: directory.path(of: "cache"))
        )
        #expect(try [UInt8](Data(contentsOf: URL(fileURLWithPath: entry.directory + "/large.bin"))) == bytes)
    }

    @Test("A store without put-if-absent is refused, and accepted for a single writer")
    func withoutConditions() async throws {
        let blunt = StoreCapabilities(putIfAbsent: false, putIfMatch: false, copyIfMatch: false, deleteIfMatch: false)
        let source = try await AdapterFixture.source(directory, seed: 1)
        let refused = try Registry.over(store) { $0.capabilities = blunt }
        let error = await #expect(throws: RegistryError.self) { try await refused.publish(source, as: name) }
        #expect(try #require(error).kind == .unsupported)
        let single = try Registry.over(store) {
            $0.capabilities = blunt
            $0.isSingleWriter = true
        }
        #expect(try await single.publish(source, as: name).version.number == 1)
    }

    @Test("The lineage names base, arguments, metrics and parent")
    func lineage() async throws {
        _ = try await push(1)
        let outcome = try await push(2) {
            $0.lineage.metrics = ["loss": 0.25]
            $0.lineage.parent = 1
            $0.lineage.dataset = "gtzan"
        }
        let lineage = outcome.version.lineage
        #expect(lineage.baseModel == "acestep-v15-turbo")
        #expect(lineage.metrics == ["loss": 0.25])
        #expect(lineage.parent == 1)
        #expect(lineage.trainingArguments?.count == 64)
    }

    @Test("An attempt of more than twelve hours is not committed")
    func expiry() async throws {
        let source = try await AdapterFixture.source(directory, seed: 1)
        let clock = SteppingClock(step: 13 * 3600)
        let slow = try Registry.over(store) { $0.environment.now = { clock.next() } }
        let error = await #expect(throws: RegistryError.self) { try await slow.publish(source, as: name) }
        #expect(try #require(error).kind == .expired)
    }
}
