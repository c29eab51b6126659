// SPDX-License-Identifier: Apache-2.0

import Foundation
import ObjectStoreTestSupport
import TestSupport
import Testing

#if canImport(FoundationXML)
import FoundationXML
#endif

/// `lumina attribute` as a user runs it, on a model of random weights and parts that are known to matter.
@Suite("Attribution by the program", .enabled(if: SlowSuite.isOn, "set LUMINA_SLOW=1"), .serialized)
struct AttributeTests {
    private func attribute(
        _ configuration: String,
        _ options: [String] = [],
        interruption: ProgramRun.Interruption? = nil
    ) async throws -> LuminaProcess.Outcome {
        try await LuminaProcess.run(["attribute", "--config", configuration] + options, interruption: interruption)
    }

    @Test("Each part moves its own prompts most; a study that is killed again and again finds the same")
    func killing() async throws {
        let fixture = try await StudyFixture()
        let configuration = try fixture.configuration()
        let whole = try await attribute(configuration, ["--json"])
        #expect(whole.status == 0, "\(whole.errors)")
        let document = try whole.json()
        #expect(document["passes"] as? Bool == true)
        let parts = try #require(document["parts"] as? [[String: Any]])
        #expect(parts.compactMap { $0["part"] as? String } == ["bells", "brass", "marimba"])
        #expect(parts.allSatisfy { ($0["hits"] as? Int ?? 0) >= 9 }, "\(parts)")
        let files = ["attribution.csv", "attribution.json", "attribution.md", "attribution.png", "attribution.svg"]
        for file in files { #expect(FileManager.default.fileExists(atPath: "\(fixture.output)/\(file)"), "\(file)") }
        #expect(
            try XMLDocument(contentsOf: URL(fileURLWithPath: "\(fixture.output)/attribution.svg")).rootElement()?.name
                == "svg"
        )

        // Into another folder, killed while it trains, while it generates, and at random.
        let other = fixture.directory.path(of: "killed")
        let again = try fixture.configuration(["output": other, "parallel": 2])
        var kills = 0
        while true {
            let count = kills
            let end = ProgramRun.Interruption { _ in
                switch count {
                case 0: return Self.hasCheckpoint(other)
                case 1: return FileManager.default.fileExists(atPath: other + "/finished/training-loo-bells.json")
                case 2: return FileManager.default.fileExists(atPath: other + "/finished/reference-1.json")
                default: return false
                }
            }
            let outcome = try await attribute(again, ["--json"], interruption: kills < 3 ? end : nil)
            if outcome.status != -SIGKILL {
                #expect(outcome.status == 0, "\(outcome.errors)")
                let found = try outcome.json()
                #expect(found["influences"] as? NSArray == document["influences"] as? NSArray)
                break
            }
            kills += 1
        }
        #expect(kills == 3)
        for adapter in ["all", "loo-brass"] {
            let path = "trainings/\(adapter)/final/adapter_model.safetensors"
            #expect(FileManager.default.contentsEqual(atPath: "\(fixture.output)/\(path)", andPath: "\(other)/\(path)"))
        }
    }

    private static func hasCheckpoint(_ output: String) -> Bool {
        ["all", "loo-bells", "loo-brass"].contains { name in
            let folder = "\(output)/trainings/\(name)/checkpoints"
            return (try? FileManager.default.contentsOfDirectory(atPath: folder))?.contains { $0.hasPrefix("epoch_") }
                ?? false
        }
    }

    @Test(
        "The alias moves when the adapter passes, and only then; what is finished is not made again, what changed is refused"
    )
    func promotion() async throws {
        let fixture = try await StudyFixture()
        let store = "file://" + fixture.directory.path(of: "store")
        try TemporaryDirectory.create(fixture.directory.path(of: "store"))
        let options = ["--store", store, "--registry", "styles-gen-a", "--alias", "prod"]
        func version() async throws -> String? {
            let shown = try await LuminaProcess.run([
                "registry", "show", "styles-gen-a@prod", "--store", store, "--json",
            ])
            return shown.status == 0 ? (try shown.json()["version"] as? Int).map { "\($0)" } : nil
        }
        // No adapter moves a prompt of another part less than nothing: too short a training, too many hits asked for.
        let unlearnt = try fixture.configuration(
            [
                "promote": true, "verdict": ["seeds": 1, "rank": "prompts"],
                "training": ["max_steps": 1, "rank": 1, "learning_rate": 1e-6, "num_workers": 0],
            ],
            seeds: 4
        )
        let failed = try await attribute(unlearnt, options)
        #expect(failed.status == 5, "\(failed.output)\(failed.errors)")
        #expect(failed.output.contains("styles-gen-a@prod stays where it is"))
        #expect(try await version() == nil)

        let learnt = try fixture.configuration(["promote": true], seeds: 4)
        let stale = try await attribute(learnt, options)
        #expect(stale.status == 1 && stale.errors.contains("--redo"), "\(stale.errors)")
        let passed = try await attribute(learnt, options + ["--redo"])
        #expect(passed.status == 0, "\(passed.output)\(passed.errors)")
        #expect(passed.output.contains("styles-gen-a@prod is now v1"))
        #expect(try await version() == "1")

        let marks = fixture.finished
        let dates = try marks.map {
            try FileManager.default.attributesOfItem(atPath: "\(fixture.output)/finished/\($0)")[.modificationDate]
                as? Date
        }
        let same = try await attribute(learnt, options + ["--quiet"])
        #expect(same.status == 0 && same.errors.isEmpty && same.output.contains("was v1 already"))
        #expect(fixture.finished == marks && marks.count == 4 + 3 + 9)
        #expect(
            try marks.map {
                try FileManager.default.attributesOfItem(atPath: "\(fixture.output)/finished/\($0)")[.modificationDate]
                    as? Date
            } == dates
        )

        // An adapter of the registry is studied, and fails by a rule that nothing satisfies: the alias stays.
        let plan = try await attribute(try fixture.configuration(["seeds": [77]]), ["--dry-run"])
        #expect(plan.status == 1 && plan.errors.contains("reference-1"), "\(plan.output)\(plan.errors)")
    }

    @Test("Adapters that are given are compared without any training")
    func given() async throws {
        let fixture = try await StudyFixture()
        let first = try await attribute(try fixture.configuration(["train_again": true], steps: 60, seeds: 2))
        #expect([0, 5].contains(first.status), "\(first.errors)")
        let trained = fixture.output + "/trainings"
        let configuration = try fixture.configuration(
            [
                "dataset": NSNull(), "training": [String: Any](), "output": fixture.directory.path(of: "given"),
                "adapter": trained + "/all/final",
                "left_out_adapters": ["bells": trained + "/loo-bells/final", "brass": trained + "/loo-brass/final"],
                "prompts": StudyFixture.parts.map { part, tags in
                    part == "marimba" ? ["name": part, "tags": tags] : ["part": part, "name": part, "tags": tags]
                },
            ],
            seeds: 2
        )
        let outcome = try await attribute(configuration, ["--json"])
        #expect([0, 5].contains(outcome.status), "\(outcome.errors)")
        let found = try #require(try outcome.json()["influences"] as? [[String: Any]])
        let before = try #require(
            try JSONSerialization.jsonObject(
                with: Data(contentsOf: URL(fileURLWithPath: fixture.output + "/attribution.json"))
            )
                as? [String: Any]
        )
        let expected = try #require(before["influences"] as? [[String: Any]])
        #expect(found.count == 6)
        // Trained again with another seed: another adapter, and what that alone moves.
        let again = try #require(before["again"] as? [Double])
        #expect(again.count == 3 && again.allSatisfy { $0 > 0 })
        let weights = "final/adapter_model.safetensors"
        #expect(
            !FileManager.default.contentsEqual(
                atPath: "\(trained)/all/\(weights)",
                andPath: "\(trained)/again/\(weights)"
            )
        )
        for row in found {
            let same = expected.first {
                $0["left_out"] as? String == row["left_out"] as? String
                    && $0["prompt"] as? String == row["prompt"] as? String
            }
            #expect(row["seeds"] as? [Double] == same?["seeds"] as? [Double])
        }
        #expect(!FileManager.default.fileExists(atPath: fixture.directory.path(of: "given/trainings")))
    }

    @Test("Ctrl-C and SIGTERM stop it with 130, and it goes on", arguments: [(SIGINT, 1), (SIGTERM, 2)])
    func interruption(signal: Int32, processes: Int) async throws {
        let fixture = try await StudyFixture()
        let configuration = try fixture.configuration(["parallel": processes], steps: 4000, seeds: 1)
        let output = fixture.output
        let stopped = try await attribute(
            configuration,
            interruption: .init(signal) { _ in Self.hasCheckpoint(output) }
        )
        #expect(stopped.status == 130, "\(stopped.errors)")
        #expect(stopped.errorLines.last == "error: interrupted; the same command goes on where it was")
        #expect(fixture.finished.isEmpty)
        let checkpoints = try FileManager.default.contentsOfDirectory(atPath: output + "/trainings/all/checkpoints")
        #expect(checkpoints.contains { $0.hasPrefix("step_") }, "\(checkpoints)")
        let resumed = try await attribute(
            configuration,
            interruption: .init(SIGKILL) { errors in
                (try? String(contentsOfFile: errors, encoding: .utf8))?.contains("all: resumed from") ?? false
            }
        )
        #expect(resumed.status == -SIGKILL, "\(resumed.errors)")
    }
}

/// What `lumina attribute` says of what it cannot use.
@Suite("Attribution's options")
struct AttributeOptionTests {
    private func run(_ arguments: [String]) async throws -> LuminaProcess.Outcome {
        try await LuminaProcess.run(["attribute"] + arguments)
    }

    @Test("Wrong usage is told apart from what is wrong in the configuration")
    func usage() async throws {
        let directory = try TemporaryDirectory()
        let study = try directory.write("{\"output\": \"o\", \"seeds\": 3}", to: "study.json")
        for arguments in [
            [], ["--config", study, "--init", "x"], ["--init", "x"], ["--config", study, "--registry", "a"],
            ["--config", study, "--parallel", "0"], ["--config", study, "--model", "m"],
        ] {
            let outcome = try await run(arguments)
            #expect(outcome.status == 2 && outcome.output.isEmpty, "\(arguments): \(outcome.errors)")
        }
        let wrong = try await run(["--config", study])
        #expect(wrong.status == 1 && wrong.errors.hasPrefix("error: \(study) cannot be used:"), "\(wrong.errors)")
        #expect(["'seeds'", "'prompts'"].allSatisfy(wrong.errors.contains))
        for text in ["", "[]", "{\"a\":", String(repeating: "[", count: 100)] {
            let file = try directory.write(text, to: "broken.json")
            let outcome = try await run(["--config", file])
            #expect(
                outcome.status == 1 && outcome.errorLines.count == 1 && outcome.errors.contains(file),
                "\(outcome.errors)"
            )
        }
        let absent = try await run(["--config", directory.path(of: "no.json")])
        #expect(absent.status == 1 && absent.errors.contains("no.json"))
        #expect(try directory.names() == ["broken.json", "study.json"])
    }

    @Test("A configuration to begin with has the data set's genres, and is one")
    func start() async throws {
        let fixture = try await StudyFixture(songs: 1)
        let path = fixture.directory.path(of: "start.json")
        let model = TestProducts.modelFixture("checkpoints")
        let made = try await run(["--init", path, "--dataset-dir", fixture.tensors, "--model", model])
        #expect(made.status == 0 && made.output == "\(path): 3 parts, 3 songs\n", "\(made.errors)")
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path))) as? [String: Any]
        )
        let prompts = try #require(object["prompts"] as? [[String: Any]])
        #expect(prompts.compactMap { $0["tags"] as? String } == StudyFixture.parts.map(\.1))
        let twice = try await run(["--init", path, "--dataset-dir", fixture.tensors])
        #expect(twice.status == 1 && twice.errors.contains("it is there already"))
        // Several models are in that directory: one has to be named, as everywhere.
        var study = object
        (study["variant"], study["output"]) = ("turbo", fixture.output)
        try JSONSerialization.data(withJSONObject: study).write(to: URL(fileURLWithPath: path))
        let planned = try await run(["--config", path, "--dry-run"])
        #expect(planned.status == 0, "\(planned.errors)")
        #expect(planned.output.split(separator: "\n").count == 4 + 3 + 9)
        #expect(planned.output.hasPrefix("training-all: to do\ntraining-loo-bells: to do\n"))
        #expect(!FileManager.default.fileExists(atPath: fixture.output))
        // What does not fit the data set is said before anything begins.
        for (key, value, message) in [
            ("leave_out", ["polka"] as Any, "'polka'"), ("leave_out", ["bells"], "which is not left out"),
            ("dataset", fixture.directory.path(of: "nowhere"), "nowhere"), ("model", "/no/such", "/no/such"),
            ("adapter", "/no/adapter", "/no/adapter"),
        ] {
            var changed = study
            changed[key] = value
            try JSONSerialization.data(withJSONObject: changed).write(to: URL(fileURLWithPath: path))
            let outcome = try await run(["--config", path])
            #expect(outcome.status == 1 && outcome.errors.contains(message), "\(key): \(outcome.errors)")
        }
        #expect(!FileManager.default.fileExists(atPath: fixture.output))
    }
}
