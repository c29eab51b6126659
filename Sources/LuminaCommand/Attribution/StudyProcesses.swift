// SPDX-License-Identifier: Apache-2.0

import Attribution
import Foundation
import Training

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Several workers of one study, each a process: trainings share no memory, and one that is killed takes no other along.
enum StudyProcesses {
    /// Runs workers until all have ended.
    ///
    /// Each has a pipe from this process as its input: it ends, saving first, when the pipe does, in whatever way this process goes.
    ///
    /// - Parameters:
    ///   - count: how many.
    ///   - threads: compute threads of each.
    /// - Throws: ``StudyWorker/Stop/interrupted`` if a signal came.
    static func run(_ count: Int, threads: Int) async throws {
        let watch = SignalWatch()
        let arguments = Array(ProcessInfo.processInfo.arguments.dropFirst()) + ["--worker"]
        var environment = ProcessInfo.processInfo.environment
        environment["OMP_NUM_THREADS"] = "\(threads)"
        var workers: [(process: Process, input: Pipe)] = []
        for _ in 0..<count {
            let (process, input) = (Process(), Pipe())
            process.executableURL = URL(fileURLWithPath: executable)
            process.arguments = arguments
            process.environment = environment
            process.standardInput = input
            // Results are this process's to print.
            process.standardOutput = FileHandle.standardError
            try process.run()
            try input.fileHandleForReading.close()
            workers.append((process, input))
        }
        var isStopping = false
        while workers.contains(where: \.process.isRunning) {
            try await Task.sleep(for: .milliseconds(100))
            guard watch.received != nil, !isStopping else { continue }
            isStopping = true
            for worker in workers { try worker.input.fileHandleForWriting.close() }
        }
        if isStopping { throw StudyWorker.Stop.interrupted }
        let failed = workers.filter {
            $0.process.terminationStatus != 0 || $0.process.terminationReason == .uncaughtSignal
        }
        guard failed.isEmpty else {
            throw AttributionError.parts(
                "\(failed.count) of \(count) workers failed; see above. The same command goes on where it was"
            )
        }
    }

    private static var executable: String {
        Bundle.main.executablePath ?? ProcessInfo.processInfo.arguments[0]
    }

    /// Ends this worker, as a signal would, once its input does.
    static func endWithParent() {
        let thread = Thread {
            while !FileHandle.standardInput.availableData.isEmpty {}
            kill(getpid(), SIGTERM)
        }
        thread.start()
    }
}
