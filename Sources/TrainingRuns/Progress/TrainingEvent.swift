// SPDX-License-Identifier: Apache-2.0

/// What a run tells: its loop sends these, everything that shows or writes progress takes them.
package enum TrainingEvent: Sendable, Equatable {
    /// The loop is about to make its first step.
    case started(RunPlan)
    /// An optimizer step is done.
    case step(StepReport)
    /// Numbers of single parameters, every `--log-heavy-every` steps.
    case parameters(step: Int, [ParameterReport])
    /// An epoch is done.
    case epoch(EpochReport)
    /// A folder was written.
    case saved(SavedFolder)
    /// Something the user should know.
    case notice(String)
    /// The run is over.
    case ended(RunOutcome, step: Int)
}

/// How much there is to do.
package struct RunPlan: Sendable, Equatable {
    /// Samples of an epoch.
    package var sampleCount: Int
    /// Samples that are only validated on.
    package var validationCount: Int
    /// Steps of an epoch.
    package var stepsPerEpoch: Int
    /// Steps of all epochs, what was done before a resume included.
    package var totalSteps: Int
    /// Epochs.
    package var epochs: Int
    /// Steps that were done before.
    package var firstStep: Int
    /// Trained numbers.
    package var parameterCount: Int
    /// What is trained, in the user's words.
    package var summary: String

    /// A plan.
    package init(
        sampleCount: Int,
        validationCount: Int = 0,
        stepsPerEpoch: Int,
        totalSteps: Int,
        epochs: Int,
        firstStep: Int = 0,
        parameterCount: Int,
        summary: String = ""
    ) {
        self.sampleCount = sampleCount
        self.validationCount = validationCount
        self.stepsPerEpoch = stepsPerEpoch
        self.totalSteps = totalSteps
        self.epochs = epochs
        self.firstStep = firstStep
        self.parameterCount = parameterCount
        self.summary = summary
    }
}

/// What one optimizer step was like.
package struct StepReport: Sendable, Equatable {
    /// The number of the step, from 1.
    package var step: Int
    /// The epoch, from 1.
    package var epoch: Int
    /// The mean of the micro-steps' losses.
    package var loss: Double
    /// The rate that the step was made with.
    package var learningRate: Double
    /// The global norm of the gradients before clipping.
    package var gradientNorm: Double
    /// Seconds that the step took, waiting for data included.
    package var seconds: Double
    /// Seconds of it that the loop waited for data.
    package var waitingSeconds: Double
    /// Noise levels of the step's samples.
    package var timesteps: [Double]
    /// Damping towards the target loss, while it is on.
    package var targetScale: Double?
    /// The loss's moving average, while a target is on.
    package var targetAverage: Double?

    /// A step.
    package init(
        step: Int,
        epoch: Int,
        loss: Double,
        learningRate: Double,
        gradientNorm: Double,
        seconds: Double = 0,
        waitingSeconds: Double = 0,
        timesteps: [Double] = [],
        targetScale: Double? = nil,
        targetAverage: Double? = nil
    ) {
        self.step = step
        self.epoch = epoch
        self.loss = loss
        self.learningRate = learningRate
        self.gradientNorm = gradientNorm
        self.seconds = seconds
        self.waitingSeconds = waitingSeconds
        self.timesteps = timesteps
        self.targetScale = targetScale
        self.targetAverage = targetAverage
    }
}

/// Numbers of one trained parameter.
package struct ParameterReport: Sendable, Equatable {
    /// Its name in the adapter's file.
    package var name: String
    /// The norm of its gradient after clipping.
    package var gradientNorm: Double
    /// Its values, for a histogram; empty for none.
    package var values: [Float]

    /// Numbers of one parameter.
    package init(name: String, gradientNorm: Double, values: [Float] = []) {
        self.name = name
        self.gradientNorm = gradientNorm
        self.values = values
    }
}

/// What an epoch was like.
package struct EpochReport: Sendable, Equatable {
    /// The number of the epoch, from 1.
    package var epoch: Int
    /// Steps that are done.
    package var step: Int
    /// The mean of its steps' losses.
    package var loss: Double
    /// The mean loss of the validation samples, if there are any.
    package var validationLoss: Double?
    /// Seconds of it.
    package var seconds: Double
    /// The best averaged loss so far, and its epoch; nil until it is looked for.
    package var best: BestLoss?

    /// An epoch.
    package init(
        epoch: Int,
        step: Int,
        loss: Double,
        validationLoss: Double? = nil,
        seconds: Double = 0,
        best: BestLoss? = nil
    ) {
        self.epoch = epoch
        self.step = step
        self.loss = loss
        self.validationLoss = validationLoss
        self.seconds = seconds
        self.best = best
    }
}

/// The best averaged loss, and when.
package struct BestLoss: Sendable, Equatable, Codable {
    /// The mean of the last epochs' losses.
    package var loss: Double
    /// The epoch, from 1.
    package var epoch: Int

    /// A loss of an epoch.
    package init(loss: Double, epoch: Int) {
        self.loss = loss
        self.epoch = epoch
    }
}

/// A folder that was written.
package struct SavedFolder: Sendable, Equatable {
    /// Its path.
    package var path: String
    /// What it is: `final`, `best`, `early_exit` or `epoch_N`.
    package var name: String
    /// The steps that it holds.
    package var step: Int

    /// A folder.
    package init(path: String, name: String, step: Int) {
        self.path = path
        self.name = name
        self.step = step
    }
}

/// Takes the events of a run, on the run's own thread.
package typealias TrainingObserver = @Sendable (TrainingEvent) -> Void
