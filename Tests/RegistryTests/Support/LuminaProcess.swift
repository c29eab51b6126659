// SPDX-License-Identifier: Apache-2.0

import Foundation
import ObjectStoreTestSupport
import Synchronization
import TestSupport

/// The real program, run as users run it.
struct LuminaProcess: Sendable {
    /// How a run ended.
    struct Outcome: Sendable {
        let status: Int32
        let output: String
        let errors: String
        /// Whether it was killed.
        let isKilled: Bool
    }

    /// The variables of every run; no others.
    var environment: [String: String]

    /// A program whose cache and home are in a directory.
    init(_ directory: TemporaryDirectory, store: String? = nil, cache: String = "cache") {
        environment = [
            "HOME": directory.path, "USER": "tester", "PATH": "/usr/bin:/bin",
            "LUMINA_CACHE": directory.path(of: cache),
            "TMPDIR": directory.path, "AWS_EC2_METADATA_DISABLED": "true",
        ]
        if let store { environment["LUMINA_STORE"] = store }
    }

    /// A program with a place of its own on the real server, and the keys for it.
    static func onSeaweed(_ directory: TemporaryDirectory, versioned: Bool) async throws -> LuminaProcess {
        let bucket = try await Buckets.shared.bucket(.seaweedfs, versioned: versioned)
        var program = LuminaProcess(directory, store: "s3://\(bucket)/\(UUID().uuidString.prefix(8).lowercased())")
        program.environment["AWS_ENDPOINT_URL"] = "\(try LocalServer.seaweedfs.endpoint())"
        program.environment["AWS_ACCESS_KEY_ID"] = "test"
        program.environment["AWS_SECRET_ACCESS_KEY"] = "testsecret"
        program.environment["AWS_REGION"] = "us-east-1"
        program.environment["AWS_DEFAULT_REGION"] = "us-east-1"
        return program
    }

    /// Runs the program to its end, or kills it after a while.
    func run(_ arguments: [String], killAfter: Duration? = nil) async throws -> Outcome {
        try await run(TestProducts.executable, arguments, killAfter: killAfter)
    }

    /// Runs any program.
    func run(
        _ program: String,
        _ arguments: [String],
        killAfter: Duration? = nil,
        signal: Int32 = SIGKILL
    ) async throws -> Outcome {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.environment = environment
        let output = try CapturedFile()
        let errors = try CapturedFile()
        process.standardOutput = output.handle
        process.standardError = errors.handle
        process.standardInput = FileHandle.nullDevice
        let (ends, continuation) = AsyncStream<Void>.makeStream()
        process.terminationHandler = { _ in continuation.finish() }
        try process.run()
        let running = RunningProcess(process.processIdentifier)
        async let killing: Void = running.send(signal, after: killAfter)
        for await _ in ends {}
        running.end()
        _ = try? await killing  // a wait that was cut short has killed nobody
        return Outcome(
            status: process.terminationStatus,
            output: try output.text(),
            errors: try errors.text(),
            isKilled: process.terminationReason == .uncaughtSignal
        )
    }

    /// Runs the program, which must end well.
    ///
    /// - Returns: What it printed.
    @discardableResult
    func succeed(_ arguments: [String]) async throws -> String {
        let outcome = try await run(arguments)
        if outcome.status != 0 || outcome.isKilled {
            throw Violation(
                "lumina \(arguments.joined(separator: " ")) ended with \(outcome.status): \(outcome.errors)"
            )
        }
        return outcome.output
    }
}

/// A process that may be killed while it runs, and only then: its number is somebody else's soon after.
private final class RunningProcess: Sendable {
    private let id: Mutex<pid_t>

    init(_ id: pid_t) { self.id = Mutex(id) }

    func end() { id.withLock { $0 = 0 } }

    func send(_ signal: Int32, after wait: Duration?) async throws {
        guard let wait else { return }
        try await Task.sleep(for: wait)
        id.withLock { id in
            if id > 0 { _ = kill(id, signal) }
        }
    }
}

/// What a program writes, without a pipe that could fill up.
private final class CapturedFile: Sendable {
    let handle: FileHandle
    private let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.path + "/lumina-output-" + UUID().uuidString
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let handle = FileHandle(forUpdatingAtPath: path)
        else {
            throw Violation("'\(path)' cannot be written")
        }
        self.handle = handle
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func text() throws -> String { try String(contentsOfFile: path, encoding: .utf8) }
}
