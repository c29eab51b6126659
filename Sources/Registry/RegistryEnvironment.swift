// SPDX-License-Identifier: Apache-2.0

public import Foundation

/// Clock, chance and waiting, so that tests can play every order of events.
public struct RegistryEnvironment: Sendable {
    /// The time.
    public var now: @Sendable () -> Date
    /// 64 random bits.
    public var random: @Sendable () -> UInt64
    /// Waits.
    public var sleep: @Sendable (Duration) async throws -> Void

    /// The real clock, the system's chance, real waiting.
    public init(
        now: @escaping @Sendable () -> Date = { Date() },
        random: @escaping @Sendable () -> UInt64 = { .random(in: 0 ... .max) },
        sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) {
        self.now = now
        self.random = random
        self.sleep = sleep
    }

    /// A name that nobody else has.
    func token() -> String { String(random(), radix: 36) + String(random(), radix: 36) }

    /// Waits before the next attempt: a random time up to a bound that doubles, at most two seconds.
    func pause(beforeAttempt attempt: Int) async throws {
        let bound = min(2000, 20 << min(attempt, 10))
        try await sleep(.milliseconds(Int(random() % UInt64(bound)) + 1))
    }
}
