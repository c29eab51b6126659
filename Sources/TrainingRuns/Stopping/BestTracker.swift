// SPDX-License-Identifier: Apache-2.0

/// Finds the best weights and the epoch after which nothing gets better.
///
/// A pure state machine that goes into the state of a checkpoint. Losses are averaged before they are compared, since noise
/// levels are drawn anew for each: over five epochs, or over twenty steps inside one. There is one best for both, so that
/// the folder `best/` holds the lowest average ever seen.
package struct BestTracker: Sendable, Equatable, Codable {
    /// What to do after an epoch.
    package struct Verdict: Sendable, Equatable {
        /// The weights are the best so far: they go to `best/`.
        package var isBest = false
        /// Nothing got better for too long: the run ends.
        package var shouldStop = false

        /// Neither, unless said.
        package init(isBest: Bool = false, shouldStop: Bool = false) {
            self.isBest = isBest
            self.shouldStop = shouldStop
        }
    }

    /// Epochs of an average.
    package static let epochWindow = 5
    /// Steps of an average.
    package static let stepWindow = 20
    /// Steps that an average needs at least.
    package static let leastSteps = 10
    /// What an average has to be lower by.
    package static let leastGain = 0.001

    /// The best average and its epoch.
    package private(set) var best: BestLoss?
    /// Whether a best is looked for yet.
    package private(set) var isActive = false
    /// Epochs since the last best.
    package private(set) var patience = 0
    private var epochLosses: [Double] = []
    private var stepLosses: [Double] = []

    /// Nothing seen yet.
    package init() {}

    /// Takes the loss of an epoch in: the validation's if there is one.
    ///
    /// - Parameters:
    ///   - epoch: the epoch, from 1.
    ///   - loss: its loss.
    ///   - settings: when a best is looked for, and how long.
    /// - Returns: what to do.
    package mutating func finish(epoch: Int, loss: Double, _ settings: StoppingSettings) -> Verdict {
        guard settings.savesBest, settings.bestAfterEpoch > 0, epoch >= settings.bestAfterEpoch else {
            return Verdict()
        }
        if !isActive {
            isActive = true
            epochLosses = []
        }
        epochLosses = (epochLosses + [loss]).suffix(Self.epochWindow)
        if improve(mean(epochLosses), epoch: epoch) {
            patience = 0
            return Verdict(isBest: true)
        }
        patience += 1
        // Damping towards a target keeps the loss where it is, on purpose.
        let mayStop = settings.patience > 0 && settings.targetLoss == 0
        return Verdict(shouldStop: mayStop && patience >= settings.patience)
    }

    /// Takes the loss of a step in.
    ///
    /// - Parameters:
    ///   - step: the step, from 1.
    ///   - epoch: its epoch, from 1.
    ///   - loss: its loss.
    ///   - settings: how often a best is looked for.
    /// - Returns: whether the weights are the best so far.
    package mutating func finish(step: Int, epoch: Int, loss: Double, _ settings: StoppingSettings) -> Bool {
        guard isActive, settings.savesBest, settings.bestStepInterval > 0 else { return false }
        stepLosses = (stepLosses + [loss]).suffix(Self.stepWindow)
        guard step % settings.bestStepInterval == 0, stepLosses.count >= Self.leastSteps else { return false }
        return improve(mean(stepLosses), epoch: epoch)
    }

    private mutating func improve(_ average: Double, epoch: Int) -> Bool {
        guard average.isFinite, average < (best?.loss ?? .infinity) - Self.leastGain else { return false }
        best = BestLoss(loss: average, epoch: epoch)
        return true
    }

    private func mean(_ losses: [Double]) -> Double { losses.reduce(0, +) / Double(losses.count) }
}
