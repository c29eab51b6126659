// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Checkpoints
import Foundation
import Synchronization
import TestSupport
import Testing
import Training
import TrainingRuns

/// A small data set and settings for runs on it, in a folder that goes away.
final class RunFixture: Sendable {
    let directory: TemporaryDirectory

    /// Writes songs of different lengths.
    init(songs: [Int] = [31, 24, 17, 40, 12]) throws {
        directory = try TemporaryDirectory()
        try TemporaryDirectory.create(directory.path(of: "songs"))
        for (place, frames) in songs.enumerated() {
            let states = 6 + place
            try TensorFile(
                tensors: [
                    "target_latents": .init(random: [frames, 64], seed: UInt64(10 * place)),
                    "attention_mask": .init(Array(repeating: 1, count: frames), shape: [frames]),
                    "encoder_hidden_states": .init(random: [states, 16], seed: UInt64(10 * place + 1)),
                    "encoder_attention_mask": .init(Array(repeating: 1, count: states), shape: [states]),
                    "context_latents": .init(random: [frames, 128], seed: UInt64(10 * place + 2)),
                ],
                metadata: [:]
            ).write(to: directory.path(of: "songs/song\(place).safetensors"))
        }
    }

    /// Settings of a short run into a folder of its own.
    func settings(_ folder: String, _ change: (inout TrainingSettings) -> Void = { _ in }) -> TrainingSettings {
        var settings = TrainingSettings()
        settings.model.checkpoint = TestProducts.modelFixture("checkpoints")
        settings.model.variant = "turbo"
        settings.model.precision = .float32
        settings.data.directory = directory.path(of: "songs")
        settings.data.maximumLatentLength = 20
        settings.adapter.rank = 2
        settings.adapter.alpha = 4
        settings.adapter.oft.blockSize = 4
        settings.optimization.epochs = 4
        settings.optimization.accumulation = 2
        settings.optimization.learningRate = 3e-3
        settings.schedule.warmupSteps = 2
        settings.output.directory = directory.path(of: folder)
        settings.output.saveInterval = 2
        settings.output.heavyLogInterval = 4
        settings.stopping.bestAfterEpoch = 1
        change(&settings)
        return settings
    }

    /// Runs to the end.
    @discardableResult
    func run(_ settings: TrainingSettings, observer: @escaping TrainingObserver = { _ in }) throws -> RunOutcome {
        try TrainingRun(settings: settings, observer: observer).run()
    }

    /// A file's bytes.
    func bytes(_ name: String) throws -> Data {
        try Data(contentsOf: URL(fileURLWithPath: directory.path(of: name)))
    }

    /// Whether there is a file or folder.
    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: directory.path(of: name)) }
}

/// The events of a run.
final class EventLog: Sendable {
    private let events = Mutex<[TrainingEvent]>([])

    /// Takes an event.
    func add(_ event: TrainingEvent) { events.withLock { $0.append(event) } }

    /// All events so far.
    var all: [TrainingEvent] { events.withLock { $0 } }

    /// The steps.
    var steps: [StepReport] {
        all.compactMap { event in
            if case .step(let report) = event { report } else { nil }
        }
    }
}
