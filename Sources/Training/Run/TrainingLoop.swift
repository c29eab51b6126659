// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Torch
import TrainingData
import TrainingRuns

/// The loop over epochs, batches and steps.
final class TrainingLoop {
    private let settings: TrainingSettings
    private let session: TrainingSession
    private let source: any SampleSupply
    private let order: DataOrder
    private let schedule: LearningRateSchedule
    private let output: RunOutput
    private let recorder: RunRecorder
    private let observer: TrainingObserver
    private let interruption: () -> Int32?
    private let stepsPerEpoch: Int
    private var state: RunState
    private let clock = ContinuousClock()

    /// The end of a run before its epochs are done.
    private enum Ending: Error {
        case outcome(RunOutcome)
    }

    init(
        settings: TrainingSettings,
        session: TrainingSession,
        source: any SampleSupply,
        state: RunState,
        layout: RunLayout,
        continuingAt firstStep: Int?,
        observer: @escaping TrainingObserver,
        interruption: @escaping () -> Int32?
    ) throws {
        self.settings = settings
        self.session = session
        self.source = source
        self.state = state
        output = RunOutput(settings: settings, layout: layout, session: session)
        recorder = RunRecorder(layout: layout, settings: settings, continuingAt: firstStep)
        self.observer = observer
        self.interruption = interruption
        order = DataOrder(
            samples: source.samples,
            settings,
            framesPerSecond: source.framesPerSecond,
            groupsByLength: source.groupsByLength
        )
        stepsPerEpoch = order.stepsPerEpoch(accumulation: settings.optimization.accumulation)
        schedule = try LearningRateSchedule(
            settings.schedule,
            baseRate: settings.optimization.learningRate,
            totalSteps: stepsPerEpoch * settings.optimization.epochs,
            stepsPerEpoch: stepsPerEpoch,
            epochs: settings.optimization.epochs,
            optimizer: settings.optimization.optimizer
        )
    }

    /// Trains to the end.
    ///
    /// - Parameter notices: what the user should know before it begins.
    /// - Returns: how it ended.
    /// - Throws: what cannot be computed, read or written.
    func run(notices: [String]) throws -> RunOutcome {
        for notice in notices + schedule.warnings { report(.notice(notice)) }
        report(.started(plan))
        let outcome: RunOutcome
        do {
            while state.epoch < settings.optimization.epochs { try epoch() }
            outcome = try finish(.completed)
        } catch Ending.outcome(let ending) {
            outcome = try finish(ending)
        }
        report(.ended(outcome, step: state.step))
        return outcome
    }

    private var plan: RunPlan {
        RunPlan(
            sampleCount: order.training.count,
            validationCount: order.validation.count,
            stepsPerEpoch: stepsPerEpoch,
            totalSteps: stepsPerEpoch * settings.optimization.epochs,
            epochs: settings.optimization.epochs,
            firstStep: state.step,
            parameterCount: session.parameters.elementCount,
            summary: session.subject.summary
        )
    }

    private func report(_ event: TrainingEvent) {
        let notices = recorder.record(event)
        observer(event)
        for notice in notices { observer(.notice(notice)) }
    }

    // MARK: Epochs

    private func epoch() throws {
        let started = clock.now
        let secondsBefore = state.epochSeconds
        let totalBefore = state.seconds
        var coverage = state.coverage
        let batches = order.batches(epoch: state.epoch, coverage: &coverage)
        let ahead = settings.data.workers * settings.data.prefetch
        let reading = source.readAhead(batches.dropFirst(state.batchesUsed).flatMap { $0 }, count: ahead)
        var visited = 0
        var group = StepGroup(session: session)
        try group.begin()
        for (place, visits) in batches.enumerated().dropFirst(state.batchesUsed) {
            if let signal = interruption() { try interrupt(signal, group: group) }
            reading?.advance(to: visited)
            visited += visits.count
            let batch = try group.waiting(clock) { try TrainingBatch(visits.map(source.sample)) }
            let share = 1 / Double(settings.optimization.accumulation)
            let micro = try session.accumulate(batch, share: share)
            guard micro.isFinite else {
                try skip(micro, batch: batch, group: &group, place: place)
                continue
            }
            state.nonFiniteLosses = 0
            group.add(micro)
            let isLast = place == batches.count - 1
            guard group.microSteps.count == settings.optimization.accumulation || isLast else { continue }
            state.batchesUsed = place + 1
            state.epochSeconds = secondsBefore + started.duration(to: clock.now).seconds
            state.seconds = totalBefore + started.duration(to: clock.now).seconds
            try step(group)
            group = StepGroup(session: session)
            try group.begin()
        }
        try session.discardGradients()
        state.coverage = coverage
        state.seconds = totalBefore + started.duration(to: clock.now).seconds
        try endEpoch(seconds: secondsBefore + started.duration(to: clock.now).seconds)
    }

    private func endEpoch(seconds: Double) throws {
        state.epoch += 1
        state.batchesUsed = 0
        state.epochSeconds = 0
        let losses = state.epochLosses
        state.epochLosses = []
        guard !losses.isEmpty else {
            if state.step == 0 { throw Ending.outcome(.nothingTrained) }
            return
        }
        let loss = losses.reduce(0, +) / Double(losses.count)
        let validation = try validate()
        let verdict = state.tracker.finish(epoch: state.epoch, loss: validation ?? loss, settings.stopping)
        report(
            .epoch(
                EpochReport(
                    epoch: state.epoch,
                    step: state.step,
                    loss: loss,
                    validationLoss: validation,
                    seconds: seconds,
                    best: state.tracker.best
                )
            )
        )
        if verdict.isBest { report(.saved(try output.result(to: output.layout.best, step: state.step))) }
        if verdict.shouldStop { throw Ending.outcome(.stoppedEarly(epoch: state.epoch)) }
        if state.epoch % max(1, settings.output.saveInterval) == 0 {
            let folder = output.layout.checkpoint(epoch: state.epoch)
            report(.saved(try output.checkpoint(to: folder, state: state)))
        }
    }

    /// The mean loss of the validation samples, with the same draws each time, by the averages if there are any.
    private func validate() throws -> Double? {
        guard !order.validation.isEmpty else { return nil }
        let seed = UInt64(bitPattern: Int64(settings.optimization.seed)) ^ 0xD1B5_4A32_D192_ED03
        let generator = try Generator(seed: seed)
        let evaluate = { () throws -> Double in
            var losses: [Double] = []
            for visits in self.order.validationBatches {
                let batch = try TrainingBatch(visits.map(self.source.sample))
                let draw = try self.session.draw(for: batch, from: generator)
                losses.append(try self.session.evaluate(batch, draw: draw).loss)
            }
            return losses.reduce(0, +) / Double(losses.count)
        }
        guard let average = session.average else { return try evaluate() }
        return try average.withAverages(of: session.parameters, evaluate)
    }

    // MARK: Steps

    private func step(_ group: StepGroup) throws {
        let rate = schedule.rate(after: state.step) * (state.targetScale ?? 1)
        let number = state.step + 1
        let interval = settings.output.heavyLogInterval
        var parameters: [ParameterReport] = []
        let norm = try session.step(learningRate: rate) { gradients in
            guard interval > 0, number % interval == 0 else { return }
            parameters = try self.parameterReports(gradients)
        }
        state.step = number
        let loss = group.loss
        state.epochLosses.append(loss)
        let scale = state.damping.finish(step: number, loss: loss, settings)
        state.targetScale = scale
        report(
            .step(
                StepReport(
                    step: number,
                    epoch: state.epoch + 1,
                    loss: loss,
                    learningRate: rate,
                    gradientNorm: norm,
                    seconds: group.started.duration(to: clock.now).seconds,
                    waitingSeconds: group.waitingSeconds,
                    timesteps: group.microSteps.flatMap(\.times),
                    targetScale: scale,
                    targetAverage: state.damping.average
                )
            )
        )
        if !parameters.isEmpty { report(.parameters(step: number, parameters)) }
        if state.tracker.finish(step: number, epoch: state.epoch + 1, loss: loss, settings.stopping) {
            report(.saved(try output.result(to: output.layout.best, step: number)))
        }
        if settings.optimization.maximumSteps > 0, number >= settings.optimization.maximumSteps {
            throw Ending.outcome(.reachedStepLimit(step: number))
        }
    }

    private func parameterReports(_ gradients: TensorList) throws -> [ParameterReport] {
        try zip(session.parameters.parameters, gradients.tensors).map { parameter, gradient in
            ParameterReport(
                name: parameter.name,
                gradientNorm: try gradient.norm(dimensions: nil, keepDimension: false).item(),
                values: try parameter.value.detach().floats()
            )
        }
    }

    /// Leaves a loss out that is no number, with what was added up before it.
    private func skip(
        _ micro: TrainingSession.MicroStep,
        batch: TrainingBatch,
        group: inout StepGroup,
        place: Int
    ) throws {
        state.nonFiniteLosses += 1
        try session.discardGradients()
        let names = batch.samples.map { source.path(of: $0.index) }.joined(separator: ", ")
        report(.notice("the loss of \(names) is no number; the micro-step is left out"))
        if state.nonFiniteLosses >= RunOutcome.toleratedNonFiniteLosses {
            throw Ending.outcome(.diverged(step: state.step))
        }
        group = StepGroup(session: session)
        try group.begin()
    }

    // MARK: The end

    /// Saves a run that is told to stop, as it was after its last step.
    private func interrupt(_ signal: Int32, group: StepGroup) throws {
        try group.undo()
        guard state.step > 0 else { throw Ending.outcome(.interrupted(signal: signal, checkpoint: nil)) }
        let folder = output.layout.interruption(step: state.step)
        report(.saved(try output.checkpoint(to: folder, state: state)))
        throw Ending.outcome(.interrupted(signal: signal, checkpoint: folder))
    }

    private func finish(_ outcome: RunOutcome) throws -> RunOutcome {
        guard state.step > 0 else { return outcome.isSuccess ? .nothingTrained : outcome }
        switch outcome {
        case .completed, .stoppedEarly, .reachedStepLimit:
            report(.saved(try output.result(to: output.layout.final, step: state.step)))
        case .diverged:
            report(.saved(try output.result(to: output.layout.earlyExit, step: state.step)))
        case .interrupted, .nothingTrained: break
        }
        return outcome
    }
}

/// The micro-steps of one step.
struct StepGroup {
    private let session: TrainingSession
    private var streams: (noise: [UInt8], dropout: [UInt8])?
    private(set) var microSteps: [TrainingSession.MicroStep] = []
    private(set) var waitingSeconds = 0.0
    let started = ContinuousClock.now

    init(session: TrainingSession) {
        self.session = session
    }

    /// Remembers the random streams.
    mutating func begin() throws {
        streams = (try session.generator.state, try session.dropoutGenerator.state)
    }

    mutating func add(_ micro: TrainingSession.MicroStep) {
        microSteps.append(micro)
    }

    /// The mean of the losses.
    var loss: Double { microSteps.reduce(0) { $0 + $1.loss } / Double(max(microSteps.count, 1)) }

    /// Does something that the loop waits for.
    mutating func waiting<Value>(_ clock: ContinuousClock, _ body: () throws -> Value) rethrows -> Value {
        let start = clock.now
        defer { waitingSeconds += start.duration(to: clock.now).seconds }
        return try body()
    }

    /// Puts everything where it was before the first micro-step.
    func undo() throws {
        try session.discardGradients()
        guard let streams else { return }
        try session.generator.setState(streams.noise)
        try session.dropoutGenerator.setState(streams.dropout)
    }
}
