// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("lumina small-model vae")
struct TrainAutoencoderTests {
    private static let short = ["--steps", "2", "--songs", "2", "--batch", "1", "--frames", "2", "--quiet"]

    private func run(_ options: [String]) async throws -> LuminaProcess.Outcome {
        try await LuminaProcess.run(["small-model", "vae"] + options)
    }

    @Test("A training in two pieces leaves the bytes of one in one, and a folder as a checkpoint has it")
    func pieces() async throws {
        let directory = try TemporaryDirectory()
        let (whole, pieces) = (directory.path(of: "whole"), directory.path(of: "pieces"))
        let made = try await run(Self.short + ["--work", whole])
        #expect(made.status == 0 && made.output == "\(whole)/vae: trained\n", "\(made)")
        let first = try await run(Self.short + ["--work", pieces, "--minutes", "0.0001"])
        #expect(first.status == 0 && first.output.contains("the same command goes on"), "\(first)")
        let second = try await run(Self.short + ["--work", pieces])
        #expect(second.output == "\(pieces)/vae: trained\n", "\(second)")
        for name in ["config.json", "diffusion_pytorch_model.safetensors"] {
            let bytes = try [whole, pieces].map { try Data(contentsOf: URL(filePath: "\($0)/vae/\(name)")) }
            #expect(bytes[0] == bytes[1], "\(name)")
        }
    }

    @Test("What cannot be trained is refused with the reason")
    func refused() async throws {
        let directory = try TemporaryDirectory()
        for (options, words) in [
            (["--dtype", "int8"], "--dtype is int8"), (["--songs", "0"], "--songs is 0"),
            (["--minutes", "-1"], "--minutes"), (["--learning-rate", "0"], "the learning rate is 0"),
            (["--audio", directory.path], "no sound files are there"),
        ] {
            let outcome = try await run(["--work", directory.path(of: "work")] + options)
            #expect(outcome.status != 0 && outcome.errors.contains(words), "\(options): \(outcome.errors)")
        }
    }
}
