// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// What the slow suite needs: `LUMINA_SLOW=1`, and servers and tools that `Scripts/s3-servers install` has put there.
enum SlowSuite {
    static let isOn = ProcessInfo.processInfo.environment["LUMINA_SLOW"] == "1"

    /// The package's root, four levels above this file.
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path

    /// Where the servers' programs and data are.
    static let laboratory = ProcessInfo.processInfo.environment["LUMINA_S3_LAB"] ?? root + "/.venv-s3"

    /// A Python with botocore.
    static let python = laboratory + "/swift/bin/python"

    /// Runs a program to its end.
    ///
    /// - Returns: What it wrote to its standard output.
    static func output(of program: String, _ arguments: [String]) throws -> Data {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(program) \(arguments) ended with \(process.terminationStatus)")
        return data
    }
}
