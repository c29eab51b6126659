// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Damps the learning rate as the loss comes near a target, so that it stays there instead of falling on.
///
/// A pure state machine that goes into the state of a checkpoint. It gives a factor of the schedule's rate for the next
/// step; the schedule itself goes on undamped, so that factors never multiply up.
package struct TargetDamping: Sendable, Equatable, Codable {
    /// The share of the target over which the rate goes from full to its floor.
    private static let band = 0.3
    /// How fast the rate falls below the target.
    private static let steepness = 10.0

    /// The loss's moving average; nil before damping begins.
    package private(set) var average: Double?

    /// Nothing seen yet.
    package init() {}

    /// Whether settings ask for damping.
    ///
    /// - Parameter settings: the run's settings.
    /// - Returns: false where there is no target, and for optimizers that find their own rate.
    package static func isOn(_ settings: TrainingSettings) -> Bool {
        settings.stopping.targetLoss > 0 && settings.optimization.optimizer != .prodigy
    }

    /// Takes the loss of a step in.
    ///
    /// - Parameters:
    ///   - step: the step, from 1.
    ///   - loss: its loss.
    ///   - settings: the run's settings.
    /// - Returns: the factor for the next step's rate; nil while there is no damping.
    package mutating func finish(step: Int, loss: Double, _ settings: TrainingSettings) -> Double? {
        guard Self.isOn(settings), loss.isFinite else { return nil }
        let first = max(settings.stopping.targetWarmup, settings.schedule.warmupSteps)
        // An average that came back with a checkpoint goes on at once.
        guard average != nil || step >= first else { return nil }
        let smoothing = settings.stopping.targetSmoothing
        let average = average.map { smoothing * $0 + (1 - smoothing) * loss } ?? loss
        self.average = average
        let scale = Self.scale(average: average, settings.stopping)
        return loss < settings.stopping.targetLoss ? min(scale, settings.stopping.targetFloor) : scale
    }

    /// The factor of an average: smooth between the floor at the target and 1 at 1.3 of it, falling on below.
    ///
    /// - Parameters:
    ///   - average: the loss's moving average.
    ///   - settings: target and floor.
    /// - Returns: the factor.
    package static func scale(average: Double, _ settings: StoppingSettings) -> Double {
        let (target, floor) = (settings.targetLoss, settings.targetFloor)
        guard average > target else { return floor * exp(-steepness * (target - average) / target) }
        let height = min(max((average - target) / (band * target), 0), 1)
        return floor + height * height * (3 - 2 * height) * (1 - floor)
    }
}
