// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Foundation
import ObjectStore
import Registry
import TestSupport
import Testing

@Suite("Catalogue and comparison")
struct CatalogueTests {
    private let directory: TemporaryDirectory
    private let store = MemoryStore()
    private let registry: Registry

    init() throws {
        directory = try TemporaryDirectory()
        registry = try Registry.over(store)
    }

    @Test("Names are listed and searched offline, newer entries win, a damaged file is made anew")
    func catalogue() async throws {
        let path = directory.path(of: "catalogue.sqlite")
        let catalogue = try Catalogue(path: path)
        for (index, text) in ["style-gen-c", "loo-jazz", "warm-exp-01"].enumerated() {
            let name = try RegistryName(text)
            var options = Registry.PublishOptions()
            options.note = "from the \(index == 1 ? "GTZAN" : "own") set"
            let outcome = try await registry.publish(AdapterFixture.source(directory, seed: index), as: name, options)
            try await catalogue.update(outcome.history, place: registry.place)
        }
        let place = registry.place
        #expect(
            try await catalogue.items(kind: .lora, place: place).map(\.name) == [
                "loo-jazz", "style-gen-c", "warm-exp-01",
            ]
        )
        #expect(try await catalogue.items(kind: .lora, place: place, matching: "gtzan").map(\.name) == ["loo-jazz"])
        #expect(
            try await catalogue.items(kind: .lora, place: place, matching: "turbo GEN").map(\.name) == ["style-gen-c"]
        )
        #expect(try await catalogue.items(kind: .models, place: place).isEmpty)
        #expect(try await catalogue.items(kind: .lora, place: "elsewhere").isEmpty)
        let name = try RegistryName("loo-jazz")
        let old = try await registry.history(of: name)
        let new = try await registry.publish(AdapterFixture.source(directory, seed: 9), as: name).history
        try await catalogue.update(new, place: place)
        try await catalogue.update(old, place: place)
        #expect(try await catalogue.items(kind: .lora, place: place).first?.current == 2)
        try await catalogue.keepOnly([name], kind: .lora, place: place)
        #expect(try await catalogue.items(kind: .lora, place: place).count == 1)
        try Data("this is no database, but long enough to look like one to whoever opens it".utf8)
            .write(to: URL(fileURLWithPath: directory.path(of: "broken.sqlite")))
        #expect(try await Catalogue(path: directory.path(of: "broken.sqlite")).items(kind: .lora, place: place).isEmpty)
    }

    @Test("A comparison names values and tensors that differ, and how far")
    func comparison() async throws {
        let first = try AdapterFixture.write(directory, "a", seed: 1)
        let second = try AdapterFixture.write(directory, "b", seed: 2, extra: ["README.md": "new"])
        let plain = try await VersionComparison(first, second, isDeep: false)
        #expect(plain.equalFiles == ["adapter_config.json"])
        #expect(
            plain.values.map { [$0.key, $0.first, $0.second] } == [["training_args.json: seed", "100001", "100002"]]
        )
        #expect(plain.changedFiles.map(\.key) == ["README.md", "adapter_model.safetensors", "training_args.json"])
        #expect(plain.tensors.isEmpty)
        let deep = try await VersionComparison(first, second, isDeep: true)
        #expect(deep.tensors.count == 2)
        let distance = try #require(deep.tensors.first?.relativeDistance)
        #expect(distance > 0.1 && distance < 2)
        let same = try await VersionComparison(first, first, isDeep: true)
        #expect(same.changedFiles.isEmpty)
        #expect(same.equalTensorCount == 2)
        let larger = try AdapterFixture.write(directory, "c", seed: 1, rank: 4)
        #expect(try await VersionComparison(first, larger, isDeep: true).tensors.allSatisfy { $0.note != nil })
    }

    @Test("Elements of bfloat16 and float16 files are read as they are")
    func elements() async throws {
        func write(_ name: String, _ dtype: StoredDType, _ bytes: [UInt8]) throws -> String {
            let path = directory.path(of: name)
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            let tensor = TensorSpecification(name: "t", dtype: dtype, shape: [2])
            try SafetensorsWriter.write(to: path + "/t.safetensors", tensors: [tensor]) { _ in bytes }
            return path
        }
        // 1 and −2, as each type writes them.
        let half = try write("half", .float16, [0x00, 0x3C, 0x00, 0xC0])
        let brain = try write("brain", .bfloat16, [0x80, 0x3F, 0x00, 0xC0])
        let single = try write("single", .float32, [0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0])
        for pair in [(half, brain), (brain, single), (single, half)] {
            let change = try #require(try await VersionComparison(pair.0, pair.1, isDeep: true).tensors.first)
            #expect(change.relativeDistance == 0)
            #expect(change.cosine == 1)
            #expect(change.note?.contains(" and ") == true)
        }
    }
}
