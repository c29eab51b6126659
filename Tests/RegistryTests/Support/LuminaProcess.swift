// SPDX-License-Identifier: Apache-2.0

import Foundation
import ObjectStoreTestSupport
import TestSupport

/// The real program, run as users run it.
struct LuminaProcess: Sendable {
    typealias Outcome = ProgramRun.Outcome

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

    /// Runs the program to its end, or interrupts it.
    func run(_ arguments: [String], interruption: ProgramRun.Interruption? = nil) async throws -> Outcome {
        try await run(TestProducts.executable, arguments, interruption: interruption)
    }

    /// Runs any program.
    func run(
        _ program: String,
        _ arguments: [String],
        interruption: ProgramRun.Interruption? = nil
    ) async throws -> Outcome {
        try await ProgramRun.run([program] + arguments, environment: environment, interruption: interruption)
    }

    /// Runs the program, which must end well.
    ///
    /// - Returns: What it printed.
    @discardableResult
    func succeed(_ arguments: [String]) async throws -> String {
        let outcome = try await run(arguments)
        if outcome.status != 0 {
            throw Violation(
                "lumina \(arguments.joined(separator: " ")) ended with \(outcome.status): \(outcome.errors)"
            )
        }
        return outcome.output
    }
}
