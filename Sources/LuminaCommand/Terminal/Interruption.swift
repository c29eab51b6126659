// SPDX-License-Identifier: Apache-2.0

import Dispatch

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
    /// - Throws: `CancellationError` if a signal came, whatever `work` makes of its cancellation.
    static func cancelling<Value: Sendable>(_ work: @escaping @Sendable () async throws -> Value) async throws -> Value {
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
                while (try? await group.next()) != nil {}  // the work's own cancellation error says nothing new
                throw CancellationError()
            }
        }
    }

    /// Each SIGINT or SIGTERM, while somebody listens.
    private static func signals() -> AsyncStream<Int32> {
        AsyncStream { continuation in
            let sources = [SIGINT, SIGTERM].map { number in
                unsafe signal(number, SIG_IGN)
                let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
                source.setEventHandler {
                    unsafe signal(number, SIG_DFL)  // the second one is not waited for
                    continuation.yield(number)
                }
                source.resume()
                return source
            }
            continuation.onTermination = { _ in sources.forEach { $0.cancel() } }
        }
    }
}
