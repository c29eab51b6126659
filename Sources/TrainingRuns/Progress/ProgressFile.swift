// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import Foundation

/// Writes `.progress.jsonl`: a line for each second's latest step, each epoch and the end, under Side-Step's names.
///
/// Lines are appended, over several runs in the same folder too. A write that fails ends the file, never the run.
struct ProgressFile {
    /// Seconds between lines of steps.
    static let interval = 1.0

    private let handle: FileHandle
    private var plan: RunPlan?
    private var best: BestLoss?
    private var lastLoss: Double?
    private var lastStepTime = -Double.infinity

    init(path: String) throws(TrainingRunsError) {
        let files = FileManager.default
        guard files.fileExists(atPath: path) || files.createFile(atPath: path, contents: nil) else {
            throw .unwritable(path: path, reason: "the file cannot be created")
        }
        guard let handle = FileHandle(forUpdatingAtPath: path) else {
            throw .unwritable(path: path, reason: "the file cannot be opened")
        }
        self.handle = handle
        do {
            try Self.endLine(handle)
        } catch {
            throw .unwritable(path: path, reason: error.localizedDescription)
        }
    }

    /// A run that was killed may have left half a line; the next one begins on a new one.
    private static func endLine(_ handle: FileHandle) throws {
        let end = try handle.seekToEnd()
        guard end > 0 else { return }
        try handle.seek(toOffset: end - 1)
        let last = try handle.read(upToCount: 1)
        try handle.seekToEnd()
        if last != Data([UInt8(ascii: "\n")]) { try handle.write(contentsOf: Data([UInt8(ascii: "\n")])) }
    }

    /// Writes what an event has to say.
    ///
    /// - Parameters:
    ///   - event: the event.
    ///   - time: seconds since 1970.
    /// - Throws: Foundation's error.
    mutating func record(_ event: TrainingEvent, time: Double) throws {
        switch event {
        case .started(let plan): self.plan = plan
        case .step(let report):
            lastLoss = report.loss
            guard time - lastStepTime >= Self.interval else { return }
            lastStepTime = time
            try write(step(report), time)
        case .epoch(let report):
            best = report.best
            try write(epoch(report), time)
        case .ended(let outcome, let step): try write(end(outcome, step: step), time)
        case .parameters, .saved, .notice: break
        }
    }

    private func step(_ report: StepReport) -> [(String, JSONValue)] {
        [
            ("kind", .string("step")), ("step", report.step.json), ("epoch", report.epoch.json),
            ("max_epochs", (plan?.epochs).json), ("loss", report.loss.json), ("lr", report.learningRate.json),
            ("grad_norm", report.gradientNorm.json), ("best_loss", (best?.loss).json),
            ("best_epoch", (best?.epoch).json), ("steps_per_epoch", (plan?.stepsPerEpoch).json),
            ("step_time", report.seconds.json),
        ]
    }

    private func epoch(_ report: EpochReport) -> [(String, JSONValue)] {
        [
            ("kind", .string("epoch")), ("step", report.step.json), ("epoch", report.epoch.json),
            ("max_epochs", (plan?.epochs).json), ("loss", report.loss.json),
            ("val_loss", report.validationLoss.json), ("epoch_time", report.seconds.json),
            ("best_loss", (report.best?.loss).json), ("best_epoch", (report.best?.epoch).json),
        ]
    }

    private func end(_ outcome: RunOutcome, step: Int) -> [(String, JSONValue)] {
        var line: [(String, JSONValue)] = [
            ("kind", .string(outcome.isSuccess ? "complete" : outcome.isInterruption ? "stopped" : "fail")),
            ("step", step.json), ("msg", .string(outcome.description)), ("exit_code", Int(outcome.exitCode).json),
        ]
        if let lastLoss { line.append(("loss", lastLoss.json)) }
        if let best { line += [("best_loss", best.loss.json), ("best_epoch", best.epoch.json)] }
        return line
    }

    private func write(_ fields: [(String, JSONValue)], _ time: Double) throws {
        var object = JSONObject()
        object.set("ts", .number(time))
        for (key, value) in fields { object.set(key, value) }
        try handle.write(contentsOf: Data((JSONText.line(.object(object)) + "\n").utf8))
    }
}
