// SPDX-License-Identifier: Apache-2.0

import AdapterConversion
import AdapterFormats
import Checkpoints
import TestSupport
import Testing
import Torch

/// Files for ComfyUI, read by ComfyUI's formulas as `PlainComfyUI` writes them out.
@Suite struct ComfyUIExportTests {
    /// Exports, reads the file by ComfyUI's formulas, and compares with what the adapter's own library makes of the base.
    private func export(
        _ adapter: AdapterDescription,
        _ fixture: Fixture,
        base: BaseWeights,
        withModel: Bool = true,
        limit: Double = 1e-6
    ) throws -> SafetensorsFile {
        let output = fixture.directory.path(of: "out.safetensors")
        var conversion = try Conversion(adapter, base: withModel ? base : nil, options: .init(target: .comfyui))
        let report = try conversion.write(to: output)
        #expect(report.layers.count == adapter.modules.count)
        #expect(report.layers.allSatisfy { $0.error < 1e-5 })
        let file = try SafetensorsFile(path: output)
        let comfyUI = PlainComfyUI(file: file)
        let weights = EffectiveWeights(adapter, dtype: .float64)
        for module in adapter.modules {
            let path = try base.path(of: module.path)
            let weight = try base.weight(path, dtype: .float64)
            let expected = try PlainMatrix(weights.weight(of: module, base: weight))
            let found = try comfyUI.weight(at: path, PlainMatrix(weight))
            let effect = try (expected - PlainMatrix(weight)).largest
            #expect((found - expected).largest < limit * effect, "\(path)")
        }
        return file
    }

    @Test(arguments: [true, false]) func loraCarriesItsAlpha(withModel: Bool) throws {
        var fixture = try Fixture()
        let base = try fixture.base()
        let file = try export(fixture.peft("lora"), fixture, base: base, withModel: withModel)
        let alpha = PlainMatrix("diffusion_model.decoder.layers.0.self_attn.q_proj.alpha", in: file)
        #expect(alpha?.values == [12])
    }

    @Test func rankStabilisedLoRAGetsTheAlphaOfItsScale() throws {
        var fixture = try Fixture()
        let base = try fixture.base()
        let settings = #"{"peft_type": "LORA", "r": 4, "lora_alpha": 12, "use_rslora": true}"#
        let file = try export(fixture.peft("rslora", configuration: settings), fixture, base: base)
        #expect(PlainMatrix("diffusion_model.decoder.layers.0.self_attn.q_proj.alpha", in: file)?.values == [24])
    }

    @Test func alphaPatternsReachTheirModules() throws {
        var fixture = try Fixture()
        let base = try fixture.base()
        let settings =
            #"{"peft_type": "LORA", "r": 4, "lora_alpha": 12, "alpha_pattern": {"layers\\.1\\.self_attn.*": 5}}"#
        let file = try export(fixture.peft("pattern", configuration: settings), fixture, base: base)
        #expect(PlainMatrix("diffusion_model.decoder.layers.1.self_attn.q_proj.alpha", in: file)?.values == [5])
        #expect(PlainMatrix("diffusion_model.decoder.layers.0.self_attn.q_proj.alpha", in: file)?.values == [12])
    }

    private let doraSettings = #"{"peft_type": "LORA", "r": 4, "lora_alpha": 12, "use_dora": true}"#

    @Test func doraIsCompensatedAndShapedForComfyUI() throws {
        var fixture = try Fixture()
        let base = try fixture.base()
        let adapter = try fixture.peft("dora", configuration: doraSettings, hasMagnitudes: true)
        let file = try export(adapter, fixture, base: base)
        let scale = try file.description("diffusion_model.decoder.layers.0.self_attn.q_proj.dora_scale")
        #expect(scale.shape == [16, 1])
    }

    @Test func doraWithoutItsBaseSaysThatItNeedsIt() throws {
        var fixture = try Fixture()
        let adapter = try fixture.peft("dora", configuration: doraSettings, hasMagnitudes: true)
        var conversion = try Conversion(adapter, base: nil, options: .init(target: .comfyui))
        let output = fixture.directory.path(of: "out.safetensors")
        let error = try #require(throws: ConversionError.self) { try conversion.write(to: output) }
        #expect("\(error)".contains("--model"))
        #expect(!FileManagement.exists(output))
    }

    @Test(arguments: ["\"use_cayley_neumann\": false", "\"num_cayley_neumann_terms\": 5"])
    func oftBecomesADifference(settings: String) throws {
        var fixture = try Fixture()
        let base = try fixture.base()
        let file = try export(fixture.oft("oft", settings: settings), fixture, base: base)
        #expect(file.names.allSatisfy { $0.hasSuffix(".diff") })
    }

    @Test(arguments: Fixture.KroneckerForm.allCases, [true, false])
    func lokrPassesThroughWithItsConvolutionFlattened(form: Fixture.KroneckerForm, withModel: Bool) throws {
        var fixture = try Fixture()
        let base = try fixture.base()
        let file = try export(fixture.lokr("lokr", form), fixture, base: base, withModel: withModel)
        guard form == .full else { return }
        #expect(try file.description("diffusion_model.decoder.proj_in.1.lokr_w2").shape == [4, 6])
    }

    @Test(arguments: ["output", "input"]) func lokrWithMagnitudesIsCompensatedWhereComfyUIDiffers(axis: String) throws {
        var fixture = try Fixture()
        let base = try fixture.base()
        let adapter = try fixture.lokr("dokr", .secondLow, magnitudes: axis)
        _ = try export(adapter, fixture, base: base, withModel: axis == "output")
    }

    @Test(arguments: [true, false]) func lohaPassesThrough(withModel: Bool) throws {
        var fixture = try Fixture()
        let base = try fixture.base()
        _ = try export(fixture.loha("loha"), fixture, base: base, withModel: withModel)
    }

    @Test func aBaseInDiffusersLayoutServesAsWell() throws {
        var fixture = try Fixture()
        let base = try fixture.base(.diffusers)
        let adapter = try fixture.peft("dora", configuration: doraSettings, hasMagnitudes: true)
        _ = try export(adapter, fixture, base: base)
    }

    @Test func biasesThatStandForTheBasesBecomeDifferences() throws {
        var fixture = try Fixture()
        let base = try fixture.base()
        let own = try #require(try base.bias("condition_embedder")).doubles()
        let adapter = try fixture.peft(
            "bias",
            [
                "base_model.model.layers.0.self_attn.q_proj.lora_A.weight": ([2, 16], fixture.numbers(32)),
                "base_model.model.layers.0.self_attn.q_proj.lora_B.weight": ([16, 2], fixture.numbers(32)),
                "base_model.model.condition_embedder.bias": ([16], own.map { $0 + 0.5 }),
                "base_model.model.proj_in.1.bias": ([16], try #require(try base.bias("proj_in.1")).doubles()),
            ],
            configuration: #"{"peft_type": "LORA", "r": 2, "lora_alpha": 2, "bias": "all"}"#
        )
        let output = fixture.directory.path(of: "out.safetensors")
        var conversion = try Conversion(adapter, base: base, options: .init(target: .comfyui))
        let report = try conversion.write(to: output)
        let file = try SafetensorsFile(path: output)
        let difference = try #require(PlainMatrix("diffusion_model.decoder.condition_embedder.diff_b", in: file))
        #expect(difference.values.allSatisfy { abs($0 - 0.5) < 1e-6 })
        #expect(file.tensors["diffusion_model.decoder.proj_in.1.diff_b"] == nil)
        #expect(report.notes.contains { $0.contains("equal the base's") })
    }

    @Test func bfloat16TensorsPassThroughUntouched() throws {
        let fixture = try Fixture()
        let name = "base_model.model.layers.0.self_attn.q_proj."
        let folder = try fixture.makeDirectory("bf16")
        let content: Fixture.Content = [
            name + "lora_A.weight": ([1, 16], (0..<16).map { Double($0) / 8 }),
            name + "lora_B.weight": ([16, 1], (0..<16).map { Double($0) / 4 }),
        ]
        try Fixture.write(content, to: folder + "/adapter_model.safetensors", dtype: .bfloat16)
        try fixture.directory.write(#"{"peft_type": "LORA", "r": 1, "lora_alpha": 3}"#, to: "bf16/adapter_config.json")
        let output = fixture.directory.path(of: "out.safetensors")
        let adapter = try AdapterDescription(contentsOf: folder)
        var conversion = try Conversion(adapter, base: nil, options: .init(target: .comfyui))
        _ = try conversion.write(to: output)
        let file = try SafetensorsFile(path: output)
        let written = try file.description("diffusion_model.decoder.layers.0.self_attn.q_proj.lora_up.weight")
        let source = try adapter.file.description(name + "lora_B.weight")
        #expect(written.dtype == .bfloat16)
        #expect(file.file.copy(written.byteRange) == adapter.file.file.copy(source.byteRange))
    }

    @Test func theWorkflowNamesTheAdapterAndItsNodesAreConnected() throws {
        let workflow = ComfyUIWorkflow(
            adapter: "jazz.safetensors",
            isTurbo: true,
            shift: nil,
            steps: nil,
            guidance: 7,
            tags: "jazz"
        )
        let nodes = try #require(try FileManagement.object(workflow))
        var classes: Set<String> = []
        for case let node as [String: Any] in nodes.values {
            classes.insert(try #require(node["class_type"] as? String))
            let inputs = try #require(node["inputs"] as? [String: Any])
            for case let link as [Any] in inputs.values {
                #expect(nodes[try #require(link.first as? String)] != nil)
            }
            if let name = inputs["lora_name"] { #expect(name as? String == "jazz.safetensors") }
            if let guidance = inputs["cfg"] { #expect(guidance as? Double == 1, "turbo takes no guidance") }
        }
        #expect(classes.isSuperset(of: ["LoraLoaderModelOnly", "TextEncodeAceStepAudio1.5", "KSampler"]))
    }
}
