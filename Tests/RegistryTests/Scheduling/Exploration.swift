// SPDX-License-Identifier: Apache-2.0

import Foundation
import ObjectStore
import Registry
import Synchronization
import TestSupport

/// Plays every order of requests that leads to a state not seen before, up to a number of runs.
struct Exploration: Sendable {
    /// What was played.
    struct Result {
        var runs = 0
        var states = 0
        var ends = 0
        var isComplete = false
    }

    /// How many answers of writes to the log may be lost in a run.
    var lostAnswers = 0
    /// How many actors may be killed in a run.
    var crashes = 0
    /// Also check that a complete flat view is right at every moment; with an ABA of contents it need not be.
    var checksFlatView = true
    var maximumRuns = 1000
    /// How many versions there must be when nobody was killed.
    var versionCount: Int?

    let makeWorld: @Sendable () -> World

    private final class Visited: Sendable {
        let states = Mutex<Set<Int>>([])
    }

    private final class Run: Sendable {
        struct State {
            var path: [World.Choice] = []
            var branches: [[World.Choice]] = []
            var isKnown = false
        }

        let prefix: [World.Choice]
        let state = Mutex(State())

        init(prefix: [World.Choice]) { self.prefix = prefix }
    }

    /// Plays until nothing is left or enough was played.
    ///
    /// - Throws: `Violation` with the choices that led to it.
    func run() async throws -> Result {
        var result = Result()
        var stack: [[World.Choice]] = [[]]
        let visited = Visited()
        var random = SeededGenerator(seed: 1)
        while !stack.isEmpty {
            // Any order explores all; a random one looks everywhere when there is no time for all.
            stack.swapAt(Int(random.next() % UInt64(stack.count)), stack.count - 1)
            guard let prefix = stack.popLast() else { break }
            if result.runs >= maximumRuns { return result }
            result.runs += 1
            let world = makeWorld()
            let run = Run(prefix: prefix)
            do {
                try await world.run { world, parked in try await choose(world, parked, run, visited) }
                let (isKnown, path) = run.state.withLock { ($0.isKnown, $0.path) }
                if !isKnown {
                    result.ends += 1
                    try await checkEnd(world, path)
                }
            } catch let violation as Violation {
                let path = run.state.withLock { $0.path }.map {
                    "\($0.actor)\($0.verdict == .perform ? "" : "!\($0.verdict)")"
                }
                throw Violation("\(violation) — after \(path.joined(separator: " "))")
            }
            stack += run.state.withLock { $0.branches }
            result.states = visited.states.withLock { $0.count }
        }
        result.isComplete = true
        return result
    }

    private func choose(
        _ world: World,
        _ parked: [StepScheduler.Parked],
        _ run: Run,
        _ visited: Visited
    ) async throws -> World.Choice? {
        let step = run.state.withLock { $0.path.count }
        if step < run.prefix.count {
            run.state.withLock { $0.path.append(run.prefix[step]) }
            return run.prefix[step]
        }
        try await world.checkStep(flatView: checksFlatView)
        let budget = run.state.withLock { state in
            (
                lost: lostAnswers - state.path.count { $0.verdict == .loseAnswer },
                crashes: crashes - state.path.count { $0.verdict == .crash }
            )
        }
        // How often something may still go wrong is part of the state.
        let fingerprint = try await world.fingerprint() &+ budget.lost &* 31 &+ budget.crashes &* 1_000_003
        let isNew = visited.states.withLock { $0.insert(fingerprint).inserted }
        if !isNew {
            run.state.withLock { $0.isKnown = true }
            return nil
        }
        var options = parked.map { World.Choice(actor: $0.actor, verdict: .perform) }
        if budget.lost > 0 {
            options += parked.filter { $0.request.hasPrefix("put") && $0.request.contains("/log/") }
                .map { World.Choice(actor: $0.actor, verdict: .loseAnswer) }
        }
        if budget.crashes > 0 { options += parked.map { World.Choice(actor: $0.actor, verdict: .crash) } }
        return run.state.withLock { state in
            state.branches += options.dropFirst().map { state.path + [$0] }
            state.path.append(options[0])
            return options[0]
        }
    }

    private func checkEnd(_ world: World, _ path: [World.Choice]) async throws {
        let failures = world.failures.withLock { $0 }
        if !failures.isEmpty { throw Violation("an actor failed: \(failures)") }
        if path.contains(where: { $0.verdict == .crash }) {
            // Whoever comes next repairs what the killed left.
            let registry = try Registry.over(world.base)
            try await registry.project(World.name)
            try await world.checkStep()
        }
        try await world.checkRest()
        let count = try await world.history().state.versions.count
        if let versionCount, !path.contains(where: { $0.verdict == .crash }), count != versionCount {
            throw Violation("there are \(count) versions, not \(versionCount): an update was lost or doubled")
        }
    }
}
