// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("Running the program")
struct RunningTests {
    /// The shared libraries that a run opens, as the loader tells them.
    private func libraries(_ arguments: [String]) async throws -> String {
        let directory = try TemporaryDirectory()
        let outcome = try await LuminaProcess.run(
            arguments,
            environment: ["LD_DEBUG": "files", "LD_DEBUG_OUTPUT": directory.path(of: "loader")]
        )
        #expect(outcome.status == 0, "\(outcome.errors)")
        return try directory.names().map {
            try String(contentsOfFile: directory.path(of: $0), encoding: .utf8)
        }.joined()
    }

    #if os(Linux)
    @Test("Help does not open libtorch; a generation does")
    func lazyLibtorch() async throws {
        for arguments in [["--help"], ["doctor", "--help"], ["generate", "--help"], ["--version"]] {
            let loaded = try await libraries(arguments)
            #expect(loaded.contains("libc.so"), "the loader says nothing")
            #expect(!loaded.contains("libtorch"), "\(arguments) opens libtorch")
        }
        let directory = try TemporaryDirectory()
        let loaded = try await libraries(LuminaProcess.generation(to: directory.path(of: "a.wav")))
        #expect(loaded.contains("libtorch_cpu"))
    }
    #endif

    @Test("Ctrl-C and SIGTERM stop a long run with exit code 130 and leave no file", arguments: [SIGINT, SIGTERM])
    func interruption(signal: Int32) async throws {
        let directory = try TemporaryDirectory()
        let arguments = LuminaProcess.generation(
            ["--save-tensors", directory.path(of: "t.safetensors")],
            duration: "600",
            steps: "1000",
            to: directory.path(of: "song.wav")
        ).filter { $0 != "--quiet" }
        let outcome = try await LuminaProcess.run(
            arguments,
            interruption: .init(signal) { errors in
                (try? String(contentsOfFile: errors, encoding: .utf8))?.contains("denoising") ?? false
            }
        )
        #expect(outcome.status == 130, "\(outcome.errors)")
        #expect(outcome.errorLines.last == "error: interrupted; nothing was written")
        #expect(outcome.output.isEmpty)
        #expect(try directory.names() == [])
    }

    @Test("Two processes that both find no embedded model both end well, with one model and the same music")
    func embeddedModelAtOnce() async throws {
        let directory = try TemporaryDirectory()
        let environment = ["LUMINA_CACHE": directory.path(of: "cache")]
        @Sendable func run(_ name: String) async throws -> LuminaProcess.Outcome {
            try await LuminaProcess.run(
                [
                    "generate", "--tags", "x", "--duration", "0.2", "--steps", "1", "--seed", "3", "--quiet", "--out",
                    name,
                ],
                environment: environment
            )
        }
        let names = ["a.wav", "b.wav"].map { directory.path(of: $0) }
        async let first = run(names[0])
        async let second = run(names[1])
        for outcome in try await [first, second] { #expect((outcome.status, outcome.errors) == (0, "")) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path(of: "cache")).count == 1)
        #expect(FileManager.default.contentsEqual(atPath: names[0], andPath: names[1]))
    }

    @Test("A run that was killed while it wrote the embedded model does not harm the next one")
    func killedWhileWriting() async throws {
        let directory = try TemporaryDirectory()
        let cache = directory.path(of: "cache")
        let arguments = [
            "generate", "--tags", "x", "--duration", "0.2", "--steps", "1", "--seed", "3", "--quiet", "--out",
        ]
        let killed = try await LuminaProcess.run(
            arguments + [directory.path(of: "a.wav")],
            environment: ["LUMINA_CACHE": cache],
            interruption: .init { _ in FileManager.default.fileExists(atPath: cache) }
        )
        // On a busy machine the run may have ended before the signal came; then there is nothing to harm.
        #expect([0, -SIGKILL].contains(killed.status))
        if killed.status != 0 { #expect(!FileManager.default.fileExists(atPath: directory.path(of: "a.wav"))) }
        let next = try await LuminaProcess.run(
            arguments + [directory.path(of: "b.wav")],
            environment: ["LUMINA_CACHE": cache]
        )
        #expect((next.status, next.errors) == (0, ""))
    }

    @Test("The demo proves that the base after the adapters is the base before them")
    func demo() async throws {
        let directory = try TemporaryDirectory()
        let out = directory.path(of: "out")
        let told = try await LuminaProcess.run(["demo", "--out", out, "--duration", "1"])
        #expect(told.status == 0, "\(told.errors)")
        #expect(told.output.contains("\nThe base after the adapters is the base before them, bit for bit.\n"))
        let files = try FileManager.default.contentsOfDirectory(atPath: out).sorted()
        #expect(
            files == [
                "1-base.wav", "2-with-demo-a.wav", "3-with-demo-b.wav", "4-0.7-demo-a-0.3-demo-b.wav",
                "5-base-again.wav",
            ]
        )
        let report = try await LuminaProcess.run(["demo", "--out", out, "--duration", "0.5", "--json"]).json()
        #expect(report["base_restored"] as? Bool == true)
        let rows = try #require(report["rows"] as? [[String: Any]])
        #expect(rows.count == 8)
        let differences = rows.compactMap { $0["difference_from_base"] as? Double }
        #expect(differences.count == 5)
        #expect((differences.first, differences.last) == (0, 0))
        #expect(differences[1...3].allSatisfy { $0 > 0.01 })
        #expect(rows.suffix(5).allSatisfy { $0["switch_s"] is Double && $0["generate_s"] is Double })
    }

    @Test("A demo that cannot be run fails in one line")
    func brokenDemo() async throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write("", to: "file")
        for (arguments, environment) in [
            (["--out", directory.path(of: "out"), "--duration", "1000"], [:]), (["--out", file], [:]),
            (["--out", directory.path(of: "out")], ["LUMINA_CACHE": file]),
        ] {
            let outcome = try await LuminaProcess.run(["demo"] + arguments, environment: environment)
            #expect([1, 2].contains(outcome.status))
            #expect(outcome.errorLines.count == 1 && outcome.errors.hasPrefix("error: "), "\(outcome.errors)")
        }
    }
}
