// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("lumina small-model")
struct SmallModelCommandTests {
    private static func corpus(_ options: [String], to path: String) async throws -> LuminaProcess.Outcome {
        try await LuminaProcess.run(
            ["small-model", "corpus", "--count", "3", "--seconds", "4", "--out", path] + options
        )
    }

    @Test("The same command writes the same bytes, which a dataset is built from and whose words are true")
    func corpus() async throws {
        let (first, second) = (try TemporaryDirectory(), try TemporaryDirectory())
        for directory in [first, second] {
            let made = try await Self.corpus(["--seed", "5", "--styles", "bells,organ"], to: directory.path)
            #expect(made.status == 0 && made.output == "\(directory.path): 3 songs, 12 seconds\n", "\(made)")
        }
        let names = try first.names().sorted()
        #expect(names == ["0000.txt", "0000.wav", "0001.txt", "0001.wav", "0002.txt", "0002.wav"])
        for name in names {
            let bytes = try [first, second].map { try Data(contentsOf: URL(fileURLWithPath: $0.path(of: name))) }
            #expect(bytes[0] == bytes[1], "\(name)")
        }
        let built = try await LuminaProcess.run(["dataset", "build", "--input", first.path])
        #expect(built.status == 0, "\(built.errors)")
        let list = first.path(of: "dataset.json")
        let report = try await LuminaProcess.run(["small-model", "measure", "--audio", list, "--json"]).json()
        for figure in ["tempo", "key", "style"] {
            #expect((report[figure] as? [String: Int]) == ["right": 3, "asked": 3], "\(figure): \(report)")
        }
    }

    @Test("Songs that are not what is said of them are marked")
    func wrong() async throws {
        let directory = try TemporaryDirectory()
        _ = try await Self.corpus(["--styles", "chiptune"], to: directory.path)
        for name in ["0000.txt", "0001.txt"] {
            try directory.write("caption: organ\nbpm: 200\nkey: H minor\n", to: name)
        }
        try directory.write("caption: jazz\n", to: "0002.txt")
        let measured = try await LuminaProcess.run(["small-model", "measure", "--audio", directory.path])
        #expect(measured.status == 0, "\(measured.errors)")
        #expect(measured.output.contains("chiptune (not organ)"), "\(measured.output)")
        #expect(measured.output.contains("(not 200)"))
        #expect(measured.output.contains("bpm within 3 %: 0.0 % (0 of 2)\nkey right: not asked\n"))
    }

    @Test("Prompts are those of a request, one a line")
    func prompts() async throws {
        let printed = try await LuminaProcess.run(["small-model", "corpus", "--count", "20", "--prompts"])
        let lines = printed.output.split(separator: "\n")
        #expect(lines.count == 20)
        for line in lines {
            let prompt = try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String])
            let caption = try #require(prompt["caption"])
            #expect(caption.hasPrefix("# Instruction\n") && caption.hasSuffix(" seconds\n<|endoftext|>\n"))
            #expect(caption.contains("\n- bpm: ") && !caption.contains("N/A"))
            #expect(prompt["lyrics"] == "# Languages\nunknown\n\n# Lyric\n[Instrumental]<|endoftext|>")
        }
    }

    @Test("A model is asked for held-out songs, which are kept, and its autoencoder is measured")
    func model() async throws {
        let checkpoint = try EncoderFixture.checkpoint()
        let directory = try TemporaryDirectory()
        let measured = try await LuminaProcess.run([
            "small-model", "measure", "--model", checkpoint.path, "--variant", "base", "--count", "2", "--seconds", "2",
            "--steps", "1", "--reconstruct", "1", "--out", directory.path(of: "songs"), "--json",
        ])
        #expect(measured.status == 0, "\(measured.errors)")
        let report = try measured.json()
        let music = try #require(report["music"] as? [String: Any])
        #expect((music["rows"] as? [Any])?.count == 2)
        #expect((music["tempo"] as? [String: Int])?["asked"] == 2)
        let reconstruction = try #require(report["reconstruction"] as? [String: Any])
        // Random weights leave nothing of a sound.
        #expect(try #require(reconstruction["spectral_convergence"] as? Double) > 0.5)
        let kept = try FileManager.default.contentsOfDirectory(atPath: directory.path(of: "songs")).sorted()
        #expect(kept == ["0.txt", "0.wav", "1.txt", "1.wav"])
    }

    @Test(
        "Options that make no sense are wrong usage",
        arguments: [
            (["corpus"], "give --out DIR, or --prompts"), (["corpus", "--prompts", "--out", "x"], "give --out DIR"),
            (["corpus", "--prompts", "--count", "0"], "--count is 0"),
            (["corpus", "--prompts", "--styles", "jazz"], "'jazz' is none"),
            (["corpus", "--prompts", "--seconds", "9-6"], "--seconds is 9-6"),
            (["corpus", "--prompts", "--seconds", "0"], "--seconds is 0"),
            (["measure", "--audio", "x", "--out", "y"], "--audio measures songs that are there"),
            (["measure", "--reconstruct=-1"], "--reconstruct is -1"),
        ]
    )
    func usage(options: [String], message: String) async throws {
        let outcome = try await LuminaProcess.run(["small-model"] + options)
        #expect(outcome.status == 2)
        #expect(outcome.errorLines.first?.contains(message) == true, "\(outcome.errors)")
    }
}
