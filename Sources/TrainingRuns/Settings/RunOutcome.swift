// SPDX-License-Identifier: Apache-2.0

/// How a run ended.
package enum RunOutcome: Sendable, Equatable {
    /// All epochs are done; `final/` is written.
    case completed
    /// The loss no longer fell; `final/` is written.
    case stoppedEarly(epoch: Int)
    /// `--max-steps` are done; `final/` is written.
    case reachedStepLimit(step: Int)
    /// A signal came; the state is saved and the run can be resumed.
    case interrupted(signal: Int32, checkpoint: String?)
    /// Too many losses in a row were no numbers; the last good weights are in `early_exit/`.
    case diverged(step: Int)
    /// No step could be made.
    case nothingTrained

    /// The losses in a row that are no numbers after which a run ends.
    package static let toleratedNonFiniteLosses = 10

    /// What the process ends with: 0 done, 3 diverged, 4 nothing trained, 128 and the signal's number if interrupted.
    package var exitCode: Int32 {
        switch self {
        case .completed, .stoppedEarly, .reachedStepLimit: 0
        case .diverged: 3
        case .nothingTrained: 4
        case .interrupted(let signal, _): 128 + signal
        }
    }

    /// Whether a signal ended the run.
    package var isInterruption: Bool {
        if case .interrupted = self { true } else { false }
    }

    /// Whether the run did what it was to do, so that `final/` holds its result.
    package var isSuccess: Bool { exitCode == 0 }
}

extension RunOutcome: CustomStringConvertible {
    /// A sentence for the end of the log.
    package var description: String {
        switch self {
        case .completed: "all epochs are done"
        case .stoppedEarly(let epoch): "stopped after epoch \(epoch): the loss no longer fell"
        case .reachedStepLimit(let step): "stopped after step \(step), as --max-steps says"
        case .interrupted(let signal, let checkpoint?): "interrupted by signal \(signal); resume from \(checkpoint)"
        case .interrupted(let signal, nil): "interrupted by signal \(signal) before anything could be saved"
        case .diverged(let step):
            "the loss was no number \(Self.toleratedNonFiniteLosses) times in a row after step \(step): "
                + "lower the learning rate, or train in float32"
        case .nothingTrained: "no step could be made: the data gave no batch that could be used"
        }
    }
}
