// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The learning rate of each step: warm-up, then a curve over the steps that are left.
///
/// A pure function of the number of steps done, so that a resumed run builds it for its new total and simply goes on. The
/// rates are those of torch's schedulers behind a `SequentialLR`, as Side-Step composes them; one thing differs: without
/// warm-up steps there is no warm-up, where Side-Step's runs stay at the factor that warm-up begins with.
package struct LearningRateSchedule: Sendable {
    /// The curve behind the warm-up.
    package let kind: ScheduleSettings.Kind
    /// The rate that the curve begins with.
    package let baseRate: Double
    /// Steps of warm-up.
    package let warmupSteps: Int
    /// Steps of the curve.
    package let curveSteps: Int
    /// What the user should know about the choice.
    package let warnings: [String]

    private let warmupStart: Double
    private let floor: Double
    private let period: Int
    private let formula: FormulaCurve?

    /// Builds the schedule of a run.
    ///
    /// - Parameters:
    ///   - settings: the curve and its numbers.
    ///   - baseRate: the learning rate.
    ///   - totalSteps: steps of all epochs.
    ///   - stepsPerEpoch: steps of one, for formulas.
    ///   - epochs: epochs of the run, for formulas.
    ///   - optimizer: Prodigy finds its own rate: it gets a constant one.
    /// - Throws: `TrainingRunsError.formula`, `.formulaValue` or `.settings`.
    package init(
        _ settings: ScheduleSettings,
        baseRate: Double,
        totalSteps: Int,
        stepsPerEpoch: Int = 1,
        epochs: Int = 1,
        optimizer: OptimizationSettings.Optimizer = .adamW
    ) throws(TrainingRunsError) {
        var warnings: [String] = []
        let allowed = max(1, totalSteps / 10)
        warmupSteps = min(max(0, settings.warmupSteps), allowed)
        if settings.warmupSteps > allowed {
            warnings.append(
                "warm-up is \(allowed) steps instead of \(settings.warmupSteps): a tenth of the run's \(totalSteps)"
            )
        }
        curveSteps = max(1, totalSteps - warmupSteps)
        kind = try Self.kind(settings.kind, optimizer, &warnings)
        self.baseRate = baseRate
        warmupStart = settings.warmupStart
        floor = baseRate * settings.cosineFloor
        period = max(1, curveSteps / max(1, settings.restarts))
        if kind == .custom {
            let curve = try FormulaCurve(
                settings.formula,
                baseRate: baseRate,
                steps: curveSteps,
                stepsPerEpoch: max(1, stepsPerEpoch),
                epochs: epochs
            )
            warnings += curve.warnings
            formula = curve
        } else {
            if !settings.formula.isEmpty {
                warnings.append("the formula is not used: the scheduler is \(kind.rawValue), not custom")
            }
            formula = nil
        }
        self.warnings = warnings
    }

    private static func kind(
        _ kind: ScheduleSettings.Kind,
        _ optimizer: OptimizationSettings.Optimizer,
        _ warnings: inout [String]
    ) throws(TrainingRunsError) -> ScheduleSettings.Kind {
        guard optimizer == .prodigy else { return kind }
        switch kind {
        case .custom:
            throw .settings(source: "the schedule", problems: ["prodigy finds its own rate: a formula cannot set it"])
        case .constant, .constantWithWarmup: return kind
        case .cosine, .cosineRestarts, .linear:
            warnings.append("the scheduler is constant instead of \(kind.rawValue): prodigy finds its own rate")
            return .constant
        }
    }

    /// The rate of the next step when some are done.
    ///
    /// - Parameter done: steps done, 0 for the first step's rate.
    /// - Returns: the rate.
    package func rate(after done: Int) -> Double {
        guard done >= warmupSteps else {
            return baseRate * (warmupStart + (1 - warmupStart) * Double(max(0, done)) / Double(warmupSteps))
        }
        let step = done - warmupSteps
        let progress = min(Double(step) / Double(curveSteps), 1)
        switch kind {
        case .constant, .constantWithWarmup: return baseRate
        case .linear: return baseRate * (1 + (0.01 - 1) * progress)
        case .cosine: return cosine(progress)
        case .cosineRestarts: return cosine(Double(step % period) / Double(period))
        case .custom: return formula?.rate(at: step) ?? baseRate
        }
    }

    private func cosine(_ progress: Double) -> Double {
        floor + (baseRate - floor) * (1 + cos(Double.pi * progress)) / 2
    }
}
