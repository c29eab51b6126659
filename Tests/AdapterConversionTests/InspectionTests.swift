// SPDX-License-Identifier: Apache-2.0

import AdapterConversion
import AdapterFormats
import Checkpoints
import TestSupport
import Testing
import Torch

@Suite struct InspectionTests {
    private func forecast(_ adapter: AdapterDescription, _ tool: String) throws -> ToolForecast {
        try #require(try AdapterInspection(adapter).elsewhere.first { $0.tool == tool })
    }

    @Test func aPEFTDirectoryPlaysAtAThirdInComfyUIAndDiffusers() throws {
        var fixture = try Fixture()
        let adapter = try fixture.peft("lora")
        let comfyUI = try forecast(adapter, "ComfyUI")
        #expect(comfyUI.verdict == .scaled)
        #expect(abs(try #require(comfyUI.strength) - 1.0 / 3) < 1e-5)
        #expect(comfyUI.detail.contains("1/3 strength: no alpha"))
        #expect(try forecast(adapter, "diffusers").detail.contains("adapter_config.json"))
        #expect(try forecast(adapter, "PEFT").verdict == .exact)
        #expect(try forecast(adapter, "acestep.cpp").verdict == .exact)
    }

    @Test(arguments: ["lora", "rslora", "dora", "oft", "lokr", "dokr", "loha"])
    func anExportedFilePlaysAsTrainedInComfyUI(kind: String) throws {
        var fixture = try Fixture()
        let base = try fixture.base()
        let settings = #"{"peft_type": "LORA", "r": 4, "lora_alpha": 12, "use_rslora": true}"#
        let adapter =
            switch kind {
            case "lora": try fixture.peft("a")
            case "rslora": try fixture.peft("a", configuration: settings)
            case "dora": try fixture.peft("a", configuration: settings, hasMagnitudes: true)
            case "oft": try fixture.oft("a", settings: "\"r\": 0")
            case "lokr": try fixture.lokr("a", .full)
            case "dokr": try fixture.lokr("a", .secondLow, magnitudes: "output")
            default: try fixture.loha("a")
            }
        if kind != "loha" {
            #expect(try forecast(adapter, "ComfyUI").verdict != .exact, "so there is something to export")
        }
        let output = fixture.directory.path(of: "out.safetensors")
        var conversion = try Conversion(adapter, base: base, options: .init(target: .comfyui))
        _ = try conversion.write(to: output)
        #expect(try forecast(AdapterDescription(contentsOf: output), "ComfyUI").verdict == .exact)
    }

    @Test func aFileForDiffusersPlaysAsTrainedThere() throws {
        var fixture = try Fixture()
        let output = fixture.directory.path(of: "out.safetensors")
        var conversion = try Conversion(fixture.peft("lora"), base: nil, options: .init(target: .diffusers))
        _ = try conversion.write(to: output)
        let adapter = try AdapterDescription(contentsOf: output)
        #expect(try forecast(adapter, "diffusers").verdict == .exact)
        #expect(try forecast(adapter, "ComfyUI").verdict == .refused)
        #expect(adapter.origin == .diffusers)
    }

    @Test func doraWithOneDimensionalMagnitudesIsWrongInComfyUI() throws {
        var fixture = try Fixture()
        let name = "base_model.model.layers.0.self_attn.q_proj."
        let path = fixture.directory.path(of: "old.safetensors")
        try Fixture.write(
            [
                name + "lora_down.weight": ([2, 16], fixture.numbers(32)), name + "alpha": ([], [4]),
                name + "lora_up.weight": ([16, 2], fixture.numbers(32)),
                name + "dora_scale": ([16], fixture.numbers(16)),
            ],
            to: path
        )
        let comfyUI = try forecast(AdapterDescription(contentsOf: path), "ComfyUI")
        #expect(comfyUI.verdict == .wrong)
        #expect(comfyUI.detail.contains("[out, 1]"))
    }

    @Test func whatDiffersBetweenModulesIsTold() throws {
        var fixture = try Fixture()
        let settings = #"{"peft_type": "LORA", "r": 4, "lora_alpha": 12, "alpha_pattern": {"cross_attn.v_proj": 2}}"#
        let inspection = try AdapterInspection(fixture.peft("lora", configuration: settings))
        #expect(inspection.distinct(\.scale).map(\.value) == [3, 0.5])
        #expect(inspection.modules.first { $0.module == "layers.0.cross_attn.v_proj" }?.alpha == 2)
        #expect(inspection.targets.first { $0.name == "self_attn.q_proj" }?.count == 2)
        #expect(inspection.hiddenSize == 16)
        #expect(inspection.layerCount == 2)
    }

    @Test func brokenAndIdleTensorsAreNamed() throws {
        let fixture = try Fixture()
        func pair(_ path: String, _ down: [Double], _ up: [Double]) -> Fixture.Content {
            [
                "base_model.model.\(path).lora_A.weight": ([1, 2], down),
                "base_model.model.\(path).lora_B.weight": ([2, 1], up),
            ]
        }
        let content = pair("layers.0.self_attn.q_proj", [1, .nan], [1, 1])
            .merging(pair("layers.1.self_attn.q_proj", [1, 1], [0, 0])) { $1 }
            .merging(pair("layers.2.self_attn.q_proj", [1, -5], [1, 1])) { $1 }
        let adapter = try fixture.peft("x", content, configuration: #"{"peft_type": "LORA", "r": 1, "lora_alpha": 1}"#)
        let health = try AdapterInspection(adapter).health
        #expect(health.notFinite.map(\.tensor) == ["base_model.model.layers.0.self_attn.q_proj.lora_A.weight"])
        #expect(health.notFinite.map(\.index) == [1])
        #expect(health.idleModules == ["layers.1.self_attn.q_proj"])
        #expect(health.largestMagnitude == 5)
        #expect(!health.isSound)
    }

    @Test func lycorisScalesAreReadWithoutLibtorch() throws {
        var fixture = try Fixture()
        let low = try AdapterInspection(fixture.lokr("low", .secondLow))
        #expect(low.distinct(\.scale).map(\.value) == [2])
        let full = try AdapterInspection(fixture.lokr("full", .full))
        #expect(full.distinct(\.scale).map(\.value) == [1], "alpha is ignored where nothing is factored")
        #expect(full.modules.contains { $0.module == "proj_in.1" }, "flattened names get their dots back")
    }

    @Test func theEffectIsMeasuredByBlock() throws {
        var fixture = try Fixture()
        let base = try fixture.base()
        let adapter = try fixture.peft("lora")
        let report = try EffectReport(adapter, base: base)
        let module = try #require(adapter.modules.first { $0.path.text == "layers.0.self_attn.q_proj" })
        let weight = try base.weight("layers.0.self_attn.q_proj")
        let change = try EffectiveWeights(adapter).difference(of: module, base: weight).norm().item()
        let expected = try change / weight.norm().item()
        #expect(abs(try #require(report.change(layer: 0, group: "self")) - expected) < 1e-6 * expected)
        #expect(report.change(layer: 1, group: "mlp") == nil)
        #expect(report.coverage.map(\.group) == ["self", "cross", "mlp", "other"])
        #expect(report.coverage.map(\.changed) == [2, 1, 0, 0])
        #expect(report.coverage.map(\.total) == [2, 1, 1, 3])
    }

    @Test func deadAndExplodingLayersStandOut() throws {
        let content: (Double) -> Fixture.Content = { scale in
            var all: Fixture.Content = [:]
            for (path, factor) in [("layers.0.self_attn.q_proj", 0.0), ("layers.1.self_attn.q_proj", scale)] {
                all["base_model.model.\(path).lora_A.weight"] = ([1, 16], Array(repeating: 1, count: 16))
                all["base_model.model.\(path).lora_B.weight"] = ([16, 1], Array(repeating: factor, count: 16))
            }
            return all
        }
        var fixture = try Fixture()
        let base = try fixture.base()
        let settings = #"{"peft_type": "LORA", "r": 1, "lora_alpha": 1}"#
        let report = try EffectReport(fixture.peft("x", content(100), configuration: settings), base: base)
        #expect(report.layers.map(\.remark) == ["dead", "exploding"])
    }

    @Test func modulesWithoutAPlaceAreListed() throws {
        var fixture = try Fixture()
        let base = try fixture.base()
        let adapter = try fixture.peft("x", Fixture.attention + [("layers.9.self_attn.q_proj", [16, 16])])
        #expect(try EffectReport(adapter, base: base).unmatched == ["layers.9.self_attn.q_proj"])
    }

    @Test func anAdapterTwiceIsTwiceTooMuch() throws {
        var fixture = try Fixture()
        let base = try fixture.base()
        let adapter = try fixture.peft("lora")
        let overlap = try OverlapReport([adapter, adapter], base: base)
        let pair = try #require(overlap.pairs.first)
        #expect(abs(pair.cosine - 1) < 1e-5)
        #expect(
            pair.layers.allSatisfy { $0.smallestAngle < 0.5 && $0.sharedOutput > 0.999 && abs($0.cosine - 1) < 1e-5 }
        )
        #expect(abs(overlap.overdrive - 2) < 1e-4)
        #expect(overlap.suggestedWeights.allSatisfy { (0.49...0.5).contains($0) })
    }

    @Test func adaptersOnDifferentModulesDoNotMeet() throws {
        var fixture = try Fixture()
        let base = try fixture.base()
        let first = try fixture.peft("first", [("layers.0.self_attn.q_proj", [16, 16])])
        let second = try fixture.peft("second", [("layers.1.self_attn.q_proj", [16, 16])])
        let overlap = try OverlapReport([first, second], base: base)
        #expect(overlap.pairs.isEmpty)
        #expect(overlap.overdrive > 1)
        #expect(overlap.overdrive <= 2.0.squareRoot() + 1e-6)
    }

    @Test func writingToSeparateDirectionsIsARightAngle() throws {
        var fixture = try Fixture()
        let base = try fixture.base()
        func adapter(_ name: String, row: Int) throws -> AdapterDescription {
            let prefix = "base_model.model.layers.0.self_attn.q_proj."
            return try fixture.peft(
                name,
                [
                    prefix + "lora_A.weight": ([1, 16], Array(repeating: 1, count: 16)),
                    prefix + "lora_B.weight": ([16, 1], (0..<16).map { $0 == row ? 1 : 0 }),
                ],
                configuration: #"{"peft_type": "LORA", "r": 1, "lora_alpha": 1}"#
            )
        }
        let overlap = try OverlapReport([adapter("a", row: 0), adapter("b", row: 1)], base: base)
        let layer = try #require(overlap.pairs.first?.layers.first)
        #expect(abs(layer.smallestAngle - 90) < 1e-3)
        #expect(abs(layer.cosine) < 1e-6)
    }
}
