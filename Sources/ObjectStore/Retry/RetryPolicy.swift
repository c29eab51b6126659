// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// When a failed request is sent again, and after how long.
///
/// Full jitter: the wait is random between nothing and a bound that doubles, 50 ms at first for a broken connection, 1 s
/// where the server asks to slow down (s3transfer's and botocore's figures). A server's own `Retry-After` wins.
public struct RetryPolicy: Sendable, Hashable {
    /// How often a request is sent at most.
    public var maximumAttempts: Int
    /// The first bound after a failure that says nothing about load.
    public var transientBase: Duration
    /// The first bound after a request to slow down.
    public var throttledBase: Duration
    /// No wait is longer.
    public var longestWait: Duration

    /// Chooses when to retry.
    public init(
        maximumAttempts: Int = 8,
        transientBase: Duration = .milliseconds(50),
        throttledBase: Duration = .seconds(1),
        longestWait: Duration = .seconds(20)
    ) {
        self.maximumAttempts = maximumAttempts
        self.transientBase = transientBase
        self.throttledBase = throttledBase
        self.longestWait = longestWait
    }

    /// How long to wait before the next attempt.
    ///
    /// - Parameters:
    ///   - kind: What the last attempt failed with.
    ///   - attempt: How many attempts there were.
    ///   - serverWait: The server's `Retry-After`.
    ///   - random: A number from 0 to 1.
    /// - Returns: nil when the failure is final or the attempts are used up.
    package func wait(
        after kind: ObjectStoreError.Kind,
        attempt: Int,
        serverWait: Duration?,
        random: Double
    ) -> Duration? {
        guard attempt < maximumAttempts, kind.isTransient else { return nil }
        if let serverWait { return min(serverWait, longestWait) }
        let base = kind == .throttled ? throttledBase : transientBase
        return min(base * (1 << min(attempt - 1, 16)), longestWait) * random
    }
}

extension ObjectStoreError.Kind {
    /// Whether the same request may succeed a little later.
    package var isTransient: Bool {
        [.throttled, .serverFailure, .connectionFailed, .timedOut, .conflict, .corrupted].contains(self)
    }

    /// Whether the request may have taken effect although it failed.
    package var leavesOutcomeOpen: Bool { [.serverFailure, .connectionFailed, .timedOut].contains(self) }

    /// What a retry takes from the budget; waiting for nothing hurts most.
    package var retryCost: Int { self == .timedOut ? 14 : 5 }
}

/// Retries that all requests of a store have together, so that an outage fails fast instead of being hammered.
package final class RetryBudget: Sendable {
    private let capacity: Int
    private let tokens: Mutex<Int>

    /// A full budget.
    package init(capacity: Int = 500) {
        self.capacity = capacity
        tokens = Mutex(capacity)
    }

    /// Takes the cost of a retry.
    ///
    /// - Returns: false when the budget does not hold it.
    package func take(_ cost: Int) -> Bool {
        tokens.withLock { tokens in
            guard tokens >= cost else { return false }
            tokens -= cost
            return true
        }
    }

    /// Gives back what a success after retries took, or one token for a success at once.
    package func giveBack(_ cost: Int) {
        tokens.withLock { $0 = min(capacity, $0 + max(1, cost)) }
    }
}
