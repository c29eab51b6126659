// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("Bad input")
struct BadInputTests {
    @Test("A missing tensor is named")
    func missingTensor() async throws {
        let copy = try FixtureCopy(of: "checkpoints")
        try copy.edit(tensors: "acestep-v15-turbo/model.safetensors") { $0.tensors["decoder.norm_out.weight"] = nil }
        try await LuminaProcess.expectFailure(
            "model.safetensors: tensor 'decoder.norm_out.weight' is missing",
            model: copy.path
        )
    }

    @Test("A misshapen tensor is named with both shapes")
    func misshapenTensor() async throws {
        let copy = try FixtureCopy(of: "checkpoints")
        try copy.edit(tensors: "acestep-v15-turbo/model.safetensors") {
            $0.tensors["decoder.norm_out.weight"] = .init(zeros: [17])
        }
        try await LuminaProcess.expectFailure(
            "tensor 'decoder.norm_out.weight' is [17], expected [16]",
            model: copy.path
        )
    }

    @Test("A file that is cut off is named")
    func truncatedFile() async throws {
        let copy = try FixtureCopy(of: "checkpoints")
        let path = copy.path(of: "vae/diffusion_pytorch_model.safetensors")
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        try copy.remove("vae/diffusion_pytorch_model.safetensors")
        try bytes.prefix(bytes.count / 2).write(to: URL(fileURLWithPath: path))
        try await LuminaProcess.expectFailure("vae/diffusion_pytorch_model.safetensors", model: copy.path)
    }

    @Test("A weight that is NaN is named")
    func notANumber() async throws {
        let copy = try FixtureCopy(of: "checkpoints")
        try copy.edit(tensors: "acestep-v15-turbo/model.safetensors") { file in
            var entry = try file.entry("decoder.proj_out.1.bias")
            entry.bytes.replaceSubrange(0..<4, with: [0, 0, 0xC0, 0x7F])
            file.tensors["decoder.proj_out.1.bias"] = entry
        }
        try await LuminaProcess.expectFailure(
            "tensor 'decoder.proj_out.1.bias' holds NaN or infinity",
            model: copy.path
        )
    }

    @Test("An adapter for another width is refused with both shapes, one for more layers with both counts")
    func adapters() async throws {
        let lora = TestProducts.modelFixture("adapters/lora")
        try await LuminaProcess.expectFailure("is [2, 16], expected", ["--adapter", lora], variant: "xl-turbo")
        let copy = try FixtureCopy(of: "adapters/lora")
        try copy.edit(tensors: "adapter_model.safetensors") { file in
            for name in file.names where name.contains("layers.2.") {
                file.tensors[name.replacing("layers.2.", with: "layers.5.")] = try file.entry(name)
            }
        }
        try await LuminaProcess.expectFailure("addresses layer 5, the base has 3", ["--adapter", copy.path])
    }

    @Test("An adapter whose weights are NaN, that is not there, or whose strength is no number is refused")
    func brokenAdapters() async throws {
        let copy = try FixtureCopy(of: "adapters/lora")
        try copy.edit(tensors: "adapter_model.safetensors") { file in
            let name = try #require(file.names.first)
            var entry = try file.entry(name)
            entry.bytes.replaceSubrange(0..<4, with: [0, 0, 0x80, 0x7F])
            file.tensors[name] = entry
        }
        try await LuminaProcess.expectFailure("is NaN or infinite at element 0", ["--adapter", copy.path])
        try await LuminaProcess.expectFailure("nowhere", ["--adapter", "nowhere=0.5"])
        try await LuminaProcess.expectFailure(
            "adapter 'x=strong': what follows '=' must be a number",
            ["--adapter", "x=strong"]
        )
    }

    @Test("An unknown variant and a place without a checkpoint are refused with what there is")
    func unknownModels() async throws {
        try await LuminaProcess.expectFailure("has no variant 'huge'; it has base, turbo, xl-turbo", variant: "huge")
        try await LuminaProcess.expectFailure("there is no such directory", model: "/nowhere")
        let directory = try TemporaryDirectory()
        try await LuminaProcess.expectFailure("is not an ACE-Step checkpoint", model: directory.path)
    }

    @Test("A device or a type that is not there is refused")
    func computing() async throws {
        try await LuminaProcess.expectFailure("unknown device 'tpu'", ["--device", "tpu"])
        try await LuminaProcess.expectFailure("unknown type 'float8'", ["--dtype", "float8"])
    }

    @Test(
        "Options out of range or of no meaning are wrong usage, told in the first line",
        arguments: [
            (["--duration", "601"], "--duration is 601.0; it must be 0.1 to 600 seconds"),
            (["--duration", "0.05"], "--duration is 0.05; it must be 0.1 to 600 seconds"),
            (["--duration", "nan"], "--duration is nan"), (["--steps", "0"], "--steps is 0; it must be at least 1"),
            (["--steps=-4"], "--steps is -4"), (["--steps", "many"], "'many' is invalid"),
            (["--batch", "17"], "--batch is 17; it must be 1 to 16"), (["--threads", "0"], "--threads is 0"),
            (["--lyrics", "a", "--lyrics-file", "b"], "give --lyrics or --lyrics-file, not both"),
            (["--compat", "none"], "'none' is invalid"), (["--bpm", "fast"], "'fast' is invalid"),
            (["--encoding", "pcm8"], "'pcm8' is invalid"), (["--no-such-option"], "Unknown option '--no-such-option'"),
        ]
    )
    func usage(options: [String], message: String) async throws {
        let directory = try TemporaryDirectory()
        let outcome = try await LuminaProcess.run(
            ["generate", "--tags", "x", "--out", directory.path(of: "a.wav")] + options
        )
        #expect(outcome.status == 2)
        let first = try #require(outcome.errorLines.first)
        #expect(first.hasPrefix("error: "), "\(first)")
        #expect(first.contains(message), "\(first)")
        #expect(outcome.output.isEmpty)
        #expect(try directory.names().isEmpty)
    }

    @Test("A generation needs something to make and somewhere to put it; a command must exist")
    func missingOptions() async throws {
        for (arguments, message) in [
            (["generate", "--out", "a.wav"], "give --tags, or --request FILE"), (["generate", "--tags", "x"], "--out"),
            (["sing"], "sing"), (["bench", "swap"], "swap needs at least one --adapter"),
        ] {
            let outcome = try await LuminaProcess.run(arguments)
            #expect(outcome.status == 2, "\(arguments)")
            let first = try #require(outcome.errorLines.first)
            #expect(first.hasPrefix("error: ") && first.contains(message), "\(first)")
        }
    }

    @Test("Steps, shift and guidance out of range are refused by name, from a request file too")
    func requests() async throws {
        let directory = try TemporaryDirectory()
        for (json, message) in [
            (#"{"shift": -1}"#, "shift is -1.0; it must be above 0"),
            (#"{"guidance_scale": 1000}"#, "guidance is 1000.0"),
            (#"{"cfg_interval_start": 2}"#, "guidance interval"), ("[]", "is not a JSON object"),
            (#"{"tags": 7}"#, "field 'tags' has the wrong type"),
        ] {
            let path = try directory.write(json, to: "request.json")
            try await LuminaProcess.expectFailure(message, ["--request", path])
        }
        try await LuminaProcess.expectFailure("none.json: cannot be read", ["--request", "none.json"])
        try await LuminaProcess.expectFailure("none.txt: cannot be read", ["--lyrics-file", "none.txt"])
    }

    @Test("Lyrics that do not fit are cut, and a warning says by how many tokens")
    func longLyrics() async throws {
        let directory = try TemporaryDirectory()
        let lyrics = try directory.write(String(repeating: "la ", count: 3000), to: "lyrics.txt")
        let outcome = try await LuminaProcess.run(
            LuminaProcess.generation(["--lyrics-file", lyrics], to: directory.path(of: "song.wav"))
        )
        #expect(outcome.status == 0)
        let pattern = #/^warning: the lyrics are too long: [1-9][0-9]* tokens beyond 2048 were cut$/#
        #expect(outcome.errorLines.count == 1)
        #expect(outcome.errorLines.first?.wholeMatch(of: pattern) != nil, "\(outcome.errors)")
    }

    @Test("Fields of a request that mean nothing are warned about")
    func unknownFields() async throws {
        let directory = try TemporaryDirectory()
        let request = try directory.write(#"{"tags": "x", "tempo": 3}"#, to: "request.json")
        let outcome = try await LuminaProcess.run(
            LuminaProcess.generation(["--request", request], to: directory.path(of: "song.wav"))
        )
        #expect(outcome.status == 0)
        #expect(outcome.errors == "warning: field 'tempo' of the request means nothing here\n")
    }
}
