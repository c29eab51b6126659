// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("References to a registry, wherever an adapter is named")
struct RegistryReferenceTests {
    private let directory: TemporaryDirectory
    private let environment: [String: String]
    private let lora = TestProducts.modelFixture("adapters/lora")

    init() throws {
        directory = try TemporaryDirectory()
        environment = ["LUMINA_STORE": "file://" + directory.path(of: "store")]
    }

    private func run(_ arguments: [String]) async throws -> LuminaProcess.Outcome {
        let outcome = try await LuminaProcess.run(arguments, environment: environment)
        #expect(outcome.status == 0, "\(arguments): \(outcome.errors)")
        return outcome
    }

    @Test("generate takes NAME@…, says which version and digest it was, and makes what the directory makes")
    func generate() async throws {
        let pushed = try await run(["registry", "push", lora, "tiny-gen-a", "--alias", "prod", "--json"]).json()
        let digest = try #require((pushed["version"] as? [String: Any])?["digest"] as? String)
        let plain = directory.path(of: "plain.wav")
        _ = try await run(LuminaProcess.generation(["--adapter", lora + "=0.5"], to: plain))
        for reference in ["tiny-gen-a", "tiny-gen-a@v1", "tiny-gen-a@prod", "tiny-gen-a@\(digest)"] {
            let path = directory.path(of: "named.wav")
            let options = ["--adapter", reference + "=0.5", "--json"]
            let report = try await run(LuminaProcess.generation(options, to: path)).json()
            let adapter = try #require((report["adapters"] as? [[String: Any]])?.first)
            #expect(adapter["ref"] as? String == reference)
            #expect(adapter["name"] as? String == "tiny-gen-a")
            #expect(adapter["version"] as? Int == 1)
            #expect("sha256:\(adapter["sha256"] ?? "")" == digest)
            #expect(FileManager.default.contents(atPath: path) == FileManager.default.contents(atPath: plain))
        }
    }

    @Test("A request file may name versions too, and --store wins over the environment")
    func requestFile() async throws {
        let other = "file://" + directory.path(of: "other")
        _ = try await run(["registry", "push", lora, "tiny-gen-a", "--store", other])
        let request = try directory.write(
            #"{"tags": "jazz", "duration": 0.2, "steps": 1, "adapters": [{"ref": "tiny-gen-a@1", "weight": 0.5}]}"#,
            to: "request.json"
        )
        let arguments = [
            "generate", "--model", TestProducts.modelFixture("checkpoints"), "--variant", "turbo", "--request", request,
            "--store", other, "--dtype", "float32", "--quiet", "--json", "--out", directory.path(of: "song.wav"),
        ]
        let report = try await run(arguments).json()
        #expect((report["adapters"] as? [[String: Any]])?.first?["version"] as? Int == 1)
    }

    @Test("inspect and export take versions; an export of a name goes into the working directory's file")
    func tools() async throws {
        _ = try await run(["registry", "push", lora, "tiny-gen-a"])
        let inspected = try await run(["adapters", "inspect", "tiny-gen-a@latest", "--json"]).json()
        #expect((inspected["adapters"] as? [Any])?.count == 1)
        let output = directory.path(of: "tiny.safetensors")
        _ = try await run(["export", "tiny-gen-a@v1", "--output", output])
        #expect(FileManager.default.fileExists(atPath: output))
    }

    @Test("What nobody knows is one line that says how to name it")
    func unknown() async throws {
        _ = try await run(["registry", "push", lora, "tiny-gen-a"])
        for (reference, message) in [
            ("tiny-gen-b", "did you mean 'tiny-gen-a'"), ("tiny-gen-a@v7", "no version 7"),
            ("tiny-gen-a@canary", "no alias 'canary'"), ("tiny-gen-a@sha256:00000000", "no version of 'tiny-gen-a'"),
        ] {
            let outcome = try await LuminaProcess.run(
                LuminaProcess.generation(["--adapter", reference], to: directory.path(of: "song.wav")),
                environment: environment
            )
            #expect(outcome.status == 1)
            #expect(outcome.errorLines.count == 1, "\(outcome.errors)")
            #expect(outcome.errors.contains(message), "\(outcome.errors)")
        }
        try await LuminaProcess.expectFailure("set LUMINA_STORE", ["--adapter", "tiny-gen-a@v1"])
    }

    @Test("The registry and doctor run without libtorch")
    func withoutTorch() async throws {
        for arguments in [["registry", "push", lora, "tiny-gen-a"], ["registry", "list"], ["registry", "verify"]] {
            let trace = directory.path(of: "trace")
            let outcome = try await LuminaProcess.run(
                arguments,
                environment: environment.merging(["LD_DEBUG": "files", "LD_DEBUG_OUTPUT": trace]) { $1 }
            )
            #expect(outcome.status == 0, "\(outcome.errors)")
            let traces = try directory.names().filter { $0.hasPrefix("trace") }
            #expect(!traces.isEmpty)
            for name in traces {
                let text = try String(contentsOfFile: directory.path(of: name), encoding: .utf8)
                #expect(text.contains("libc.so"))
                #expect(!text.contains("libtorch") && !text.contains("libCTorch"), "\(arguments)")
                try FileManager.default.removeItem(atPath: directory.path(of: name))
            }
        }
    }
}
