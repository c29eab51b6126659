// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// How the program ends: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
enum Termination {
    static let failed: Int32 = 1
    static let wrongUsage: Int32 = 2
    static let interrupted: Int32 = 130

    /// Runs `body` and tells how it ended; what went wrong is one line on stderr.
    static func status(_ body: () async throws -> Void) async -> Int32 {
        do {
            try await body()
            return 0
        } catch is CancellationError {
            Console.error("interrupted; nothing was written")
            return interrupted
        } catch let code as ExitCode {
            return code.rawValue
        } catch {
            return report(error)
        }
    }

    private static func report(_ error: any Error) -> Int32 {
        let code = LuminaCommand.exitCode(for: error)
        if code == .success {
            print(LuminaCommand.fullMessage(for: error))  // help and version are asked for, not errors
            return 0
        }
        if code == .validationFailure {
            let message = LuminaCommand.fullMessage(for: error)  // "Error: …", then how the command is used
            Console.write(message.hasPrefix("Error: ") ? "e" + message.dropFirst() : message)
            return wrongUsage
        }
        Console.error("\(error)")
        return failed
    }

    static func exit(_ status: Int32) -> Never {
        #if canImport(Glibc)
        Glibc.exit(status)
        #else
        Darwin.exit(status)
        #endif
    }
}
