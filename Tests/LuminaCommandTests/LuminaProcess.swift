// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The built program, run as a user runs it.
enum LuminaProcess {
    /// How a run ended.
    struct Outcome: Sendable {
        /// The exit code; negative the signal that ended it.
        let status: Int32
        /// What it printed on standard output.
        let output: String
        /// What it printed on standard error.
        let errors: String

        /// The lines of standard error.
        var errorLines: [String] { errors.split(separator: "\n").map(String.init) }

        /// The JSON object on standard output.
        func json() throws -> [String: Any] {
            try #require(JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any])
        }
    }

    /// Where the embedded model of most tests lies: beside the build, so that it is written once.
    private static var cache: String { TestProducts.directory + "/lumina-test-cache" }

    /// Runs the program to its end.
    ///
    /// - Parameters:
    ///   - arguments: what follows its name.
    ///   - environment: what is added to this process's own.
    ///   - wrapper: a program and its arguments that run the program.
    ///   - whileRunning: called when it has been started, with the file that standard error goes to.
    /// - Returns: how it ended and what it printed.
    /// - Throws: Foundation's error if it cannot be started, and what `whileRunning` throws.
    static func run(
        _ arguments: [String],
        environment: [String: String] = [:],
        wrapper: [String] = [],
        whileRunning: (Process, String) async throws -> Void = { _, _ in }
    ) async throws -> Outcome {
        let directory = try TemporaryDirectory()
        let (output, errors) = (
            try directory.write("", to: "stdout"), try directory.write("", to: "stderr")
        )
        let command = wrapper + [TestProducts.executable] + arguments
        let process = Process()
        process.executableURL = URL(fileURLWithPath: command[0])
        process.arguments = Array(command.dropFirst())
        // One compute thread: tests run side by side, and threads that wait for each other take the others' time.
        let own = ["LUMINA_CACHE": cache, "OMP_NUM_THREADS": "1"]
        process.environment = ProcessInfo.processInfo.environment
            .merging(own) { $1 }.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
        process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: errors))
        let (ends, continuation) = AsyncStream<Int32>.makeStream()
        process.terminationHandler = { process in
            let isSignal = process.terminationReason == .uncaughtSignal
            continuation.yield(isSignal ? -process.terminationStatus : process.terminationStatus)
            continuation.finish()
        }
        try process.run()
        try await whileRunning(process, errors)
        var status: Int32 = .min
        for await end in ends { status = end }
        return Outcome(
            status: status,
            output: try String(contentsOfFile: output, encoding: .utf8),
            errors: try String(contentsOfFile: errors, encoding: .utf8)
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
