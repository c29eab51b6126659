// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Lets as many requests of all transfers run at once as bring the most.
package final class AdaptiveLimit: Sendable {
    private struct State {
        var search: ConcurrencySearch
        var active = 0
        var waiting: [(number: Int, continuation: CheckedContinuation<Void, Never>)] = []
        var nextNumber = 0
    }

    private let start = ContinuousClock.now
    private let state: Mutex<State>

    /// Starts with `start` at once, never more than `ceiling`.
    package init(start: Int, ceiling: Int) {
        state = Mutex(State(search: ConcurrencySearch(start: start, ceiling: ceiling)))
    }

    /// How many may run now.
    package var current: Int { state.withLock(\.search.limit) }

    /// Runs a request when there is room.
    package func run<Result>(_ body: (RequestPlace) async throws -> Result) async throws -> Result {
        let place = try await place()
        defer { place.leave() }
        return try await body(place)
    }

    /// Waits for room for a request.
    package func place() async throws -> RequestPlace {
        try await enter()
        return RequestPlace { [self] in leave() }
    }

    /// Notes a request that came through with so many bytes, while it still holds its place.
    package func succeeded(_ byteCount: Int, _ place: RequestPlace) {
        let (taken, now) = (place.taken - start, ContinuousClock.now - start)
        let woken = state.withLock { state in
            state.search.succeeded(byteCount, started: taken, now: now)
            return Self.admit(&state)
        }
        for continuation in woken { continuation.resume() }
    }

    /// Notes a server that asks to slow down, or that does not answer.
    package func overloaded() { state.withLock { $0.search.overloaded() } }

    private func enter() async throws {
        try Task.checkCancellation()
        let number = state.withLock { state in
            state.nextNumber += 1
            return state.nextNumber
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isIn = state.withLock { state in
                    if state.active < state.search.limit || Task.isCancelled {
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
        while state.active < state.search.limit, !state.waiting.isEmpty {
            state.active += 1
            woken.append(state.waiting.removeFirst().continuation)
        }
        return woken
    }
}
