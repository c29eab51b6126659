// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Foundation
import Torch
package import TrainingRuns

/// The training of a whole model, from its settings to its folder of results: the loop, states and logs of a training of adapters.
///
/// It goes on by itself from the newest state in its folder, so that it can be done in pieces. Synchronous: it belongs to one
/// thread from `run()`'s beginning to its end.
package final class ScratchRun {
    private var settings: TrainingSettings
    private let steps: Int
    private let deadline: ContinuousClock.Instant?
    private let observer: TrainingObserver
    private let layout: RunLayout
    private let files: ModelFiles

    /// The number by which a run is told that its time is up.
    package static let timeIsUp = SIGALRM
    /// The share of the pieces that hear themselves as the reference clip.
    private static let referenceShare = 0.1

    /// Prepares a run; no tensor is touched before `run()`.
    ///
    /// - Parameters:
    ///   - settings: which name a skeleton as the checkpoint, a folder of latents, and the run's folder.
    ///   - steps: how many steps the whole training has.
    ///   - deadline: when this piece of it ends.
    ///   - observer: told of everything, on the run's thread.
    /// - Throws: `ModelError` if there is no skeleton, ``TrainingError`` for what cannot be done here.
    package init(
        settings: TrainingSettings,
        steps: Int,
        until deadline: ContinuousClock.Instant? = nil,
        observer: @escaping TrainingObserver = { _ in }
    ) throws {
        self.settings = settings
        self.steps = steps
        self.deadline = deadline
        self.observer = observer
        guard let checkpoint = settings.model.checkpoint, let output = settings.output.directory else {
            throw TrainingError.unsupported(what: "a run without a model or a folder", advice: "name both")
        }
        layout = RunLayout(root: output)
        files = try ModelFiles(path: checkpoint, variant: settings.model.variant)
    }

    /// Trains, and leaves its folder of results.
    ///
    /// - Returns: how it ended.
    /// - Throws: what is wrong with files, data, or a state to go on from; `TorchError`.
    package func run() throws -> RunOutcome {
        let watch = SignalWatch()
        try prepareFolder()
        let generator = try Generator(seed: UInt64(bitPattern: Int64(settings.optimization.seed)))
        let subject = try TrainedModel(files: files, seed: generator.seed, roundsFactors: roundsFactors())
        let source = try LatentSource(settings.data.directory ?? "", for: subject.model.prompts)
        countEpochs(source)
        let session = try TrainingSession(
            model: subject.model.velocity,
            subject: subject,
            generator: generator,
            options: options(subject.model.velocity.configuration)
        )
        let fresh = RunState(settings: settings, dataset: source.identity, base: "from scratch")
        var (state, notices) = (fresh, [String]())
        if let folder = try Self.newestState(in: layout) {
            let resumption = Resumption(settings: settings, fresh: fresh)
            (state, notices) = try resumption.restore(session, from: folder)
        }
        let loop = try TrainingLoop(
            settings: settings,
            session: session,
            source: source,
            state: state,
            layout: layout,
            continuingAt: state.step > 0 ? state.step + 1 : nil,
            observer: observer,
            interruption: { [deadline] in
                watch.received ?? deadline.flatMap { ContinuousClock.now >= $0 ? Self.timeIsUp : nil }
            }
        )
        return try loop.run(notices: notices)
    }

    private func roundsFactors() throws -> Bool {
        switch settings.model.precision {
        case .float32: false
        case .bfloat16: true
        case .auto: try TorchRuntime.hasFastBFloat16
        case .float16:
            throw TrainingError.unsupported(
                what: "training in float16",
                advice: "its range is too small for gradients; use bf16 or fp32"
            )
        }
    }

    private func options(_ configuration: ModelConfiguration) -> TrainingSession.Options {
        var options = TrainingSession.Options(settings, configuration, cacheByteBudget: 0)
        options.objective.referenceShare = Self.referenceShare
        return options
    }

    /// Epochs that have the steps: the schedule spans all of them, and the last may be cut.
    private func countEpochs(_ source: LatentSource) {
        let order = DataOrder(samples: source.samples, settings, groupsByLength: true)
        let each = order.stepsPerEpoch(accumulation: settings.optimization.accumulation)
        settings.optimization.epochs = (steps + each - 1) / each
        settings.optimization.maximumSteps = steps
    }

    private func prepareFolder() throws {
        do {
            try FileManager.default.createDirectory(atPath: layout.checkpoints, withIntermediateDirectories: true)
        } catch {
            throw TrainingRunsError.unwritable(path: layout.root, reason: error.localizedDescription)
        }
        try FolderPublication.recover(in: layout.root)
        try FolderPublication.recover(in: layout.checkpoints)
        try JSONFile.write(settings.argumentsFile, to: layout.root + "/training_args.json")
    }

    /// The folder of the state with the most steps; nil if there is none.
    ///
    /// - Parameter layout: the run's folder.
    /// - Returns: a checkpoint's folder.
    /// - Throws: `TrainingRunsError.state` if one cannot be read: beginning anew would overwrite it.
    package static func newestState(in layout: RunLayout) throws -> String? {
        // A run that has not begun has no such folder.
        let names = (try? FileManager.default.contentsOfDirectory(atPath: layout.checkpoints)) ?? []
        let found = try names.compactMap { name -> (folder: String, step: Int)? in
            let folder = layout.checkpoints + "/" + name
            guard let data = FileManager.default.contents(atPath: folder + "/" + RunState.fileName) else { return nil }
            return (folder, try RunState(bytes: [UInt8](data), source: folder).step)
        }
        return found.max { $0.step < $1.step }?.folder
    }
}
