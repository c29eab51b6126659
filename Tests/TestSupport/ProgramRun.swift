// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

#if canImport(Glibc)
public import Glibc
#else
public import Darwin
#endif

/// A program that a test runs to its end, or to the signal that it is sent.
public enum ProgramRun {
    /// How a run ended.
    public struct Outcome: Sendable {
        /// The exit code; negative the signal that ended it.
        public let status: Int32
        /// What it printed on standard output.
        public let output: String
        /// What it printed on standard error.
        public let errors: String

        /// Whether a signal ended it.
        public var isKilled: Bool { status < 0 }

        /// The lines of standard error.
        public var errorLines: [String] { errors.split(separator: "\n").map(String.init) }
    }

    /// A signal that a running program is sent, and when.
    public struct Interruption: Sendable {
        let signal: Int32
        let condition: @Sendable (String) -> Bool

        /// A signal that is sent as soon as a condition holds.
        ///
        /// The condition is asked a thousand times a second, and given the path of what the program has printed on standard error.
        public init(_ signal: Int32 = SIGKILL, when condition: @escaping @Sendable (_ errors: String) -> Bool) {
            (self.signal, self.condition) = (signal, condition)
        }

        /// A signal that is sent after a while.
        public static func after(_ wait: Duration, _ signal: Int32 = SIGKILL) -> Interruption {
            let end = ContinuousClock.now + wait
            return Interruption(signal) { _ in ContinuousClock.now >= end }
        }
    }

    /// Runs a program.
    ///
    /// - Parameters:
    ///   - command: its path and arguments.
    ///   - environment: all its variables.
    ///   - interruption: what ends it early.
    /// - Returns: how it ended and what it printed.
    /// - Throws: Foundation's error if it cannot be started.
    public static func run(
        _ command: [String],
        environment: [String: String],
        interruption: Interruption? = nil
    ) async throws -> Outcome {
        let directory = try TemporaryDirectory()
        // Files: a pipe that nobody reads fills up.
        let (output, errors) = (try directory.write("", to: "stdout"), try directory.write("", to: "stderr"))
        let process = Process()
        process.executableURL = URL(fileURLWithPath: command[0])
        process.arguments = Array(command.dropFirst())
        process.environment = environment
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
        let watch = Watch(process.processIdentifier)
        if let interruption { watch.interrupt(interruption, errors) }
        var status: Int32 = .min
        for await end in ends { status = end }
        watch.end()
        return Outcome(
            status: status,
            output: try String(contentsOfFile: output, encoding: .utf8),
            errors: try String(contentsOfFile: errors, encoding: .utf8)
        )
    }

    /// A process that may be sent a signal while it runs, and only then: its number is somebody else's soon after.
    private final class Watch: Sendable {
        private let id: Mutex<pid_t>

        init(_ id: pid_t) { self.id = Mutex(id) }

        func end() { id.withLock { $0 = 0 } }

        /// Waits on a thread of its own: tasks stand still while other tests compute on all of the tasks' threads, and the
        /// program would end before it is sent anything.
        func interrupt(_ interruption: Interruption, _ errors: String) {
            let thread = Thread { [self] in
                while true {
                    let isDue = interruption.condition(errors)
                    let isOver = id.withLock { id in
                        if id > 0, isDue { _ = kill(id, interruption.signal) }
                        return id == 0 || isDue
                    }
                    if isOver { return }
                    // Nobody tells when a condition on files comes true.
                    usleep(1000)
                }
            }
            thread.qualityOfService = .userInitiated
            thread.start()
        }
    }
}
