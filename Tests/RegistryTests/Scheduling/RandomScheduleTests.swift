// SPDX-License-Identifier: Apache-2.0

import Foundation
import ObjectStore
import Registry
import Synchronization
import TestSupport
import Testing

@Suite("Random schedules with faults")
struct RandomScheduleTests {
    static let seedCount = ProcessInfo.processInfo.environment["LUMINA_SLOW"] == "1" ? 1000 : 120

    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private struct Plan {
        var lost = 0
        var crashes = 0
        var advances = false
        var comesBack = false
    }

    /// Plays one seed: who goes next, what gets lost, who is killed, how time goes.
    private func play(_ seed: Int, _ roles: [World.Role], _ plan: Plan, versioning: Versioning) async throws {
        let world = World(roles, versioning: versioning, stepsTrees: true)
        let random = Mutex(SeededGenerator(seed: UInt64(seed)))
        let left = Mutex(plan)
        let order = Mutex("")
        func draw(_ bound: Int) -> Int { random.withLock { Int($0.next() % UInt64(bound)) } }
        do {
            try await world.run { world, parked in
                try await world.checkStep(flatView: !plan.comesBack)
                if plan.advances && random.withLock({ $0.next() % 12 }) == 0 {
                    let hours = Double(random.withLock { $0.next() % 9 })
                    world.clock.advance(hours * 3600)
                }
                let chosen = parked[random.withLock { Int($0.next() % UInt64(parked.count)) }]
                var verdict = StepScheduler.Verdict.perform
                let dice = random.withLock { $0.next() % 40 }
                left.withLock { left in
                    if dice == 0 && left.crashes > 0 {
                        left.crashes -= 1
                        verdict = .crash
                    } else if dice < 4 && left.lost > 0 && chosen.request.hasPrefix("put") {
                        left.lost -= 1
                        verdict = .loseAnswer
                    }
                }
                order.withLock { $0 += "\n\(chosen.actor) \(chosen.request) \(verdict)" }
                return World.Choice(actor: chosen.actor, verdict: verdict)
            }
            let failures = world.failures.withLock { $0 }.filter {
                !$0.contains("12 hours") && !$0.contains("answer was lost")
            }
            if !failures.isEmpty { throw Violation("\(failures)") }
            try await Registry.over(world.base).project(World.name)
            try await world.checkRest()
        } catch {
            throw Violation("seed \(seed): \(error)\(order.withLock { $0 })")
        }
    }

    @Test(
        "Publishers, roll-backs, aliases, retirements and collections, killed and without answers",
        arguments: [Versioning.enabled, .off]
    )
    func everything(_ versioning: Versioning) async throws {
        let directory = directory
        var sources: [PublicationSource] = []
        for seed in 0..<4 { sources.append(try await AdapterFixture.source(directory, seed: seed)) }
        sources.append(try await AdapterFixture.source(directory, seed: 9, extra: ["README.md": "# more"]))
        let all = sources
        let publish = (0..<3).map { index in
            World.Role("publisher-\(index)") { registry in
                _ = try await registry.publish(all[index], as: World.name)
                _ = try await registry.publish(all[(index + 1) % 5], as: World.name)
            }
        }
        let keeper = World.Role("keeper") { registry in
            for _ in 0..<2 {
                do {
                    _ = try await registry.rollBack(World.name)
                    _ = try await registry.setAlias(AliasName("prod"), of: World.name, to: .alias(.latest))
                    _ = try await registry.retire(.version(1), of: World.name)
                } catch let error as RegistryError where [.notFound, .conflict, .retired].contains(error.kind) {
                    continue
                }
            }
        }
        let collector = World.Role("collector") { registry in
            var rule = Registry.CollectionRule()
            rule.isDryRun = false
            rule.keepLast = 1
            rule.minimumAge = 0
            do {
                for _ in 0..<3 { _ = try await registry.collect([World.name], rule) }
            } catch let error as RegistryError where error.kind == .conflict {
                return
            }
        }
        for seed in 0..<Self.seedCount {
            let plan = Plan(lost: seed % 3, crashes: seed % 2, advances: seed % 4 > 1, comesBack: true)
            try await play(seed, publish + [keeper, collector], plan, versioning: versioning)
        }
    }
}
