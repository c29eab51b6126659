// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// How many requests of all transfers are under way at once: one more after a run of successes, half after a sign of load.
package final class AdaptiveLimit: Sendable {
    private struct State {
        var limit: Int
        var active = 0
        var successes = 0
        var waiting: [(number: Int, continuation: CheckedContinuation<Void, Never>)] = []
        var nextNumber = 0
    }

    private let ceiling: Int
    private let state: Mutex<State>

    /// Starts with `start` at once, never more than `ceiling`.
    package init(start: Int, ceiling: Int) {
        self.ceiling = max(1, ceiling)
        state = Mutex(State(limit: max(1, min(start, ceiling))))
    }

    /// How many may run now.
    package var current: Int { state.withLock(\.limit) }

    /// Runs a request when there is room.
    package func run<Result>(_ body: () async throws -> Result) async throws -> Result {
        try await enter()
        defer { leave() }
        return try await body()
    }

    /// Notes a part that came through.
    package func succeeded() {
        let woken = state.withLock { state in
            state.successes += 1
            if state.successes >= state.limit && state.limit < ceiling {
                state.limit += 1
                state.successes = 0
            }
            return Self.admit(&state)
        }
        for continuation in woken { continuation.resume() }
    }

    /// Notes a server that asks to slow down, or that does not answer.
    package func overloaded() {
        state.withLock { state in
            state.limit = max(1, state.limit / 2)
            state.successes = 0
        }
    }

    private func enter() async throws {
        try Task.checkCancellation()
        let number = state.withLock { state in
            state.nextNumber += 1
            return state.nextNumber
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isIn = state.withLock { state in
                    if state.active < state.limit || Task.isCancelled {
                        state.active += 1
                        return true
                    }
                    state.waiting.append((number, continuation))
                    return false
                }
                if isIn { continuation.resume() }
            }
        } onCancel: {
            let found = state.withLock { state in
                let index = state.waiting.firstIndex { $0.number == number }
                // Whoever is woken counts as active and leaves again.
                if index != nil { state.active += 1 }
                return index.map { state.waiting.remove(at: $0).continuation }
            }
            found?.resume()
        }
        if Task.isCancelled {
            leave()
            throw CancellationError()
        }
    }

    private func leave() {
        let woken = state.withLock { state in
            state.active -= 1
            return Self.admit(&state)
        }
        for continuation in woken { continuation.resume() }
    }

    private static func admit(_ state: inout State) -> [CheckedContinuation<Void, Never>] {
        var woken: [CheckedContinuation<Void, Never>] = []
        while state.active < state.limit, !state.waiting.isEmpty {
            state.active += 1
            woken.append(state.waiting.removeFirst().continuation)
        }
        return woken
    }
}
