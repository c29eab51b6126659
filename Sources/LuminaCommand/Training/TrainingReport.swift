// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import TrainingRuns

/// The result of a run, for people or as one JSON object.
struct TrainingReport {
    let outcome: RunOutcome
    let figures: RunFigures
    let layout: RunLayout

    func print(asJSON: Bool) {
        guard asJSON else { return Swift.print(text) }
        Swift.print(String(decoding: JSONText.pretty(.object(json)), as: UTF8.self), terminator: "")
    }

    private var folder: String {
        switch outcome {
        case .completed, .stoppedEarly, .reachedStepLimit: layout.final
        case .interrupted(_, let checkpoint): checkpoint ?? layout.root
        case .diverged: layout.earlyExit
        case .nothingTrained: layout.root
        }
    }

    /// An interruption's own sentence names the checkpoint.
    private var text: String { outcome.isInterruption ? "\(outcome)" : "\(outcome): \(folder)" }

    private var json: JSONObject {
        var object = JSONObject()
        object.set("status", .string(outcome.isSuccess ? "complete" : outcome.isInterruption ? "stopped" : "failed"))
        object.set("reason", .string(outcome.description))
        object.set("exit_code", Int(outcome.exitCode).json)
        object.set("path", .string(folder))
        object.set("step", (figures.lastStep?.step).json)
        object.set("epoch", (figures.lastStep?.epoch).json)
        object.set("loss", (figures.lastStep?.loss).json)
        object.set("mean_loss", figures.averageLoss.json)
        object.set("validation_loss", (figures.lastEpoch?.validationLoss ?? nil).json)
        object.set("best_loss", (figures.best?.loss).json)
        object.set("best_epoch", (figures.best?.epoch).json)
        object.set("step_s", figures.stepSeconds.json)
        return object
    }
}
