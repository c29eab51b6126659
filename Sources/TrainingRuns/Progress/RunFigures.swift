// SPDX-License-Identifier: Apache-2.0

/// What a run's events add up to: how far it is, how fast, how long it will take.
package struct RunFigures: Sendable, Equatable {
    /// How much there is to do.
    package private(set) var plan: RunPlan?
    /// The latest step.
    package private(set) var lastStep: StepReport?
    /// The latest epoch.
    package private(set) var lastEpoch: EpochReport?
    /// The best averaged loss.
    package var best: BestLoss? { lastEpoch?.best }
    /// The losses' moving average.
    package private(set) var averageLoss: Double?
    /// Seconds of a step, averaged over the latest.
    package private(set) var stepSeconds: Double?
    /// How the run ended.
    package private(set) var outcome: RunOutcome?
    /// The folder that was written last.
    package private(set) var saved: SavedFolder?
    /// Steps of this run, not counting those before a resume.
    package private(set) var stepCount = 0
    private var losses: [Double] = []
    /// How many steps one of ``losses`` stands for.
    private var stride = 1
    private var pending: [Double] = []

    /// Losses that are kept; when there are more, neighbours become one.
    private static let keptLosses = 512
    /// Weight of the past in averages of losses and times.
    private static let smoothing = 0.95

    /// Nothing seen yet.
    package init() {}

    /// Takes an event in.
    ///
    /// - Parameter event: the event.
    package mutating func add(_ event: TrainingEvent) {
        switch event {
        case .started(let plan): self.plan = plan
        case .step(let report): add(report)
        case .epoch(let report): lastEpoch = report
        case .saved(let folder): saved = folder
        case .ended(let outcome, _): self.outcome = outcome
        case .parameters, .notice: break
        }
    }

    private mutating func add(_ report: StepReport) {
        lastStep = report
        stepCount += 1
        func smoothed(_ average: Double?, _ value: Double) -> Double {
            average.map { Self.smoothing * $0 + (1 - Self.smoothing) * value } ?? value
        }
        // The first step sets things up; it says nothing of the others.
        if stepCount > 1 { stepSeconds = smoothed(stepSeconds, report.seconds) }
        guard report.loss.isFinite else { return }
        averageLoss = smoothed(averageLoss, report.loss)
        pending.append(report.loss)
        guard pending.count == stride else { return }
        losses.append(mean(pending))
        pending = []
        guard losses.count > Self.keptLosses else { return }
        losses = Swift.stride(from: 0, to: losses.count - 1, by: 2).map { (losses[$0] + losses[$0 + 1]) / 2 }
        stride *= 2
    }

    /// The share of the run's steps that is done.
    package var share: Double {
        guard let plan, plan.totalSteps > 0 else { return 0 }
        return min(1, Double(lastStep?.step ?? plan.firstStep) / Double(plan.totalSteps))
    }

    /// Seconds until the last step, going by the latest ones.
    package var secondsLeft: Double? {
        guard let plan, let stepSeconds, let lastStep else { return nil }
        return Double(max(0, plan.totalSteps - lastStep.step)) * stepSeconds
    }

    /// The losses of the whole run in a number of columns.
    ///
    /// - Parameter width: columns.
    /// - Returns: at most `width` mean losses, the oldest first.
    package func lossCurve(width: Int) -> [Double] {
        guard width > 0, losses.count > width else { return width > 0 ? losses : [] }
        return (0..<width).map { column in
            let start = column * losses.count / width
            let end = max(start + 1, (column + 1) * losses.count / width)
            return mean(Array(losses[start..<end]))
        }
    }

    private func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
}
