// SPDX-License-Identifier: Apache-2.0

/// Which part of an object to fetch next: a plain value, without clock or I/O.
///
/// Parts are handed out in order. When none are left to start and one takes far longer than the others did, it is handed
/// out a second time; both write the same bytes to the same place, and the first to end counts.
package struct DownloadPlan: Sendable {
    /// What a worker should do.
    package enum Step: Sendable, Equatable {
        /// Fetch this part.
        case fetch(Int)
        /// Nothing to start now, but parts are under way.
        case wait
        /// All parts are there.
        case finished
    }

    private enum State: Sendable, Equatable {
        case pending
        case running(since: Duration, copies: Int)
        case done
    }

    /// The object's size in bytes.
    package let size: Int
    /// The size of every part but the last.
    package let partSize: Int
    private var states: [State]
    private var nextPending = 0
    private var doneCount = 0
    private var durations: [Duration] = []

    /// Cuts an object into parts.
    package init(size: Int, partSize: Int) {
        self.size = size
        self.partSize = max(1, partSize)
        states = Array(repeating: .pending, count: (size + self.partSize - 1) / self.partSize)
    }

    /// How many parts there are.
    package var partCount: Int { states.count }
    /// Whether all parts are there.
    package var isFinished: Bool { doneCount == states.count }

    /// The bytes of a part.
    package func range(_ part: Int) -> Range<Int> { part * partSize..<min(size, (part + 1) * partSize) }

    /// Whether a part is there.
    package func isDone(_ part: Int) -> Bool { states[part] == .done }

    /// Notes a part that an earlier run has fetched.
    package mutating func markDone(_ part: Int) {
        if states[part] == .done { return }
        states[part] = .done
        doneCount += 1
    }

    /// Hands out work.
    ///
    /// - Parameter now: The time since any fixed moment.
    /// - Returns: What to do.
    package mutating func next(now: Duration) -> Step {
        if isFinished { return .finished }
        while nextPending < states.count, states[nextPending] != .pending { nextPending += 1 }
        if nextPending < states.count {
            states[nextPending] = .running(since: now, copies: 1)
            return .fetch(nextPending)
        }
        guard let slow = slowest(now: now) else { return .wait }
        states[slow] = .running(since: now, copies: 2)
        return .fetch(slow)
    }

    /// Notes that a part is there.
    ///
    /// - Returns: false when it was already.
    package mutating func finish(_ part: Int, now: Duration) -> Bool {
        guard case .running(let since, _) = states[part] else { return false }
        durations.append(now - since)
        markDone(part)
        return true
    }

    /// Puts a part back that could not be fetched by this worker.
    package mutating func giveBack(_ part: Int) {
        guard case .running(let since, let copies) = states[part] else { return }
        if copies > 1 {
            states[part] = .running(since: since, copies: copies - 1)
        } else {
            states[part] = .pending
            nextPending = min(nextPending, part)
        }
    }

    /// A part that runs alone for more than a second and three times as long as half of the others took.
    ///
    /// Before one has come through nobody knows what is slow: on a thin line a second copy would only take from the first.
    private func slowest(now: Duration) -> Int? {
        if durations.isEmpty { return nil }
        let median = durations.sorted()[durations.count / 2]
        let limit = max(.seconds(1), median * 3)
        return states.indices.first { part in
            guard case .running(let since, 1) = states[part] else { return false }
            return now - since > limit
        }
    }
}
