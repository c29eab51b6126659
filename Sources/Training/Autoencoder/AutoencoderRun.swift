// SPDX-License-Identifier: Apache-2.0

package import ACEStep
import Foundation
package import Torch
import TrainingRuns

/// The training of an autoencoder in a folder, in as many pieces as one likes.
///
/// It goes on by itself from the state in its folder. Synchronous: it belongs to one thread from `run()`'s beginning to its end.
package final class AutoencoderRun {
    /// What is trained on what.
    package struct Plan {
        /// The autoencoder's sizes.
        package var configuration: AutoencoderConfiguration
        /// What a step is made of.
        package var settings: AutoencoderSettings
        /// Music to learn.
        package var music: any CropSource
        /// Music to measure with.
        package var heldOut: any CropSource
        /// The type that the saved weights are rounded to.
        package var dtype = DType.float32
        /// Steps between two saved states.
        package var saveInterval = 500
        /// Steps between two measurements; 0 for none.
        package var measureInterval = 1000

        /// Names what has no default.
        package init(
            _ configuration: AutoencoderConfiguration,
            settings: AutoencoderSettings,
            music: any CropSource,
            heldOut: any CropSource
        ) {
            self.configuration = configuration
            self.settings = settings
            self.music = music
            self.heldOut = heldOut
        }
    }

    /// Crops that first values are taken of, and their frames.
    private static let begun = (crops: 48, frames: 50)
    /// Crops that are measured with, and their frames.
    private static let measured = (crops: 16, frames: 100)
    /// Steps that may give no number, in a row.
    private static let tolerance = 10

    private let plan: Plan
    private let files: AutoencoderRunFiles
    private let deadline: ContinuousClock.Instant?
    private let observer: (AutoencoderEvent) -> Void
    private var schedule: LearningRateSchedule
    private var progress: AutoencoderProgress

    /// Prepares a run; nothing is read before `run()`.
    ///
    /// - Parameters:
    ///   - plan: what is trained on what.
    ///   - folder: where states and logs are kept, and the result in `vae`.
    ///   - deadline: when this piece ends; nil goes on to the last step.
    ///   - observer: told of everything, on the run's thread.
    /// - Throws: ``TrainingError`` or `TrainingRunsError` for settings that cannot be.
    package init(
        _ plan: Plan,
        in folder: String,
        until deadline: ContinuousClock.Instant? = nil,
        observer: @escaping (AutoencoderEvent) -> Void = { _ in }
    ) throws {
        try plan.settings.check()
        self.plan = plan
        self.deadline = deadline
        self.observer = observer
        files = AutoencoderRunFiles(root: folder)
        var curve = ScheduleSettings()
        curve.warmupSteps = plan.settings.warmup
        curve.warmupStart = 0.01
        schedule = try LearningRateSchedule(
            curve,
            baseRate: plan.settings.learningRate,
            totalSteps: plan.settings.steps
        )
        progress = AutoencoderProgress(plan)
    }

    /// Trains until the last step, the deadline or a signal, and saves.
    ///
    /// - Returns: how it ended.
    /// - Throws: ``TrainingError`` if the folder's state is of another run or losses are no numbers; what the music throws.
    package func run() throws -> AutoencoderOutcome {
        let watch = SignalWatch()
        try files.prepare()
        let session = try AutoencoderSession(plan.configuration, settings: plan.settings)
        if let saved = try files.progress() {
            try progress.continue(saved, from: files.stateFile)
            try session.state.read(from: files.tensorFile)
        } else {
            try LinearBeginning(session).apply(
                crops(of: plan.music, count: Self.begun.crops, frames: Self.begun.frames)
            )
            try session.state.average?.restore(
                shadow: session.parameters.values.tensors.map { try $0.detach() },
                updateCount: 0
            )
        }
        try files.openLog(after: progress.step)
        observer(.started(progress, parameters: session.parameters.elementCount))
        var seconds = 0.0
        var ending: AutoencoderOutcome?
        while ending == nil {
            let start = ContinuousClock.now
            if progress.step < plan.settings.steps { try step(session) }
            seconds = start.duration(to: .now).seconds
            progress.seconds += seconds
            ending = outcome(watch.received)
            if ending != nil || progress.step.isMultiple(of: plan.saveInterval) { try save(session) }
        }
        return ending ?? .completed
    }

    private func outcome(_ signal: Int32?) -> AutoencoderOutcome? {
        if progress.step >= plan.settings.steps { return .completed }
        if let signal { return .interrupted(signal: signal) }
        return deadline.map { ContinuousClock.now >= $0 } == true ? .paused : nil
    }

    private func step(_ session: AutoencoderSession) throws {
        let rate = schedule.rate(after: progress.step)
        let found = try session.step(
            crops(
                of: plan.music,
                from: progress.step * plan.settings.batch,
                count: plan.settings.batch,
                frames: plan.settings.frames
            ),
            learningRate: rate
        )
        progress.step += 1
        guard found.loss.isFinite, found.gradientNorm.isFinite else {
            progress.skipped += 1
            observer(.notice("step \(progress.step) gave no number and was left out"))
            guard progress.skipped < Self.tolerance else {
                throw TrainingError.notFinite(
                    what: "\(progress.skipped) steps in a row are",
                    advice: "lower the learning rate and begin in another folder"
                )
            }
            return
        }
        progress.skipped = 0
        try files.log(.init(step: progress.step, rate: rate, found: found))
        observer(.step(found, rate: rate, progress))
        if plan.measureInterval > 0,
            progress.step.isMultiple(of: plan.measureInterval) || progress.step == plan.settings.steps
        {
            let quality = try measure(session)
            try files.log(quality, step: progress.step)
            observer(.measured(quality, progress))
        }
    }

    /// Some crops as one batch.
    private func crops(of music: any CropSource, from first: Int = 0, count: Int, frames: Int) throws -> Tensor {
        let length = frames * plan.configuration.hop
        var samples: [Float] = []
        samples.reserveCapacity(count * plan.configuration.audioChannels * length)
        for number in first..<first + count { samples += try music.crop(number, length: length) }
        return try Tensor(samples, shape: [count, plan.configuration.audioChannels, length])
    }

    /// Measures the weights that would be saved, on music that is not trained on.
    ///
    /// - Parameter session: the run's.
    /// - Returns: the figures.
    /// - Throws: what the music throws; `TorchError`.
    private func measure(_ session: AutoencoderSession) throws -> AutoencoderQuality {
        let heldOut = try (0..<Self.measured.crops).map {
            try crops(of: plan.heldOut, from: $0, count: 1, frames: Self.measured.frames)
        }
        return try AutoencoderQuality(of: session, on: heldOut, loss: AutoencoderLoss(plan.settings.loss))
    }

    private func save(_ session: AutoencoderSession) throws {
        try files.save(session, progress: progress, dtype: plan.dtype)
        observer(.saved(files.result, progress))
    }
}

/// What happens while an autoencoder is trained.
package enum AutoencoderEvent: Sendable {
    /// A piece begins.
    case started(AutoencoderProgress, parameters: Int)
    /// A step was taken.
    case step(AutoencoderSession.Step, rate: Double, AutoencoderProgress)
    /// Held-out music was measured.
    case measured(AutoencoderQuality, AutoencoderProgress)
    /// State and result were written.
    case saved(String, AutoencoderProgress)
    /// Something that one should know.
    case notice(String)
}

/// How a piece of a training ended; state and result are written in any case.
package enum AutoencoderOutcome: Sendable, Equatable {
    /// All steps are done.
    case completed
    /// Its time was up.
    case paused
    /// A signal came.
    case interrupted(signal: Int32)
}
