// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Torch
import TrainingRuns

/// Puts a run where another was stopped.
struct Resumption {
    let settings: TrainingSettings
    /// The state of a run that has not begun, which knows the data and the base.
    let fresh: RunState

    /// Restores a session.
    ///
    /// - Parameters:
    ///   - session: freshly made.
    ///   - path: a checkpoint's folder, or a file in it.
    /// - Returns: where the run goes on, and what the user should know.
    /// - Throws: `TrainingRunsError` if the state is of another run, ``TrainingError`` if it does not fit the adapter; the run
    ///   never begins anew by itself.
    func restore(_ session: TrainingSession, from path: String) throws -> (RunState, [String]) {
        let folder = try SavedRun.folder(of: path)
        if exists(folder, RunState.fileName) { return try restoreOwn(session, folder) }
        return try restoreForeign(session, folder)
    }

    private func exists(_ folder: String, _ name: String) -> Bool {
        FileManager.default.fileExists(atPath: folder + "/" + name)
    }

    private func restoreOwn(_ session: TrainingSession, _ folder: String) throws -> (RunState, [String]) {
        let path = folder + "/" + RunState.fileName
        guard let data = FileManager.default.contents(atPath: path) else {
            throw TrainingRunsError.unreadable(path: path, reason: "it cannot be opened")
        }
        var state = try RunState(bytes: [UInt8](data), source: path)
        var notices = try ResumeCheck.compare(saved: state.settings(source: path), current: settings, source: folder)
        if let dataset = fresh.dataset, let base = fresh.base {
            try ResumeCheck.compare(state, dataset: dataset, base: base, source: folder)
        }
        try session.state.read(from: folder + "/" + SessionState.fileName)
        state.arguments = fresh.arguments
        notices.insert("resumed from \(folder) after step \(state.step)", at: 0)
        return (state, notices)
    }

    /// Side-Step's checkpoints: weights, moments and counts; the schedule is rebuilt.
    private func restoreForeign(_ session: TrainingSession, _ folder: String) throws -> (RunState, [String]) {
        var notices: [String] = []
        if let saved = try SavedRun.settings(in: folder, warnings: &notices) {
            notices += try ResumeCheck.compare(saved: saved, current: settings, source: folder)
        }
        guard let adapter = session.subject as? TrainedAdapter else {
            throw TrainingError.state(
                file: folder,
                reason: "it has no \(RunState.fileName), without which no model goes on"
            )
        }
        try AdapterWeights.read(folder, into: adapter)
        var state = fresh
        guard exists(folder, SideStepState.fileName) else {
            notices.append("\(folder) has weights but no state: the optimizer and the schedule begin anew")
            try restartAverage(session)
            return (state, notices)
        }
        let foreign = try SideStepState(path: folder + "/" + SideStepState.fileName)
        (state.epoch, state.step) = (foreign.epoch, foreign.step)
        if let moments = try foreign.moments(of: session.parameters) {
            try session.optimizer.restore(means: moments.means, squares: moments.squares, stepCount: foreign.step)
        } else {
            notices.append("the optimizer's state in \(folder) is not AdamW's: its moments begin anew")
        }
        if let average = session.average, let shadow = try foreign.averages(of: session.parameters) {
            try average.restore(shadow: shadow, updateCount: foreign.step)
        } else {
            try restartAverage(session)
        }
        notices.insert(
            "resumed Side-Step's \(folder) after step \(state.step); its random numbers are not taken over",
            at: 0
        )
        return (state, notices)
    }

    private func restartAverage(_ session: TrainingSession) throws {
        try session.average?.restore(
            shadow: session.parameters.values.tensors.map { try $0.detach() },
            updateCount: 0
        )
    }
}
