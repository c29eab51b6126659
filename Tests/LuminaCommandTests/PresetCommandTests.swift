// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("lumina presets")
struct PresetCommandTests {
    private func run(_ arguments: String..., in directory: TemporaryDirectory) async throws -> LuminaProcess.Outcome {
        try await LuminaProcess.run(["presets"] + arguments, environment: ["XDG_CONFIG_HOME": directory.path])
    }

    @Test("Presets are listed, shown and saved")
    func presets() async throws {
        let directory = try TemporaryDirectory()
        let list = try await run(in: directory)
        #expect(list.status == 0, "\(list.errors)")
        #expect(list.output.contains("vram_24gb_plus"))
        let shown = try await run("show", "c", in: directory)
        #expect(try shown.json()["alpha"] as? Int == 192)
        let file = try directory.write(
            "{\"rank\": 12, \"output_dir\": \"/x\", \"mystery\": 1, \"learning_rate\": 0.5}",
            to: "args.json"
        )
        let saved = try await run("save", "my own", "--from", file, "--description", "for tests", in: directory)
        #expect(saved.status == 0, "\(saved.errors)")
        #expect(saved.output == directory.path(of: "lumina/presets/my_own.json") + "\n")
        #expect(saved.errors.contains("'mystery'") && saved.errors.contains("unusual"))
        let object = try await run("show", "my_own", in: directory).json()
        #expect(object["rank"] as? Int == 12)
        #expect(object["output_dir"] == nil)
        #expect(try await run("save", "my own", "--from", file, in: directory).status == 1)
        #expect(try await run("save", "my own", "--from", file, "--force", in: directory).status == 0)
        let json = try await run("list", "--json", in: directory)
        let names = try #require(JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [[String: Any]])
            .compactMap { $0["name"] as? String }
        #expect(names.first == "my_own")
        #expect(names.count == 9)
    }

    @Test("What cannot be saved or found says why")
    func failures() async throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write("{\"rank\": 0}", to: "args.json")
        let bad = try await run("save", "x", "--from", file, in: directory)
        #expect(bad.status == 1)
        #expect(bad.errors.contains("--rank is 0"))
        let path = try await run("show", "../x", in: directory)
        #expect(path.status == 1)
        #expect(path.errors.contains("cannot be a preset's name"))
    }
}
