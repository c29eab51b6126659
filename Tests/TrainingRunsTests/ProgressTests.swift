// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import Foundation
import TestSupport
import Testing
import TrainingRuns

@Suite("What a run tells")
struct ProgressTests {
    private let plan = RunPlan(sampleCount: 8, stepsPerEpoch: 4, totalSteps: 40, epochs: 10, parameterCount: 1000)

    private func step(_ number: Int, loss: Double = 0.5, seconds: Double = 2) -> StepReport {
        StepReport(
            step: number,
            epoch: (number - 1) / 4 + 1,
            loss: loss,
            learningRate: 1e-4,
            gradientNorm: 0.25,
            seconds: seconds,
            timesteps: [0.5]
        )
    }

    private func lines(_ directory: TemporaryDirectory) throws -> [JSONObject] {
        try String(contentsOfFile: directory.path(of: ".progress.jsonl"), encoding: .utf8).split(separator: "\n")
            .map { try JSONParser.parseObject(Array($0.utf8), source: "line") }
    }

    @Test("Telemetry has Side-Step's lines: steps at most every second, every epoch, and the end")
    func telemetry() throws {
        let directory = try TemporaryDirectory()
        let recorder = RunRecorder(layout: RunLayout(root: directory.path), settings: TrainingSettings())
        recorder.record(.started(plan), time: 100)
        for number in 1...4 {
            recorder.record(.step(step(number, loss: number == 4 ? .nan : 0.5)), time: 100 + Double(number) * 0.4)
        }
        recorder.record(
            .epoch(EpochReport(epoch: 1, step: 4, loss: 0.5, seconds: 8, best: BestLoss(loss: 0.5, epoch: 1))),
            time: 102
        )
        recorder.record(.step(step(5)), time: 103)
        recorder.record(.ended(.completed, step: 5), time: 104)
        let lines = try lines(directory)
        #expect(lines.map { $0["kind"] } == ["step", "step", "epoch", "step", "complete"].map { .string($0) })
        #expect(lines.map { $0["step"] } == [1, 4, 4, 5, 5].map { .number($0) })
        #expect(lines[1]["loss"] == .null, "no line has a number that JSON has not")
        #expect(lines[0]["best_loss"] == .null)
        #expect(lines[3]["best_loss"] == .number(0.5))
        #expect(lines[0]["max_epochs"] == .number(10))
        #expect(lines[0]["ts"] == .number(100.4))
        #expect(lines[4]["exit_code"] == .number(0))
    }

    @Test("A second run appends, behind a line that a killed one left half written")
    func appending() throws {
        let directory = try TemporaryDirectory()
        try directory.write("{\"kind\": \"step\"}\n{\"kin", to: ".progress.jsonl")
        let recorder = RunRecorder(
            layout: RunLayout(root: directory.path),
            settings: TrainingSettings(),
            continuingAt: 5
        )
        recorder.record(.ended(.diverged(step: 7), step: 7), time: 1)
        let text = try String(contentsOfFile: directory.path(of: ".progress.jsonl"), encoding: .utf8).split(
            separator: "\n"
        )
        #expect(text.count == 3)
        let last = try JSONParser.parseObject(Array(text[2].utf8), source: "line")
        #expect(last["kind"] == .string("fail"))
        #expect(last["exit_code"] == .number(3))
    }

    @Test("A folder that cannot be written costs the log, never the run")
    func unwritable() throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write("x", to: "file")
        let recorder = RunRecorder(layout: RunLayout(root: file), settings: TrainingSettings())
        let notices = recorder.record(.started(plan), time: 1)
        #expect(notices.count == 2, "\(notices)")
        #expect(recorder.record(.step(step(1)), time: 2).isEmpty, "said once")
    }

    @Test("Figures add up: share, pace, time left, average")
    func figures() {
        var figures = RunFigures()
        #expect(figures.share == 0)
        figures.add(.started(plan))
        figures.add(.step(step(1, loss: 1, seconds: 60)))
        figures.add(.step(step(2, loss: 0.5)))
        #expect(figures.share == 0.05)
        #expect(figures.stepSeconds == 2, "the first step sets up and says nothing of the others")
        #expect(figures.secondsLeft == 76)
        #expect(abs((figures.averageLoss ?? 0) - (0.95 + 0.025)) < 1e-12)
        figures.add(.step(step(3, loss: .nan)))
        #expect(abs((figures.averageLoss ?? 0) - (0.95 + 0.025)) < 1e-12)
    }

    @Test("The curve of a long run fits any width and keeps its ends")
    func curve() {
        var figures = RunFigures()
        for number in 1...10_000 { figures.add(.step(step(number, loss: Double(number)))) }
        for width in [1, 7, 40, 72, 400] {
            let curve = figures.lossCurve(width: width)
            #expect(curve.count <= width)
            #expect(curve.count >= min(width, 200))
            #expect(zip(curve, curve.dropFirst()).allSatisfy { $0 < $1 })
        }
        let curve = figures.lossCurve(width: 72)
        #expect((curve.first ?? 0) < 200)
        #expect((curve.last ?? 0) > 9700)
        #expect(figures.lossCurve(width: 0).isEmpty)
    }

    @Test("The dashboard says what matters and fits the terminal")
    func dashboard() {
        var figures = RunFigures()
        #expect(TrainingScreen.dashboard(figures, width: 80) == ["preparing"])
        figures.add(.started(plan))
        for number in 1...10 { figures.add(.step(step(number, loss: 1 / Double(number)))) }
        figures.add(
            .epoch(EpochReport(epoch: 2, step: 8, loss: 0.2, validationLoss: 0.3, best: BestLoss(loss: 0.2, epoch: 2)))
        )
        let lines = TrainingScreen.dashboard(figures, width: 100, memory: 6.25e9)
        #expect(lines.count == 4)
        #expect(
            lines[0].contains("epoch 3/10 step 10/40") && lines[0].contains("25 %")
                && lines[0].contains("1 min 0 s left")
        )
        #expect(lines[1].contains("loss 0.1000") && lines[1].contains("validation 0.3000"))
        #expect(lines[1].contains("best 0.2000 in epoch 2"))
        #expect(lines[2].contains("lr 1.00e-04") && lines[2].contains("grad norm 0.2500"))
        #expect(lines[2].contains("2.00 s/step") && lines[2].contains("6.2 GB"))
        #expect(lines[3].count == 10)
        #expect(lines[3].hasPrefix("█") && lines[3].hasSuffix("▁"))
        for width in [10, 20, 40, 60, 80] {
            #expect(TrainingScreen.dashboard(figures, width: width).allSatisfy { $0.count <= width }, "\(width)")
        }
        let line = TrainingScreen.line(figures, memory: 6.25e9)
        #expect(line.hasPrefix("epoch 3/10 step 10/40: loss 0.1000, lr 1.00e-04"))
        #expect(!line.contains("\u{1B}"))
    }

    @Test("Waiting for data is said only where it costs something")
    func waiting() {
        var figures = RunFigures()
        figures.add(.started(plan))
        var report = step(1)
        report.waitingSeconds = 1
        figures.add(.step(report))
        #expect(TrainingScreen.line(figures).contains("50 % waiting for data"))
        report.waitingSeconds = 0.01
        figures.add(.step(report))
        #expect(!TrainingScreen.line(figures).contains("waiting"))
    }

    @Test("Sparklines and durations")
    func words() {
        #expect(TrainingScreen.sparkline([0, 1, 2, 3, 4, 5, 6, 7]) == "▁▂▃▄▅▆▇█")
        #expect(TrainingScreen.sparkline([1, 1]) == "▁▁")
        #expect(TrainingScreen.sparkline([.nan, 1, 2]) == " ▁█")
        #expect(TrainingScreen.sparkline([]).isEmpty)
        #expect(TrainingScreen.duration(0.2) == "1 s")
        #expect(TrainingScreen.duration(200) == "3 min 20 s")
        #expect(TrainingScreen.duration(7500) == "2 h 5 min")
        #expect(TrainingScreen.duration(273_600) == "3 d 4 h")
        #expect(TrainingScreen.duration(.infinity) == "for ever")
    }
}
