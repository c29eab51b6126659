// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// What the slow suite needs: `LUMINA_SLOW=1`, and servers and tools that `Scripts/s3-servers install` has put there.
package enum SlowSuite {
    /// A program that a test needs ended badly.
    package struct Failure: Error, CustomStringConvertible {
        /// Which, and how.
        package let description: String

        /// Says which, and how.
        package init(description: String) { self.description = description }
    }

    /// Whether the slow suite was asked for.
    package static let isOn = ProcessInfo.processInfo.environment["LUMINA_SLOW"] == "1"

    /// The package's root, three levels above this file.
    package static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    /// Where the servers' programs and data are.
    package static let laboratory = ProcessInfo.processInfo.environment["LUMINA_S3_LAB"] ?? root + "/.venv-s3"

    /// A Python with botocore.
    package static let python = laboratory + "/swift/bin/python"

    /// Runs a program to its end.
    ///
    /// - Parameters:
    ///   - program: Its path.
    ///   - arguments: Its arguments.
    /// - Returns: What it wrote to its standard output.
    /// - Throws: When it cannot be started or ends badly.
    package static func output(of program: String, _ arguments: [String]) throws -> Data {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        if process.terminationStatus != 0 {
            throw Failure(description: "\(program) \(arguments) ended with \(process.terminationStatus)")
        }
        return data
    }
}
