// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import ObjectStore
import Registry
import Synchronization
import TestSupport

/// The time of a world, the same for the store and all actors.
final class SharedClock: Sendable {
    private let time: Mutex<Date>

    init(_ start: Date) { time = Mutex(start) }

    var now: Date { time.withLock { $0 } }

    func advance(_ interval: TimeInterval) { time.withLock { $0 += interval } }
}

/// A store, actors on it, and what must be true of it at every moment.
final class World: Sendable {
    /// What an actor does with its own registry.
    struct Role: Sendable {
        let name: String
        let body: @Sendable (Registry) async throws -> Void

        init(_ name: String, _ body: @escaping @Sendable (Registry) async throws -> Void) {
            self.name = name
            self.body = body
        }
    }

    /// A choice of the scheduler.
    struct Choice: Sendable, Hashable {
        let actor: Int
        let verdict: StepScheduler.Verdict
    }

    static let name: RegistryName = {
        do { return try RegistryName("blend-exp-01") } catch { fatalError("a valid name") }
    }()

    let base: MemoryStore
    let scheduler = StepScheduler()
    let roles: [Role]
    let clock: SharedClock
    /// Errors with which actors ended, crashes left out.
    let failures = Mutex<[String]>([])
    let stepsTrees: Bool
    let capabilities: StoreCapabilities
    let isSingleWriter: Bool

    init(
        _ roles: [Role],
        versioning: Versioning = .enabled,
        stepsTrees: Bool = false,
        capabilities: StoreCapabilities = .all,
        isSingleWriter: Bool = false
    ) {
        self.capabilities = capabilities
        self.isSingleWriter = isSingleWriter
        self.roles = roles
        self.stepsTrees = stepsTrees
        let start = Date(timeIntervalSince1970: 1_790_000_000)
        let time = SharedClock(start)
        self.clock = time
        base = MemoryStore(versioning: versioning, now: { time.now })
    }

    func registry(_ actor: Int) throws -> Registry {
        let counter = Mutex(UInt64(actor) << 32)
        return try Registry.over(SteppedStore(base: base, scheduler: scheduler, stepsTrees: stepsTrees)) {
            configuration in
            configuration.actor = roles[actor].name
            configuration.concurrency = 1
            configuration.capabilities = capabilities
            configuration.isSingleWriter = isSingleWriter
            configuration.environment = RegistryEnvironment(
                now: { self.clock.now },
                random: {
                    counter.withLock { value in
                        value += 1
                        return value &* 0x9E37_79B9_7F4A_7C15
                    }
                },
                sleep: { _ in }
            )
        }
    }

    /// Runs the actors, each choice made by `choose`; nil ends the run by killing everyone.
    func run(
        _ choose: @Sendable (World, [StepScheduler.Parked]) async throws -> Choice?
    ) async throws {
        for actor in roles.indices { scheduler.add(actor) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (actor, role) in roles.enumerated() {
                let registry = try registry(actor)
                group.addTask { [self] in
                    await StepScheduler.$actor.withValue(actor) {
                        do {
                            try await role.body(registry)
                        } catch is Crash {
                        } catch {
                            failures.withLock { $0.append("\(role.name): \(error)") }
                        }
                    }
                    scheduler.finish(actor)
                }
            }
            try await drive(choose)
        }
    }

    private func drive(_ choose: @Sendable (World, [StepScheduler.Parked]) async throws -> Choice?) async throws {
        var parked = await scheduler.quiet()
        var failure: (any Error)?
        var isEnding = false
        while !parked.isEmpty {
            var choice: Choice?
            if !isEnding {
                do {
                    choice = try await choose(self, parked)
                } catch {
                    failure = error
                }
            }
            if let choice {
                scheduler.release(choice.actor, choice.verdict)
            } else {
                isEnding = true
                scheduler.release(parked[0].actor, .crash)
            }
            parked = await scheduler.quiet()
        }
        if let failure { throw failure }
    }

    /// Everything that actors can see, in one text.
    func fingerprint() async throws -> Int {
        var text = ""
        for try await object in base.objects(prefix: "") where stepsTrees || !object.key.contains("/trees/") {
            text += object.key + object.etag.text + "\n"
        }
        return scheduler.fingerprint(text)
    }
}
