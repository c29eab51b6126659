// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Foundation
import Layers
import Torch
import TrainingData
package import TrainingRuns

/// A training from its settings to its folder of results.
///
/// Synchronous: it belongs to one thread from `run()`'s beginning to its end.
package final class TrainingRun {
    private let settings: TrainingSettings
    private let observer: TrainingObserver
    private let layout: RunLayout
    private let files: ModelFiles
    private let dtype: DType
    private let device: Device

    /// Prepares a run; no tensor is touched before `run()`.
    ///
    /// - Parameters:
    ///   - settings: which have passed `SettingsCheck` and `PlaceCheck`, and name a checkpoint.
    ///   - observer: told of everything, on the run's thread.
    /// - Throws: `ModelError` if there is no such checkpoint, `DeviceChoiceError` for a device that is not there, ``TrainingError``
    ///   for what cannot be done here.
    package init(settings: TrainingSettings, observer: @escaping TrainingObserver = { _ in }) throws {
        self.settings = settings
        self.observer = observer
        guard let checkpoint = settings.model.checkpoint, let output = settings.output.directory else {
            throw TrainingError.unsupported(what: "a run without a checkpoint or a folder", advice: "name both")
        }
        layout = RunLayout(root: output)
        files = try ModelFiles(path: checkpoint, variant: settings.model.variant)
        device = try Device(choosing: settings.model.device)
        dtype = try Self.dtype(settings.model.precision, files: files, on: device)
    }

    private static func dtype(
        _ precision: BaseSettings.Precision,
        files: ModelFiles,
        on device: Device
    ) throws -> DType {
        switch precision {
        case .float32: return .float32
        case .bfloat16: return .bfloat16
        case .float16:
            throw TrainingError.unsupported(
                what: "training in float16",
                advice: "its range is too small for gradients; use bf16 or fp32"
            )
        case .auto:
            let isFast = try !device.isCPU || TorchRuntime.hasFastBFloat16
            return try isFast && VelocityModel.storedType(of: files) == .bfloat16 ? .bfloat16 : .float32
        }
    }

    /// Trains, and leaves its folder of results.
    ///
    /// - Returns: how it ended.
    /// - Throws: what is wrong with files, data, or a state to resume from; `TorchError`.
    package func run() throws -> RunOutcome {
        let watch = SignalWatch()
        try FolderPublication.recover(in: layout.root)
        try FolderPublication.recover(in: layout.checkpoints)
        let model = try VelocityModel(files: files, dtype: dtype, device: device)
        let budget = Int((FreeMemory.bytes() ?? 4e9) / 4)
        let songs = try SampleDirectory(path: settings.data.directory ?? "")
        let source = try SampleSource(
            songs,
            for: model,
            conditionByteBudget: budget / 8
        )
        try requireMemory(model, source)
        let session = try TrainingSession(
            model: model,
            design: AdapterDesign(settings.adapter),
            seed: settings.optimization.seed,
            options: .init(settings, model.configuration, cacheByteBudget: budget)
        )
        var state = RunState(settings: settings, dataset: source.identity, base: try BaseIdentity.of(files))
        var notices = songs.warnings
        let isResumed = settings.resume.path != nil
        if let path = settings.resume.path {
            let resumption = Resumption(settings: settings, fresh: state)
            let found: [String]
            (state, found) = try resumption.restore(session, from: path)
            notices += found
        }
        try prepareFolder()
        let loop = try TrainingLoop(
            settings: settings,
            session: session,
            source: source,
            state: state,
            layout: layout,
            continuingAt: isResumed ? state.step + 1 : nil,
            observer: observer,
            interruption: { watch.received }
        )
        if settings.optimization.optimizer == .adamW8bit {
            notices.append("adamw8bit keeps its moments in float32 on a CPU: it is adamw")
        }
        return try loop.run(notices: notices)
    }

    /// Refuses a run that cannot fit; what is close is a notice of the checks' own.
    private func requireMemory(_ model: VelocityModel, _ source: SampleSource) throws {
        // What a GPU has free nobody here knows; libtorch says what did not fit.
        guard device.isCPU, let free = FreeMemory.bytes() else { return }
        let longest = source.files.reduce(0) { max($0, $1.frames) }
        let crop = settings.data.cropLength(framesPerSecond: source.framesPerSecond) ?? longest
        let estimate = MemoryEstimate(
            settings,
            .init(
                shape: DecoderShape(model.configuration),
                weightBytes: try heldWeightBytes(model),
                elementBytes: dtype == .bfloat16 ? 2 : 4,
                frames: min(longest, crop),
                conditionTokens: source.files.reduce(0) { max($0, $1.shape(of: .encoderHiddenStates)[0]) }
            )
        )
        if let refusal = estimate.refusal(available: free) { throw TrainingRunsError.checks([refusal]) }
        if let warning = estimate.warning(available: free) { observer(.notice(warning)) }
    }

    /// Bytes of the decoder's weights that cannot be dropped: none of those that are mapped as they are stored, since such pages go
    /// when memory is needed for something else.
    private func heldWeightBytes(_ model: VelocityModel) throws -> Double {
        guard try VelocityModel.storedType(of: files) != dtype else { return 0 }
        return model.projections.paths.reduce(0) { sum, path in
            sum + Double(model.projections[path]?.weight.byteCount ?? 0)
        }
    }

    private func prepareFolder() throws {
        do {
            try FileManager.default.createDirectory(atPath: layout.checkpoints, withIntermediateDirectories: true)
        } catch {
            throw TrainingRunsError.unwritable(path: layout.root, reason: error.localizedDescription)
        }
        try JSONFile.write(settings.argumentsFile, to: layout.root + "/training_args.json")
        try JSONFile.write(settings.configurationFile, to: layout.configuration)
        try JSONFile.write(settings.adapterFile, to: layout.adapterConfiguration)
    }
}

extension DecoderShape {
    /// The sizes of a model's decoder.
    fileprivate init(_ configuration: ModelConfiguration) {
        self.init()
        layers = configuration.layers
        hidden = configuration.transformer.hidden
        intermediate = configuration.transformer.intermediate
        heads = configuration.transformer.heads
        keyValueHeads = configuration.transformer.keyValueHeads
        headDimension = configuration.headDimension
        conditionWidth = configuration.encoder.hidden
        inputChannels = configuration.inputChannels
        patchSize = configuration.patchSize
    }
}
