// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing
import TrainingRuns

/// What the real `tensorboard` reads; `Scripts/tensorboard` installs it.
@Suite(
    "TensorBoard",
    .enabled(
        if: ProcessInfo.processInfo.environment["LUMINA_SLOW"] == "1",
        "needs LUMINA_SLOW=1: the real tensorboard is installed and asked"
    )
)
struct TensorBoardTests {
    private struct Curve: Decodable {
        let steps: [Int]
        let values: [Double]
    }

    private struct Histogram: Decodable {
        let step: Int
        let count: Double
        let sum: Double
        let minimum: Double
        let maximum: Double
    }

    private struct Reading: Decodable {
        let scalars: [String: Curve]
        let histograms: [String: [Histogram]]
    }

    private func read(_ folder: String) throws -> Reading {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path
        let process = Process()
        process.executableURL = URL(fileURLWithPath: root + "/Scripts/tensorboard")
        process.arguments = ["read", folder]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return try JSONDecoder().decode(Reading.self, from: data)
    }

    private func record(_ recorder: RunRecorder, _ steps: ClosedRange<Int>, offset: Double) {
        for number in steps {
            recorder.record(
                .step(
                    StepReport(
                        step: number,
                        epoch: (number - 1) / 10 + 1,
                        loss: offset + 1 / Double(number),
                        learningRate: 1e-4 * Double(number),
                        gradientNorm: Double(number),
                        timesteps: [0.25, 0.75]
                    )
                )
            )
            guard number % 10 == 0 else { continue }
            recorder.record(
                .parameters(step: number, [ParameterReport(name: "a.lora_A", gradientNorm: 2, values: [-1, 0.5, 2])])
            )
            recorder.record(.epoch(EpochReport(epoch: number / 10, step: number, loss: 0.5, validationLoss: 0.25)))
        }
    }

    @Test("The real tensorboard reads every curve and histogram of a run")
    func curves() throws {
        let directory = try TemporaryDirectory()
        var settings = TrainingSettings()
        settings.output.logInterval = 5
        let recorder = RunRecorder(layout: RunLayout(root: directory.path), settings: settings)
        record(recorder, 1...20, offset: 0)
        let reading = try read(directory.path(of: "runs"))
        for tag in ["train/loss", "train/lr", "grad_norm"] {
            #expect(reading.scalars[tag]?.steps == [5, 10, 15, 20], "\(tag)")
        }
        #expect(reading.scalars["train/loss"]?.values.map { Float($0) } == [5, 10, 15, 20].map { 1 / Float($0) })
        #expect(reading.scalars["grad_norm"]?.values == [5, 10, 15, 20])
        #expect(reading.scalars["grad_norm/a.lora_A"]?.values == [2, 2])
        #expect(reading.scalars["val_loss"]?.steps == [1, 2])
        #expect(reading.scalars["train/epoch_loss"]?.values == [0.5, 0.5])
        let histogram = try #require(reading.histograms["parameters/a.lora_A"]?.first)
        #expect(histogram.count == 3)
        #expect(histogram.sum == 1.5)
        #expect(histogram.minimum == -1)
        #expect(histogram.maximum == 2)
        #expect(reading.histograms["train/timestep_distribution"]?.count == 4)
    }

    @Test("A run that goes on from a checkpoint replaces what the killed one wrote beyond it")
    func resumed() throws {
        let directory = try TemporaryDirectory()
        var settings = TrainingSettings()
        settings.output.logInterval = 5
        do {
            let first = RunRecorder(layout: RunLayout(root: directory.path), settings: settings)
            record(first, 1...18, offset: 0)
        }
        let second = RunRecorder(layout: RunLayout(root: directory.path), settings: settings, continuingAt: 11)
        record(second, 11...20, offset: 7)
        let loss = try #require(try read(directory.path(of: "runs")).scalars["train/loss"])
        #expect(loss.steps == [5, 10, 15, 20])
        #expect(loss.values.map { $0 > 7 } == [false, false, true, true])
    }

    @Test("A run shorter than the interval has its curves all the same")
    func short() throws {
        let directory = try TemporaryDirectory()
        let recorder = RunRecorder(layout: RunLayout(root: directory.path), settings: TrainingSettings())
        record(recorder, 1...3, offset: 0)
        recorder.record(.ended(.completed, step: 3))
        let reading = try read(directory.path(of: "runs"))
        for tag in ["train/loss", "train/lr", "grad_norm"] { #expect(reading.scalars[tag]?.steps == [3], "\(tag)") }
    }
}
