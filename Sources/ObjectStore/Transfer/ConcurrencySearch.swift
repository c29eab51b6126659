// SPDX-License-Identifier: Apache-2.0

/// Finds how many requests at once bring the most: a plain value, without clock or I/O.
///
/// It doubles as long as doubling brings a good deal more a second: a line that gives each connection so much is filled soon,
/// while a near server, which two or three connections keep busy, is not made to juggle dozens. Now and then it tries again, since
/// lines change. A sign of load halves at once.
package struct ConcurrencySearch: Sendable {
    /// What a request counts for, whatever it carries: where small objects are fetched, requests are the work.
    private static let requestWorth = 64 << 10
    /// A doubling that brings less than this much more is not worth the other side's trouble.
    private static let leastGain = 1.25
    /// Shorter spans than this say nothing.
    private static let shortestWindow = Duration.milliseconds(20)
    /// How many windows pass before more is tried again.
    private static let patience = 16

    private struct Window {
        var start: Duration
        var requestCount = 0
        var work = 0
    }

    /// How many may run now.
    package private(set) var limit: Int
    private let ceiling: Int
    private var window: Window?
    /// What the limit before the last doubling brought, in units of work a second; nil when nothing is being tried.
    private var trial: (before: Double, limit: Int)?
    private var quietWindows = 0
    private var isSettled = false

    /// Starts with `start` at once, never more than `ceiling`.
    package init(start: Int, ceiling: Int) {
        self.ceiling = max(1, ceiling)
        limit = max(1, min(start, ceiling))
    }

    /// Notes a request that came through.
    ///
    /// - Parameters:
    ///   - byteCount: What it carried.
    ///   - now: The time since any fixed moment.
    package mutating func succeeded(_ byteCount: Int, now: Duration) {
        var current = window ?? Window(start: now)
        if window != nil {
            current.requestCount += 1
            current.work += byteCount + Self.requestWorth
        }
        window = current
        let span = now - current.start
        guard current.requestCount >= limit, span >= Self.shortestWindow else { return }
        window = Window(start: now)
        judge(Double(current.work) / span.seconds)
    }

    /// Notes a server that asks to slow down, or that does not answer.
    package mutating func overloaded() {
        limit = max(1, limit / 2)
        (window, trial, isSettled, quietWindows) = (nil, nil, true, 0)
    }

    private mutating func judge(_ rate: Double) {
        if let trial, rate < trial.before * Self.leastGain {
            limit = trial.limit
            (self.trial, isSettled, quietWindows) = (nil, true, 0)
            return
        }
        trial = nil
        quietWindows += 1
        if isSettled && quietWindows < Self.patience || limit == ceiling { return }
        trial = (rate, limit)
        limit = min(ceiling, limit * 2)
        isSettled = false
    }
}
