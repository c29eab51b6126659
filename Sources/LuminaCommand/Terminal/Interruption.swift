// SPDX-License-Identifier: Apache-2.0

// Dispatch predates Sendable; the sources made here are only ever touched under the lock.
@unsafe @preconcurrency import Dispatch
import Synchronization

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Ctrl-C and SIGTERM stop the work within a step; a second one stops the program at once.
enum Interruption {
    private enum Outcome<Value: Sendable>: Sendable {
        case finished(Value)
        case interrupted
    }

    /// Runs `work`, cancelled when a signal arrives.
    ///
    /// - Throws: `CancellationError` if a signal came before the work was done.
    static func cancelling<Value: Sendable>(_ work: @escaping @Sendable () async throws -> Value) async throws -> Value
    {
        try await withThrowingTaskGroup(of: Outcome<Value>.self) { group in
            group.addTask { .finished(try await work()) }
            group.addTask {
                for await _ in signals() { return .interrupted }
                throw CancellationError()
            }
            defer { group.cancelAll() }
            switch try await group.next() {
            case .finished(let value)?: return value
            case .interrupted?, nil:
                group.cancelAll()
                // Work that was done before it noticed has written its files: then it is not said that it has not.
                while let outcome = await group.nextResult() {
                    if case .success(.finished(let value)) = outcome { return value }
                }
                throw CancellationError()
            }
        }
    }

    /// Each SIGINT or SIGTERM, while somebody listens.
    private static func signals() -> AsyncStream<Int32> {
        AsyncStream { continuation in
            for number in [SIGINT, SIGTERM] {
                signal(number, SIG_IGN)
                let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
                source.setEventHandler {
                    signal(number, SIG_DFL)  // the second one is not waited for
                    continuation.yield(number)
                }
                source.activate()
                retained.withLock { $0.append(source) }
            }
        }
    }

    /// Sources stop when they are released; the program listens until it ends.
    private static let retained = Mutex<[any DispatchSourceSignal]>([])
}
