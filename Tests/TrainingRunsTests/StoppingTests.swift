// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing
import TrainingRuns

@Suite("The best weights")
struct BestTrackerTests {
    private func settings(after: Int = 1, patience: Int = 0, stepInterval: Int = 0) -> StoppingSettings {
        var settings = StoppingSettings()
        settings.bestAfterEpoch = after
        settings.patience = patience
        settings.bestStepInterval = stepInterval
        return settings
    }

    @Test("The mean of five epochs has to fall by a thousandth")
    func averages() {
        var tracker = BestTracker()
        let settings = settings()
        let losses = [1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.6, 0.7, 0.8]
        let bests = losses.enumerated().map { tracker.finish(epoch: $0 + 1, loss: $1, settings).isBest }
        // Means of up to five: 1, .95, .9, .85, .8, .7, .64, .62, .64.
        #expect(bests == [true, true, true, true, true, true, true, true, false])
        #expect(tracker.best?.epoch == 8)
        #expect(abs((tracker.best?.loss ?? 0) - 0.62) < 1e-12)
        var flat = BestTracker()
        #expect(flat.finish(epoch: 1, loss: 0.5, settings).isBest)
        #expect(!flat.finish(epoch: 2, loss: 0.4985, settings).isBest, "half of 0.0015 is too little")
    }

    @Test("Nothing is looked for before its epoch, and what came before does not count")
    func start() {
        var tracker = BestTracker()
        let settings = settings(after: 3, patience: 1)
        #expect(tracker.finish(epoch: 1, loss: 0.1, settings) == BestTracker.Verdict())
        #expect(tracker.finish(epoch: 2, loss: 0.1, settings) == BestTracker.Verdict())
        #expect(!tracker.isActive)
        #expect(tracker.finish(epoch: 3, loss: 0.9, settings).isBest)
        #expect(tracker.best?.loss == 0.9)
        var never = BestTracker()
        #expect(never.finish(epoch: 500, loss: 0.1, self.settings(after: 0)) == BestTracker.Verdict())
    }

    @Test("After so many epochs without a best the run ends")
    func patience() {
        var tracker = BestTracker()
        let settings = settings(patience: 2)
        #expect(tracker.finish(epoch: 1, loss: 0.5, settings).isBest)
        #expect(!tracker.finish(epoch: 2, loss: 0.5, settings).shouldStop)
        #expect(tracker.finish(epoch: 3, loss: 0.5, settings).shouldStop)
        var damped = settings
        damped.targetLoss = 0.4
        var other = BestTracker()
        for epoch in 1...9 {
            let verdict = other.finish(epoch: epoch, loss: 0.5, damped)
            #expect(!verdict.shouldStop)
        }
    }

    @Test("A loss that is no number is never the best")
    func noNumber() {
        var tracker = BestTracker()
        #expect(!tracker.finish(epoch: 1, loss: .nan, settings()).isBest)
        #expect(!tracker.finish(epoch: 1, loss: .infinity, settings()).isBest)
    }

    @Test("Inside an epoch twenty steps count, and there is one best for both")
    func steps() {
        var tracker = BestTracker()
        let settings = settings(stepInterval: 5)
        let early = tracker.finish(step: 5, epoch: 1, loss: 0.1, settings)
        #expect(!early, "not before the first epoch is done")
        #expect(tracker.finish(epoch: 1, loss: 0.5, settings).isBest)
        var bests: [Int] = []
        for step in 6...40 where tracker.finish(step: step, epoch: 2, loss: 0.4, settings) { bests.append(step) }
        #expect(bests == [15], "ten losses are needed, and no less than the best is none")
        #expect(tracker.best == BestLoss(loss: 0.4, epoch: 2) || abs((tracker.best?.loss ?? 0) - 0.4) < 1e-12)
        #expect(!tracker.finish(epoch: 2, loss: 0.45, settings).isBest)
    }

    @Test("A tracker goes through its state unchanged")
    func state() throws {
        var tracker = BestTracker()
        let settings = settings(patience: 9, stepInterval: 2)
        for epoch in 1...7 {
            _ = tracker.finish(epoch: epoch, loss: 1 / Double(epoch + 2), settings)
            for step in 1...30 { _ = tracker.finish(step: step, epoch: epoch, loss: 0.7 / Double(step), settings) }
        }
        var read = try JSONDecoder().decode(BestTracker.self, from: JSONEncoder().encode(tracker))
        #expect(read == tracker)
        #expect(read.finish(epoch: 8, loss: 0.01, settings) == tracker.finish(epoch: 8, loss: 0.01, settings))
    }
}

@Suite("The target loss")
struct TargetDampingTests {
    private func settings(_ target: Double = 0.5) -> TrainingSettings {
        var settings = TrainingSettings()
        settings.stopping.targetLoss = target
        settings.stopping.targetWarmup = 3
        settings.schedule.warmupSteps = 2
        return settings
    }

    @Test("The documented vectors of the factor")
    func vectors() {
        let expected = [
            (0.70, 1), (0.65, 1), (0.60, 0.743333), (0.55, 0.266667), (0.51, 0.0226133), (0.50, 0.01),
            (0.45, 0.00367879),
        ]
        for (average, scale) in expected {
            #expect(abs(TargetDamping.scale(average: average, settings().stopping) - scale) < 1e-6, "\(average)")
        }
    }

    @Test("Damping begins after both warm-ups, with the loss itself, and averages from then on")
    func start() throws {
        var damping = TargetDamping()
        #expect(damping.finish(step: 1, loss: 0.2, settings()) == nil)
        #expect(damping.finish(step: 2, loss: 0.2, settings()) == nil)
        #expect(damping.finish(step: 3, loss: 0.9, settings()) == 1)
        #expect(damping.average == 0.9)
        _ = damping.finish(step: 4, loss: 0.6, settings())
        #expect(abs(try #require(damping.average) - (0.98 * 0.9 + 0.02 * 0.6)) < 1e-12)
        var long = settings()
        long.schedule.warmupSteps = 10
        var other = TargetDamping()
        #expect(other.finish(step: 9, loss: 0.9, long) == nil)
        #expect(other.finish(step: 10, loss: 0.9, long) == 1)
    }

    @Test("A loss below the target damps to the floor whatever the average")
    func below() {
        var damping = TargetDamping()
        _ = damping.finish(step: 3, loss: 0.9, settings())
        #expect(damping.finish(step: 4, loss: 0.49, settings()) == 0.01)
        #expect(damping.finish(step: 5, loss: .nan, settings()) == nil, "a loss that is no number changes nothing")
    }

    @Test("Without a target, and with Prodigy, there is none")
    func off() {
        var damping = TargetDamping()
        #expect(damping.finish(step: 100, loss: 0.1, settings(0)) == nil)
        var prodigy = settings()
        prodigy.optimization.optimizer = .prodigy
        #expect(damping.finish(step: 100, loss: 0.1, prodigy) == nil)
        #expect(damping == TargetDamping())
    }

    @Test("An average that came back with a checkpoint goes on at once")
    func restored() throws {
        var damping = TargetDamping()
        _ = damping.finish(step: 3, loss: 0.9, settings())
        var read = try JSONDecoder().decode(TargetDamping.self, from: JSONEncoder().encode(damping))
        #expect(read == damping)
        #expect(read.finish(step: 1, loss: 0.6, settings()) != nil)
    }
}

@Suite("How runs end")
struct RunOutcomeTests {
    @Test("The exit code tells how")
    func codes() {
        #expect(RunOutcome.completed.exitCode == 0)
        #expect(RunOutcome.stoppedEarly(epoch: 3).exitCode == 0)
        #expect(RunOutcome.reachedStepLimit(step: 3).exitCode == 0)
        #expect(RunOutcome.interrupted(signal: SIGINT, checkpoint: nil).exitCode == 130)
        #expect(RunOutcome.interrupted(signal: SIGTERM, checkpoint: "x").exitCode == 143)
        #expect(RunOutcome.diverged(step: 3).exitCode == 3)
        #expect(RunOutcome.nothingTrained.exitCode == 4)
        #expect(!RunOutcome.interrupted(signal: SIGTERM, checkpoint: "x").isSuccess)
        #expect("\(RunOutcome.interrupted(signal: SIGTERM, checkpoint: "out/x"))".contains("resume from out/x"))
    }
}
