// SPDX-License-Identifier: Apache-2.0

import AdapterConversion
import AdapterFormats
import Checkpoints
import TestSupport
import Testing
import Torch

@Suite struct CheckpointMergeTests {
    private func merge(
        _ adapters: [(AdapterDescription, Double)],
        _ base: BaseWeights,
        from folder: String,
        in fixture: Fixture
    ) throws -> (report: CheckpointMerge.Report, merged: BaseWeights) {
        let output = fixture.directory.path(of: "merged")
        let blend = adapters.map { WeightedAdapter($0.0, weight: $0.1) }
        let merge = try CheckpointMerge(base: base, adapters: blend)
        let report = try merge.write([CheckpointTree(fixture.directory.path(of: folder))], to: output)
        return (report, try BaseWeights(directory: output, layout: base.layout))
    }

    @Test(arguments: [BaseWeights.Layout.original, .diffusers])
    func aBlendOfFamiliesIsBakedInWithItsWeights(layout: BaseWeights.Layout) throws {
        var fixture = try Fixture()
        let base = try fixture.base(layout)
        let adapters = [
            (try fixture.peft("lora"), 0.7), (try fixture.oft("oft", settings: "\"r\": 0"), 0.3),
            (try fixture.lokr("lokr", .full), -0.5), (try fixture.loha("loha"), 2),
        ]
        let (report, merged) = try merge(adapters, base, from: "base", in: fixture)
        #expect(report.changedTensors == Fixture.modules.count)
        for (path, _) in Fixture.modules {
            let weight = try base.weight(path, dtype: .float64)
            var expected = try PlainMatrix(weight)
            for (adapter, factor) in adapters {
                let weights = EffectiveWeights(adapter, dtype: .float64)
                for module in adapter.modules where try base.path(of: module.path) == path {
                    expected = try expected + PlainMatrix(weights.difference(of: module, base: weight)) * factor
                }
            }
            #expect(try (merged.plain(path) - expected).largest < 1e-5, "\(path)")
        }
    }

    @Test func whatTheBlendDoesNotTouchKeepsItsBytes() throws {
        var fixture = try Fixture()
        let base = try fixture.base()
        let (_, merged) = try merge([(fixture.peft("lora"), 1)], base, from: "base", in: fixture)
        let (old, new) = (base.store, merged.store)
        #expect(old.names == new.names)
        for name in old.names where !name.contains("attn") {
            let first = try old.location(of: name)
            let second = try new.location(of: name)
            #expect(first.file.copy(first.description.byteRange) == second.file.copy(second.description.byteRange))
        }
    }

    @Test func aWeightOfZeroIsTheBase() throws {
        var fixture = try Fixture()
        let base = try fixture.base()
        let (report, merged) = try merge([(fixture.peft("lora"), 0)], base, from: "base", in: fixture)
        #expect(report.changedTensors == 0)
        for (path, _) in Fixture.modules { #expect(try merged.plain(path) == base.plain(path)) }
    }

    @Test func theTypeOfTheCheckpointStays() throws {
        var fixture = try Fixture()
        let base = try fixture.base(dtype: .bfloat16)
        let (_, merged) = try merge([(fixture.peft("lora"), 1)], base, from: "base", in: fixture)
        #expect(try merged.storedType("layers.0.self_attn.q_proj") == .bfloat16)
        #expect(try merged.plain("layers.0.self_attn.q_proj") != base.plain("layers.0.self_attn.q_proj"))
    }

    @Test func otherFilesComeAlongAndHiddenOnesDoNot() throws {
        var fixture = try Fixture()
        let base = try fixture.base()
        try fixture.directory.write(#"{"a": 1}"#, to: "base/config.json")
        try fixture.directory.write("x", to: "base/.hidden")
        _ = try fixture.directory.makeDirectory("base/vae")
        try fixture.directory.write([UInt8](repeating: 7, count: 2 << 20), to: "base/vae/big.bin")
        let (report, _) = try merge([(fixture.peft("lora"), 1)], base, from: "base", in: fixture)
        let output = fixture.directory.path(of: "merged")
        #expect(report.keptFiles == 2)
        #expect(try FileManagement.names(output) == ["config.json", "model.safetensors", "vae"])
        #expect(try FileManagement.bytes(output + "/vae/big.bin").count == 2 << 20)
    }

    @Test func shardsStayShards() throws {
        var fixture = try Fixture()
        let whole = try fixture.base()
        let folder = try fixture.directory.makeDirectory("shards")
        var map: [String: String] = [:]
        for part in 1...2 {
            let names = whole.store.names.enumerated().filter { $0.offset % 2 == part - 1 }.map(\.element)
            var content: Fixture.Content = [:]
            for name in names {
                let shape = try whole.store.description(name).shape
                let file = try #require(whole.store.files.first)
                content[name] = (shape, try #require(PlainMatrix(name, in: file)).values)
                map[name] = "model-\(part).safetensors"
            }
            try Fixture.write(content, to: folder + "/model-\(part).safetensors")
        }
        let entries = map.map { "\"\($0)\": \"\($1)\"" }.joined(separator: ",")
        try fixture.directory.write("{\"weight_map\": {\(entries)}}", to: "shards/model.safetensors.index.json")
        let base = try BaseWeights(directory: folder, layout: .original)
        let adapter = try fixture.peft("lora")
        let (_, merged) = try merge([(adapter, 1)], base, from: "shards", in: fixture)
        #expect(merged.store.files.count == 2)
        let single = try CheckpointMerge(base: whole, adapters: [WeightedAdapter(adapter, weight: 1)])
        let output = fixture.directory.path(of: "single")
        _ = try single.write([CheckpointTree(fixture.directory.path(of: "base"))], to: output)
        let other = try BaseWeights(directory: output, layout: .original)
        for (path, _) in Fixture.modules { #expect(try merged.plain(path) == other.plain(path)) }
    }

    @Test func anOutputWithContentIsRefusedAndKept() throws {
        var fixture = try Fixture()
        let base = try fixture.base()
        _ = try fixture.directory.makeDirectory("merged")
        try fixture.directory.write("mine", to: "merged/precious.txt")
        #expect(throws: ConversionError.self) {
            try merge([(fixture.peft("lora"), 1)], base, from: "base", in: fixture)
        }
        #expect(try FileManagement.text(fixture.directory.path(of: "merged/precious.txt")) == "mine")
    }

    @Test func anOutputInsideTheBaseIsRefused() throws {
        var fixture = try Fixture()
        let base = try fixture.base()
        let merge = try CheckpointMerge(base: base, adapters: [WeightedAdapter(fixture.peft("lora"), weight: 1)])
        let source = fixture.directory.path(of: "base")
        #expect(throws: ConversionError.self) { try merge.write([CheckpointTree(source)], to: source + "/merged") }
        #expect(try FileManagement.names(source) == ["model.safetensors"])
    }

    @Test func aFailureLeavesNothingBehind() throws {
        var fixture = try Fixture()
        let base = try fixture.base()
        let name = "base_model.model.layers.0.self_attn.q_proj."
        let content: Fixture.Content = [
            name + "lora_A.weight": ([1, 16], [.infinity] + Array(repeating: 1, count: 15)),
            name + "lora_B.weight": ([16, 1], Array(repeating: 1, count: 16)),
        ]
        let broken = try fixture.peft(
            "broken",
            content,
            configuration: #"{"peft_type": "LORA", "r": 1, "lora_alpha": 1}"#
        )
        #expect(throws: (any Error).self) { try merge([(broken, 1)], base, from: "base", in: fixture) }
        #expect(try FileManagement.names(fixture.directory.path) == ["base", "broken"])
    }
}
