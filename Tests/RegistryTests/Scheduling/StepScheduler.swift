// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Lets several actors run one at a time and decides at each request to the store who goes on.
///
/// An actor that asks for something stops until it is chosen; when all have stopped or finished, the next is chosen. So an
/// order of choices is an order of events, and the same choices give the same run.
final class StepScheduler: Sendable {
    /// What happens to a request.
    enum Verdict: Int, Sendable, Hashable, Comparable {
        /// It is done and answered.
        case perform
        /// It is done, and the answer is lost.
        case loseAnswer
        /// The process is killed before it.
        case crash

        static func < (left: Verdict, right: Verdict) -> Bool { left.rawValue < right.rawValue }
    }

    /// An actor that has stopped, and what it wants.
    struct Parked: Sendable {
        let actor: Int
        let request: String
    }

    /// The actor that the current task is.
    @TaskLocal static var actor: Int?

    private struct State {
        var parked: [Int: (request: String, resume: CheckedContinuation<Verdict, Never>)] = [:]
        var unfinished: Set<Int> = []
        var crashed: Set<Int> = []
        var waiter: CheckedContinuation<Void, Never>?
        /// What each actor has seen: with its program, that is its whole state.
        var seen: [Int: Hasher] = [:]
    }

    private let state = Mutex(State())

    /// Tells that an actor will run.
    func add(_ actor: Int) { state.withLock { _ = $0.unfinished.insert(actor) } }

    /// Tells that an actor is at its end.
    func finish(_ actor: Int) {
        resumeIfQuiet { $0.unfinished.remove(actor) }
    }

    /// Stops the current actor until it is chosen.
    func turn(_ request: String) async -> Verdict {
        guard let actor = Self.actor else { return .perform }
        if state.withLock({ $0.crashed.contains(actor) }) { return .crash }
        let verdict = await withCheckedContinuation { continuation in
            resumeIfQuiet { $0.parked[actor] = (request, continuation) }
        }
        if verdict == .crash { state.withLock { _ = $0.crashed.insert(actor) } }
        return verdict
    }

    /// Whether the current actor was killed.
    var hasCrashed: Bool {
        get async {
            guard let actor = Self.actor else { return false }
            return state.withLock { $0.crashed.contains(actor) }
        }
    }

    /// Notes what an actor got for an answer.
    func note(_ answer: String) {
        guard let actor = Self.actor else { return }
        state.withLock { $0.seen[actor, default: Hasher()].combine(answer) }
    }

    /// Waits until every actor has stopped or finished.
    ///
    /// - Returns: Those that have stopped, by number; none when all have finished.
    func quiet() async -> [Parked] {
        await withCheckedContinuation { continuation in
            resumeIfQuiet { $0.waiter = continuation }
        }
        return state.withLock { state in
            state.parked.map { Parked(actor: $0.key, request: $0.value.request) }.sorted { $0.actor < $1.actor }
        }
    }

    /// Lets an actor go on.
    func release(_ actor: Int, _ verdict: Verdict) {
        let parked = state.withLock { $0.parked.removeValue(forKey: actor) }
        parked?.resume.resume(returning: verdict)
    }

    /// What the actors know and want, as a number.
    func fingerprint(_ world: String) -> Int {
        state.withLock { state in
            var hasher = Hasher()
            hasher.combine(world)
            for actor in state.parked.keys.sorted() {
                hasher.combine(actor)
                hasher.combine(state.parked[actor]?.request)
                hasher.combine(state.seen[actor]?.finalize())
            }
            return hasher.finalize()
        }
    }

    private func resumeIfQuiet(_ change: (inout State) -> Void) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            change(&state)
            guard state.parked.count == state.unfinished.count else { return nil }
            return state.waiter.take()
        }
        waiter?.resume()
    }
}

/// The process was killed.
struct Crash: Error {}
