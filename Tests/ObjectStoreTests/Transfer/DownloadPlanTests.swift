// SPDX-License-Identifier: Apache-2.0

import ObjectStore
import Testing

@Suite("DownloadPlan")
struct DownloadPlanTests {
    /// A plan whose steps can be taken inside an expectation.
    private final class Player {
        var plan: DownloadPlan
        init(size: Int, partSize: Int) { plan = DownloadPlan(size: size, partSize: partSize) }
        func next(_ now: Duration) -> DownloadPlan.Step { plan.next(now: now) }
        func finish(_ part: Int, _ now: Duration) -> Bool { plan.finish(part, now: now) }
    }

    @Test("Parts are handed out in order and cover the object")
    func order() {
        let plan = Player(size: 25, partSize: 10)
        let ranges = (0..<3).map { plan.plan.range($0) }
        #expect(ranges == [0..<10, 10..<20, 20..<25])
        let steps = (0..<3).map { _ in plan.next(.zero) }
        #expect(steps == [.fetch(0), .fetch(1), .fetch(2)])
        #expect(plan.next(.zero) == .wait)
        for part in 0..<3 { #expect(plan.finish(part, .seconds(1)) == true) }
        #expect(plan.next(.seconds(1)) == .finished)
        #expect(DownloadPlan(size: 0, partSize: 10).isFinished)
    }

    @Test("A slow last part is handed out a second time, and counts once")
    func hedge() {
        let plan = Player(size: 30, partSize: 10)
        for _ in 0..<3 { _ = plan.next(.zero) }
        #expect(plan.finish(0, .seconds(1)) == true)
        #expect(plan.finish(1, .seconds(1)) == true)
        #expect(plan.next(.milliseconds(2900)) == .wait)
        #expect(plan.next(.milliseconds(3100)) == .fetch(2))
        #expect(plan.next(.seconds(60)) == .wait)
        #expect(plan.finish(2, .seconds(4)) == true)
        #expect(plan.finish(2, .seconds(5)) == false)
        #expect(plan.plan.isFinished)
    }

    @Test("Before anything has come through, nothing is called slow")
    func noSamples() {
        let plan = Player(size: 30, partSize: 10)
        for _ in 0..<3 { _ = plan.next(.zero) }
        #expect(plan.next(.seconds(600)) == .wait)
    }

    @Test("A part given back is handed out again; what is there already is not")
    func giveBack() {
        let plan = Player(size: 30, partSize: 10)
        plan.plan.markDone(0)
        plan.plan.markDone(0)
        #expect(plan.next(.zero) == .fetch(1))
        plan.plan.giveBack(1)
        #expect(plan.next(.zero) == .fetch(1))
        #expect(plan.next(.zero) == .fetch(2))
    }
}

@Suite("AdaptiveLimit and RetryPolicy")
struct AdaptiveLimitTests {
    @Test("Never more than the limit run at once, and cancelled waiters leave")
    func bounded() async throws {
        let limit = AdaptiveLimit(start: 3, ceiling: 3)
        let gauge = Gauge()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<50 {
                group.addTask {
                    try await limit.run { _ in
                        await gauge.enter()
                        await Task.yield()
                        await gauge.leave()
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(await gauge.highest <= 3)
        // Longer than any test: only the cancellation can end it.
        let waiting = Task { try await limit.run { _ in try await Task.sleep(for: .seconds(3600)) } }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        #expect(try await limit.run { _ in 1 } == 1)
    }

    private actor Gauge {
        var active = 0
        var highest = 0
        func enter() {
            active += 1
            highest = max(highest, active)
        }
        func leave() { active -= 1 }
    }

    @Test("Waits double up to a bound, follow the server's wish, and end")
    func waits() {
        let policy = RetryPolicy()
        #expect(policy.wait(after: .connectionFailed, attempt: 1, serverWait: nil, random: 1) == .milliseconds(50))
        #expect(policy.wait(after: .connectionFailed, attempt: 3, serverWait: nil, random: 1) == .milliseconds(200))
        #expect(policy.wait(after: .throttled, attempt: 2, serverWait: nil, random: 0.5) == .seconds(1))
        #expect(policy.wait(after: .throttled, attempt: 7, serverWait: nil, random: 1) == .seconds(20))
        #expect(policy.wait(after: .throttled, attempt: 1, serverWait: .seconds(3), random: 1) == .seconds(3))
        #expect(policy.wait(after: .throttled, attempt: 8, serverWait: nil, random: 1) == nil)
        #expect(policy.wait(after: .notFound, attempt: 1, serverWait: nil, random: 1) == nil)
    }

    @Test("An outage uses the budget up; successes give it back")
    func budget() {
        let budget = RetryBudget(capacity: 20)
        #expect(budget.take(14))
        #expect(budget.take(5))
        #expect(!budget.take(5))
        budget.giveBack(14)
        #expect(budget.take(14))
    }
}
