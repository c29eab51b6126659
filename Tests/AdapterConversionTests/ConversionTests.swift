// SPDX-License-Identifier: Apache-2.0

import AdapterConversion
import AdapterFormats
import Checkpoints
import TestSupport
import Testing
import Torch

@Suite struct ConversionTests {
    private func convert(
        _ adapter: AdapterDescription,
        to target: ConversionTarget,
        base: BaseWeights? = nil,
        as name: String,
        in fixture: Fixture,
        rank: Int? = nil
    ) throws -> (report: ConversionReport, written: AdapterDescription) {
        let output = fixture.directory.path(of: target.isDirectory ? name : name + ".safetensors")
        let options = ConversionOptions(target: target, approximationRank: rank)
        var conversion = try Conversion(adapter, base: base, options: options)
        let report = try conversion.write(to: output)
        return (report, try AdapterDescription(contentsOf: output))
    }

    /// Whether two adapters do the same to a base.
    private func expectSame(_ first: AdapterDescription, _ second: AdapterDescription, on base: BaseWeights) throws {
        let (one, two) = (EffectiveWeights(first, dtype: .float64), EffectiveWeights(second, dtype: .float64))
        #expect(first.modules.count == second.modules.count)
        let others = try Dictionary(uniqueKeysWithValues: second.modules.map { (try base.path(of: $0.path), $0) })
        for module in first.modules {
            let path = try base.path(of: module.path)
            let weight = try base.weight(path, dtype: .float64)
            let change = try PlainMatrix(one.difference(of: module, base: weight))
            let other = try PlainMatrix(two.difference(of: #require(others[path]), base: weight))
            #expect((change - other).largest < 1e-5 * change.largest, "\(path)")
        }
    }

    private let doraSettings = #"{"peft_type": "LORA", "r": 4, "lora_alpha": 12, "use_dora": true}"#
    private let patternSettings =
        #"{"peft_type": "LORA", "r": 4, "lora_alpha": 12, "alpha_pattern": {"layers\\.1\\.self_attn.q_proj": 5}}"#

    @Test(arguments: [ConversionTarget.comfyui, .diffusers, .kohya, .lycoris])
    func loraSurvivesTheWayThereAndBack(target: ConversionTarget) throws {
        var fixture = try Fixture()
        let base = try fixture.base()
        let adapter = try fixture.peft("pattern", configuration: patternSettings)
        let there = try convert(adapter, to: target, as: "there", in: fixture)
        #expect(there.report.layers.allSatisfy { $0.error < 1e-6 })
        let back = try convert(there.written, to: .peft, as: "back", in: fixture)
        try expectSame(adapter, back.written, on: base)
        #expect(back.written.kinds == [.lora])
    }

    @Test(arguments: [ConversionTarget.comfyui, .diffusers, .kohya, .lycoris])
    func doraSurvivesTheWayThereAndBack(target: ConversionTarget) throws {
        var fixture = try Fixture()
        let base = try fixture.base()
        let adapter = try fixture.peft("dora", configuration: doraSettings, hasMagnitudes: true)
        let there = try convert(adapter, to: target, base: base, as: "there", in: fixture)
        let back = try convert(there.written, to: .peft, base: base, as: "back", in: fixture)
        try expectSame(adapter, back.written, on: base)
        #expect(back.written.modules.allSatisfy { $0.tensors[.magnitude]?.shape.count == 1 })
    }

    @Test func oftStaysOFTInPEFT() throws {
        var fixture = try Fixture()
        let base = try fixture.base()
        let adapter = try fixture.oft("oft", settings: "\"use_cayley_neumann\": false")
        let copy = try convert(adapter, to: .peft, as: "copy", in: fixture)
        try expectSame(adapter, copy.written, on: base)
        let settings = try #require(
            try FileManagement.object(fixture.directory.path(of: "copy/adapter_config.json"))
        )
        #expect(settings["peft_type"] as? String == "OFT")
        #expect(settings["use_cayley_neumann"] as? Bool == false)
        #expect(settings["oft_block_size"] as? Int == 4)
    }

    @Test(arguments: [ConversionTarget.kohya, .lycoris, .comfyui])
    func lokrSurvivesTheWayThereAndBack(target: ConversionTarget) throws {
        var fixture = try Fixture()
        let base = try fixture.base()
        let adapter = try fixture.lokr("lokr", .full)
        let there = try convert(adapter, to: target, base: base, as: "there", in: fixture)
        try expectSame(adapter, there.written, on: base)
    }

    @Test func everyFamilyBecomesPlainDifferences() throws {
        var fixture = try Fixture()
        let base = try fixture.base()
        let adapters = [
            try fixture.peft("lora"), try fixture.oft("oft", settings: "\"r\": 0"), try fixture.loha("loha"),
            try fixture.lokr("lokr", .bothLow, magnitudes: "output"),
        ]
        for adapter in adapters {
            let result = try convert(adapter, to: .diff, base: base, as: adapter.name + "-diff", in: fixture)
            #expect(result.written.kinds == [.difference])
            try expectSame(adapter, result.written, on: base)
        }
    }

    @Test func aConvolutionsDifferenceKeepsTheBasesShape() throws {
        var fixture = try Fixture()
        let base = try fixture.base()
        let result = try convert(fixture.loha("loha"), to: .diff, base: base, as: "diff", in: fixture)
        #expect(try result.written.file.description("diffusion_model.decoder.proj_in.1.diff").shape == [16, 12, 2])
    }

    @Test func aConvolutionsDifferenceWithoutTheBaseAsksForIt() throws {
        var fixture = try Fixture()
        let adapter = try fixture.loha("loha")
        #expect(throws: ConversionError.self) { try convert(adapter, to: .diff, as: "diff", in: fixture) }
    }

    @Test func whatATargetCannotSayIsRefusedWithTheWayOut() throws {
        var fixture = try Fixture()
        let adapter = try fixture.lokr("lokr", .full)
        let error = try #require(throws: ConversionError.self) {
            try convert(adapter, to: .peft, as: "peft", in: fixture)
        }
        #expect("\(error)".contains("--rank"))
        #expect(!FileManagement.exists(fixture.directory.path(of: "peft/adapter_model.safetensors")))
    }

    @Test func approximationsReportHowFarTheyAreOff() throws {
        var fixture = try Fixture()
        let base = try fixture.base()
        let adapter = try fixture.oft("oft", settings: "\"r\": 0", scale: 0.05)
        let coarse = try convert(adapter, to: .diffusers, base: base, as: "coarse", in: fixture, rank: 1)
        let fine = try convert(adapter, to: .diffusers, base: base, as: "fine", in: fixture, rank: 16)
        #expect(try #require(coarse.report.worst).error > 0.05)
        #expect(try #require(fine.report.worst).error < 1e-4)
        #expect(fine.report.worst?.method.hasPrefix("approximated") == true)
        try expectSame(adapter, fine.written, on: base)
    }

    @Test func aToleranceRefusesApproximationsThatAreTooCoarse() throws {
        var fixture = try Fixture()
        let base = try fixture.base()
        let adapter = try fixture.oft("oft", settings: "\"r\": 0")
        let output = fixture.directory.path(of: "coarse.safetensors")
        let options = ConversionOptions(target: .kohya, approximationRank: 1, tolerance: 0.01)
        var conversion = try Conversion(adapter, base: base, options: options)
        let error = try #require(throws: ConversionError.self) { try conversion.write(to: output) }
        #expect("\(error)".contains("was removed"))
        #expect(!FileManagement.exists(output))
    }

    @Test func flattenedNamesGetTheirDotsBackWithoutABase() throws {
        var fixture = try Fixture()
        let result = try convert(fixture.loha("loha"), to: .comfyui, as: "dotted", in: fixture)
        let names = Set(result.written.modules.map(\.path.text))
        #expect(names == Set(Fixture.modules.map(\.path)))
    }

    @Test func namesThatNobodyKnowsNeedTheBase() throws {
        let fixture = try Fixture()
        let content: Fixture.Content = [
            "lycoris_some_thing.lokr_w1": ([2, 2], [1, 2, 3, 4]),
            "lycoris_some_thing.lokr_w2": ([2, 2], [1, 2, 3, 4]),
        ]
        let adapter = try fixture.lycoris("odd", content, algorithm: "lokr")
        let error = try #require(throws: ConversionError.self) {
            try convert(adapter, to: .comfyui, as: "x", in: fixture)
        }
        #expect("\(error)".contains("--model"))
    }

    @Test func modulesThatTheBaseLacksAreRefusedOrLeftOut() throws {
        var fixture = try Fixture()
        let base = try fixture.base()
        let adapter = try fixture.peft("more", Fixture.attention + [("layers.7.self_attn.q_proj", [16, 16])])
        #expect(throws: ConversionError.missingModule(module: "layers.7.self_attn.q_proj")) {
            try convert(adapter, to: .comfyui, base: base, as: "x", in: fixture)
        }
        let options = ConversionOptions(target: .comfyui, allowPartial: true)
        var conversion = try Conversion(adapter, base: base, options: options)
        let report = try conversion.write(to: fixture.directory.path(of: "part.safetensors"))
        #expect(report.layers.count == Fixture.attention.count)
        #expect(report.notes.contains { $0.contains("layers.7.self_attn.q_proj") })
    }

    @Test func unknownTensorsAreRefusedOrLeftOut() throws {
        let fixture = try Fixture()
        let name = "base_model.model.layers.0.self_attn.q_proj."
        let content: Fixture.Content = [
            name + "lora_A.weight": ([1, 16], Array(repeating: 1, count: 16)),
            name + "lora_B.weight": ([16, 1], Array(repeating: 1, count: 16)), "surprise": ([1], [1]),
        ]
        let adapter = try fixture.peft(
            "extra",
            content,
            configuration: #"{"peft_type": "LORA", "r": 1, "lora_alpha": 1}"#
        )
        #expect(throws: ConversionError.unusedTensors(names: ["surprise"])) {
            try convert(adapter, to: .comfyui, as: "x", in: fixture)
        }
    }

    @Test(arguments: ["jazz", "jazz.bin"]) func aFilesNameMustEndInSafetensors(name: String) throws {
        var fixture = try Fixture()
        var conversion = try Conversion(fixture.peft("lora"), base: nil, options: .init(target: .comfyui))
        #expect(throws: ConversionError.self) { try conversion.write(to: fixture.directory.path(of: name)) }
    }

    @Test func theAdapterItselfIsNotOverwritten() throws {
        var fixture = try Fixture()
        let adapter = try fixture.peft("lora")
        var conversion = try Conversion(adapter, base: nil, options: .init(target: .peft))
        #expect(throws: ConversionError.self) { try conversion.write(to: fixture.directory.path(of: "lora")) }
        #expect(try AdapterDescription(contentsOf: fixture.directory.path(of: "lora")).modules == adapter.modules)
    }

    @Test func weightsThatAreNotFiniteAreRefused() throws {
        let fixture = try Fixture()
        let name = "base_model.model.layers.0.self_attn.q_proj."
        let content: Fixture.Content = [
            name + "lora_A.weight": ([1, 16], [.nan] + Array(repeating: 1, count: 15)),
            name + "lora_B.weight": ([16, 1], Array(repeating: 1, count: 16)),
        ]
        let adapter = try fixture.peft(
            "nan",
            content,
            configuration: #"{"peft_type": "LORA", "r": 1, "lora_alpha": 1}"#
        )
        let output = fixture.directory.path(of: "out.safetensors")
        var conversion = try Conversion(adapter, base: nil, options: .init(target: .comfyui))
        let error = try #require(throws: (any Error).self) { try conversion.write(to: output) }
        #expect("\(error)".contains("NaN"))
        #expect(!FileManagement.exists(output))
    }
}
