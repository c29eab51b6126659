// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The built program, run as a user runs it.
enum LuminaProcess {
    typealias Outcome = ProgramRun.Outcome

    /// Where the embedded model of most tests lies: beside the build, so that it is written once.
    private static var cache: String { TestProducts.directory + "/lumina-test-cache" }

    /// Runs the program to its end.
    ///
    /// - Parameters:
    ///   - arguments: what follows its name.
    ///   - environment: what is added to this process's own.
    ///   - wrapper: a program and its arguments that run the program.
    ///   - interruption: what ends it early.
    /// - Returns: how it ended and what it printed.
    /// - Throws: Foundation's error if it cannot be started.
    static func run(
        _ arguments: [String],
        environment: [String: String] = [:],
        wrapper: [String] = [],
        interruption: ProgramRun.Interruption? = nil
    ) async throws -> Outcome {
        // One compute thread: tests run side by side, and threads that wait for each other take the others' time.
        let own = ["LUMINA_CACHE": cache, "OMP_NUM_THREADS": "1"]
        return try await ProgramRun.run(
            wrapper + [TestProducts.executable] + arguments,
            environment: ProcessInfo.processInfo.environment.merging(own) { $1 }.merging(environment) { $1 },
            interruption: interruption
        )
    }

    /// The arguments of a generation with the fixtures' model that takes no time.
    static func generation(
        _ options: [String] = [],
        model: String = TestProducts.modelFixture("checkpoints"),
        variant: String = "turbo",
        duration: String = "0.2",
        steps: String = "1",
        to path: String
    ) -> [String] {
        [
            "generate", "--model", model, "--variant", variant, "--tags", "jazz", "--duration", duration, "--steps",
            steps,
            "--seed", "1", "--dtype", "float32", "--quiet", "--out", path,
        ] + options
    }

    /// Runs a generation that must fail with one clear line and leave nothing behind.
    static func expectFailure(
        _ message: String,
        _ options: [String] = [],
        model: String = TestProducts.modelFixture("checkpoints"),
        variant: String = "turbo",
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let directory = try TemporaryDirectory()
        let outcome = try await run(
            generation(options, model: model, variant: variant, to: directory.path(of: "song.wav"))
        )
        #expect(outcome.status == 1, sourceLocation: sourceLocation)
        #expect(outcome.errorLines.count == 1, "\(outcome.errors)", sourceLocation: sourceLocation)
        #expect(outcome.errors.hasPrefix("error: "), "\(outcome.errors)", sourceLocation: sourceLocation)
        #expect(outcome.errors.contains(message), "\(outcome.errors)", sourceLocation: sourceLocation)
        #expect(outcome.output.isEmpty, sourceLocation: sourceLocation)
        #expect(try directory.names().isEmpty, "something was left behind", sourceLocation: sourceLocation)
    }
}

extension ProgramRun.Outcome {
    /// The JSON object on standard output.
    func json() throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any])
    }
}
