// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Attribution
import Engine
import Foundation
import Torch
import Training
import TrainingRuns

/// Does the units of a study, one after the other, leaving out those that another process works on.
struct StudyWorker {
    /// Why a worker stops before everything is done.
    enum Stop: Error {
        /// A signal came; what was under way is saved.
        case interrupted
        /// A training ended badly.
        case training(StudiedAdapter, RunOutcome)
    }

    let study: Study
    let progress: StudyProgress
    /// Compute threads.
    let threads: Int?
    private var engine: MusicEngine?
    private let trainingThread = TrainingThread()

    init(_ study: Study, progress: StudyProgress, threads: Int?) {
        (self.study, self.progress, self.threads) = (study, progress, threads)
    }

    /// Works until everything is finished, by whomever.
    ///
    /// - Throws: ``Stop``, or what goes wrong with a unit.
    mutating func run() async throws {
        var plan = study.plan
        while true {
            for unit in plan.units where !plan.finished.contains(unit) {
                if try study.mark(of: unit) != nil { plan.finish(unit) }
            }
            progress.finished(plan.finished.count, of: plan.units.count)
            if plan.isFinished { return }
            if try await !workOnNext(&plan) {
                // Somebody else does what comes next; nobody tells when it is done.
                try await Task.sleep(for: .milliseconds(300))
            }
        }
    }

    /// Does the first unit that is ready and free.
    private mutating func workOnNext(_ plan: inout StudyPlan) async throws -> Bool {
        for unit in plan.ready {
            guard let claim = try study.folder.claim(unit) else { continue }
            plan.claim(unit)
            // It may have been finished between the look at its mark and the lock.
            if try study.mark(of: unit) == nil {
                let started = ContinuousClock.now
                var mark = try await work(on: unit)
                mark.seconds = (ContinuousClock.now - started).inSeconds
                try study.folder.finish(unit, mark)
            }
            plan.finish(unit)
            claim.release()
            return true
        }
        return false
    }

    private mutating func work(on unit: StudyUnit) async throws -> StudyFolder.Mark {
        progress.begin(unit, study)
        var mark = StudyFolder.Mark(fingerprint: study.fingerprint(unit), seconds: 0)
        switch unit {
        case .training(let adapter): try await train(adapter)
        case .reference(let prompt):
            let (traces, parameters) = try await traces(.all, prompt: prompt, parameters: nil)
            try TrajectoryFile.write(traces, to: study.folder.trajectories(prompt: prompt))
            mark.parameters = [
                "steps": Double(parameters.steps), "shift": parameters.shift, "guidance": parameters.guidance,
            ]
        case .comparison(let adapter, let prompt):
            guard let reference = try study.mark(of: .reference(prompt: prompt)) else {
                preconditionFailure("a comparison is begun when its reference is finished")
            }
            let (traces, _) = try await traces(adapter, prompt: prompt, parameters: reference.parameters)
            let others = try TrajectoryFile.read(study.folder.trajectories(prompt: prompt))
            guard traces.count == others.count else {
                throw AttributionError.file(
                    path: study.folder.trajectories(prompt: prompt),
                    reason:
                        "it holds \(others.count) trajectories instead of \(traces.count); make them again with --redo"
                )
            }
            mark.results = try await Self.compare(others, traces, study.configuration.comparison.distance)
        }
        return mark
    }

    // MARK: Training

    private func train(_ adapter: StudiedAdapter) async throws {
        var settings = try study.settings(adapter)
        try study.folder.begin(adapter, fingerprint: study.fingerprint(.training(adapter)))
        try study.writeDataset(adapter)
        settings.resume.path = try Self.latestState(in: RunLayout(root: study.folder.training(adapter)))
        let (threads, progress) = (threads, progress)
        let outcome = try await trainingThread.run { [settings] in
            if let threads { try TorchRuntime.setThreadCount(threads) }
            return try TrainingRun(settings: settings, observer: { progress.show($0, of: adapter) }).run()
        }
        if outcome.isInterruption { throw Stop.interrupted }
        guard outcome.isSuccess else { throw Stop.training(adapter, outcome) }
    }

    /// The checkpoint that is furthest on.
    private static func latestState(in layout: RunLayout) throws -> String? {
        let states = try layout.savedCheckpoints().compactMap { saved -> (path: String, step: Int)? in
            let path = saved.path + "/" + RunState.fileName
            guard let data = FileManager.default.contents(atPath: path) else { return nil }
            return (saved.path, try RunState(bytes: [UInt8](data), source: path).step)
        }
        return states.max { $0.step < $1.step }?.path
    }

    // MARK: Generating

    private mutating func traces(
        _ adapter: StudiedAdapter,
        prompt: Int,
        parameters: [String: Double]?
    ) async throws -> ([LatentTrace], SamplingParameters) {
        let engine = try await loadedEngine()
        let watch = SignalWatch()
        let configuration = study.configuration
        let reference = study.reference(adapter)
        var all: [LatentTrace] = []
        var used: SamplingParameters?
        let size = configuration.generation.batch
        for start in stride(from: 0, to: configuration.seeds.count, by: size) {
            let requests = configuration.seeds[start..<min(start + size, configuration.seeds.count)].map { seed in
                var request = configuration.request(prompt, seed: seed)
                if let parameters {
                    // Whatever another adapter's file says: only what it has learnt may differ.
                    request.steps = parameters["steps"].map { Int($0) }
                    (request.shift, request.guidance) = (parameters["shift"], parameters["guidance"])
                }
                return EngineRequest(request, adapters: [reference])
            }
            let made: (traces: [LatentTrace], parameters: SamplingParameters)
            do {
                made = try await engine.traces(requests) { _ in if watch.received != nil { throw Stop.interrupted } }
            }
            all += made.traces
            used = made.parameters
        }
        guard let used else { preconditionFailure("a study has seeds") }
        return (all, used)
    }

    private mutating func loadedEngine() async throws -> MusicEngine {
        if let engine { return engine }
        var configuration = MusicEngine.Configuration(
            model: study.model,
            variant: study.configuration.variant,
            device: study.configuration.device,
            dtype: study.configuration.dtype,
            threads: threads,
            // One way of computing for all: a merged copy differs by rounding.
            adapterMode: .factors
        )
        configuration.adapterBudget = 1 << 30
        let loaded = try await MusicEngine.load(configuration)
        engine = loaded
        return loaded
    }

    private static func compare(
        _ others: [Trajectory],
        _ traces: [LatentTrace],
        _ distance: TrajectoryDistance
    ) async throws -> [TrajectoryDistance.Result] {
        try await withThrowingTaskGroup(of: (Int, TrajectoryDistance.Result).self) { group in
            for (seed, trace) in traces.enumerated() {
                let other = others[seed]
                group.addTask { (seed, try distance(other, try Trajectory(trace))) }
            }
            var results: [Int: TrajectoryDistance.Result] = [:]
            for try await (seed, result) in group { results[seed] = result }
            return traces.indices.compactMap { results[$0] }
        }
    }
}
