// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("What commands print")
struct ReportTests {
    private static let model = ["--model", TestProducts.modelFixture("checkpoints"), "--variant", "turbo"]

    @Test("generate --json has every key, and the adapters as they were asked for")
    func generation() async throws {
        let directory = try TemporaryDirectory()
        let lora = TestProducts.modelFixture("adapters/lora")
        let outcome = try await LuminaProcess.run(
            LuminaProcess.generation(
                ["--json", "--mode", "merged", "--adapter", lora + "=0.5@0.1-"],
                to: directory.path(of: "a.wav")
            )
        )
        #expect((outcome.status, outcome.errors) == (0, ""))
        let report = try outcome.json()
        #expect(
            Set(report.keys) == [
                "files", "seeds", "duration", "sample_rate", "model", "dtype", "device", "num_inference_steps",
                "guidance_scale", "shift", "adapters", "adapter_mode", "timings", "warnings",
            ]
        )
        #expect(report["adapter_mode"] as? String == "factors", "a span cannot be merged")
        #expect(report["model"] as? String == "acestep-v15-turbo")
        #expect((report["duration"] as? Double, report["sample_rate"] as? Int) == (0.2, 48_000))
        let timings = try #require(report["timings"] as? [String: Double])
        #expect(Set(timings.keys) == ["load_s", "adapters_s", "encode_s", "denoise_s", "decode_s"])
        #expect(timings.values.allSatisfy { $0 >= 0 })
        let adapter = try #require((report["adapters"] as? [[String: Any]])?.first)
        #expect(
            (adapter["ref"] as? String, adapter["name"] as? String, adapter["weight"] as? Double) == (lora, "lora", 0.5)
        )
        let span = try #require(adapter["span"] as? [Any])
        #expect((span.first as? Double, span.last is NSNull) == (0.1, true))
    }

    @Test("A request file and options together: options win, adapters come from the file unless given")
    func requestFile() async throws {
        let directory = try TemporaryDirectory()
        let lora = TestProducts.modelFixture("adapters/lora")
        let request = try directory.write(
            """
            {"tags": "x", "duration": 0.4, "num_inference_steps": 2, "shift": 2, "seed": 9,
             "adapters": [{"ref": "\(lora)", "weight": 0.25}]}
            """,
            to: "request.json"
        )
        let outcome = try await LuminaProcess.run(
            ["generate"] + Self.model
                + ["--request", request, "--steps", "3", "--json", "--quiet", "--out", directory.path(of: "a.wav")]
        )
        let report = try outcome.json()
        #expect((report["num_inference_steps"] as? Int, report["shift"] as? Double) == (3, 2))
        #expect((report["seeds"] as? [Int], report["duration"] as? Double) == ([9], 0.4))
        #expect((report["adapters"] as? [[String: Any]])?.first?["weight"] as? Double == 0.25)
    }

    @Test("--save-tensors writes the reference's names and shapes")
    func savedTensors() async throws {
        let directory = try TemporaryDirectory()
        let request = TestProducts.modelFixture("requests/scripts.json")
        let outcome = try await LuminaProcess.run(
            ["generate"] + Self.model + [
                "--request", request, "--dtype", "float32", "--quiet", "--save-tensors",
                directory.path(of: "t.safetensors"), "--out", directory.path(of: "a.wav"),
            ]
        )
        #expect(outcome.status == 0, "\(outcome.errors)")
        let saved = try TensorFile(path: directory.path(of: "t.safetensors"))
        let golden = try TensorFile(path: TestProducts.modelFixture("outputs/turbo.scripts.safetensors"))
        let steps = (0..<4).map { "latents.\($0)" }
        #expect(
            Set(saved.names)
                == Set(["caption_ids", "lyric_ids", "encoder_hidden_states", "noise", "latents", "audio"] + steps)
        )
        for name in golden.names where name != "audio.every32" {
            #expect(try saved.entry(name).shape == golden.entry(name).shape, "\(name)")
            #expect(try saved.entry(name).dtype == golden.entry(name).dtype, "\(name)")
        }
        #expect(try saved.entry("audio").shape == [1, 2, 24 * 1920])
        #expect(try saved.entry("caption_ids").bytes == golden.entry("caption_ids").bytes)
    }

    @Test("bench --json has the keys that other tools' scripts read")
    func bench() async throws {
        let lora = TestProducts.modelFixture("adapters/lora")
        let options = Self.model + ["--duration", "1", "--steps", "1", "--repeat", "1", "--json"]
        let always: Set = ["load_s", "ready_s", "dit_step_s", "peak_rss_gb", "model", "dtype", "device"]
        let adapters: Set = [
            "adapter_load_s", "dit_step_with_adapter_s", "adapter_switch_s", "factors_step_predicted_s",
            "factors_step_s", "merged_step_predicted_s", "merged_step_s", "merge_predicted_s", "merge_s",
        ]
        for (arguments, keys) in [
            (["load"] + options, always), (["swap", "--adapter", lora] + options, always.union(adapters)),
            (
                ["generate", "--adapter", lora] + options,
                always.union(adapters).union(["generate_s", "audio_s", "vae_s_per_audio_s"])
            ),
        ] {
            let report = try await LuminaProcess.run(["bench"] + arguments).json()
            #expect(Set(report.keys) == keys, "\(arguments[0])")
            #expect(report.values.allSatisfy { ($0 as? Double).map { $0 > 0 } ?? true }, "\(report)")
        }
    }

    @Test("doctor tells what there is, and fails where something is missing")
    func doctor() async throws {
        let outcome = try await LuminaProcess.run(["doctor", "--json"] + Self.model)
        #expect(outcome.status == 0, "\(outcome.output)")
        let findings = try #require(outcome.json()["findings"] as? [[String: Any]])
        #expect(
            findings.compactMap { $0["what"] as? String }
                == ["processor", "memory", "libtorch", "CUDA", "cache", "checkpoint"]
        )
        #expect(findings.allSatisfy { $0["detail"] is String && $0["status"] is String })
        let missing = try await LuminaProcess.run(["doctor", "--model", "/nowhere"])
        #expect(missing.status == 1)
        #expect(missing.output.contains("✗ checkpoint"))
        let lost = try await LuminaProcess.run(["doctor"], environment: ["LIBTORCH": "/nowhere"])
        #expect(lost.status == 1)
        #expect(lost.output.contains("✗ libtorch"))
        #expect(lost.output.contains("make build"))
    }

    @Test("Without libtorch a command says what to run")
    func noLibtorch() async throws {
        let directory = try TemporaryDirectory()
        let outcome = try await LuminaProcess.run(
            LuminaProcess.generation(to: directory.path(of: "a.wav")),
            environment: ["LIBTORCH": "/nowhere"]
        )
        #expect(outcome.status == 1)
        #expect(outcome.errorLines.count == 1 && outcome.errors.hasPrefix("error: "), "\(outcome.errors)")
        #expect(outcome.errors.contains("/nowhere"), "\(outcome.errors)")
    }

    @Test("Help and version go to standard output and are no failure")
    func help() async throws {
        for arguments in [["--help"], ["generate", "--help"], ["help", "bench"], ["--version"], []] {
            let outcome = try await LuminaProcess.run(arguments)
            #expect((outcome.status, outcome.errors) == (0, ""), "\(arguments)")
            #expect(!outcome.output.isEmpty)
        }
    }
}
