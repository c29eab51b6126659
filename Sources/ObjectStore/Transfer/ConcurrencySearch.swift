// SPDX-License-Identifier: Apache-2.0

/// Finds how many requests at once bring the most: a plain value, without clock or I/O.
///
/// It doubles as long as twice as many bring a good deal more: a line that gives each connection so much is filled soon, while a
/// near server, which two or three connections keep busy, is not made to juggle dozens. Now and then it tries again, since lines
/// change. A sign of load halves at once.
///
/// What twice as many bring is told by how long each takes, as in TCP Vegas (Brakmo and Peterson, 1995): if that stays as it was, twice
/// as much arrives; if it doubles, they only wait for each other. Bytes a second of a short while tell little: requests end in
/// bursts, and small and large ones follow each other.
package struct ConcurrencySearch: Sendable {
    /// A doubling that brings less than this much more is not worth the other side's trouble.
    private static let leastGain = 1.25
    /// Few short requests say nothing; this many do, or this many bytes.
    private static let (meaningfulCount, meaningfulSize) = (8, 16 << 20)
    /// How many windows pass before more is tried again.
    private static let patience = 16

    private struct Window {
        var requestCount = 0
        var byteCount = 0
        var seconds = 0.0
        /// What they would have taken at the best.
        var leastSeconds = 0.0

        var slowness: Double { seconds / leastSeconds }
    }

    /// How many may run now.
    package private(set) var limit: Int
    private let ceiling: Int
    private var window = Window()
    /// When the limit changed: requests that began earlier ran beside another number of them.
    private var changed: Duration?
    /// The shortest that a request of about some size has taken, in seconds, by the binary order of its size.
    private var shortest: [Int: Double] = [:]
    /// The limit before the last doubling, and how slow requests were then; nil when nothing is being tried.
    private var trial: (slowness: Double, limit: Int)?
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
    ///   - started: When it began: the time since any fixed moment.
    ///   - now: The time since the same moment.
    package mutating func succeeded(_ byteCount: Int, started: Duration, now: Duration) {
        let seconds = max((now - started).seconds, 1e-6)
        let order = (byteCount >> 16).bitWidth - (byteCount >> 16).leadingZeroBitCount
        let least = min(shortest[order] ?? seconds, seconds)
        shortest[order] = least
        if let changed, started <= changed { return }
        window.requestCount += 1
        window.byteCount += byteCount
        window.seconds += seconds
        window.leastSeconds += least
        let isMeaningful = window.requestCount >= Self.meaningfulCount || window.byteCount >= Self.meaningfulSize
        guard window.requestCount >= limit, isMeaningful else { return }
        let before = limit
        judge(window.slowness)
        window = Window()
        if limit != before { changed = now }
    }

    /// Notes a server that asks to slow down, or that does not answer.
    package mutating func overloaded() {
        limit = max(1, limit / 2)
        (trial, isSettled, quietWindows) = (nil, true, 0)
        window = Window()
    }

    private mutating func judge(_ slowness: Double) {
        if let trial {
            let gain = Double(limit) / Double(trial.limit) * trial.slowness / slowness
            self.trial = nil
            if gain < Self.leastGain {
                (limit, isSettled, quietWindows) = (trial.limit, true, 0)
                return
            }
        }
        quietWindows += 1
        if isSettled && quietWindows < Self.patience || limit == ceiling { return }
        trial = (slowness, limit)
        limit = min(ceiling, limit * 2)
        isSettled = false
    }
}
