// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Torch
import TrainingRuns

/// Writes the folders of a run.
struct RunOutput {
    let settings: TrainingSettings
    let layout: RunLayout
    let session: TrainingSession

    /// Writes what was trained, alone: `final`, `best`, `early_exit`.
    ///
    /// - Throws: what cannot be written.
    func result(to folder: String, step: Int) throws -> SavedFolder {
        try FolderPublication.publish(folder) { try writeResult($0) }
        return SavedFolder(path: folder, name: Self.name(of: folder), step: step)
    }

    /// Writes a checkpoint that can be resumed, and removes those that are too many.
    ///
    /// - Throws: what cannot be written.
    func checkpoint(to folder: String, state: RunState) throws -> SavedFolder {
        try FolderPublication.publish(folder) { unfinished in
            try writeResult(unfinished)
            try session.state.write(to: unfinished + "/" + SessionState.fileName, epoch: state.epoch)
            try JSONFile.write(state.encoded(), to: unfinished + "/" + RunState.fileName)
            try JSONFile.write(settings.configurationFile, to: unfinished + "/training_config.json")
            try JSONFile.write(settings.adapterFile, to: unfinished + "/sidestep_adapter_config.json")
        }
        try layout.prune(keeping: settings.output.keptCheckpoints, step: state.step, except: folder)
        return SavedFolder(path: folder, name: Self.name(of: folder), step: state.step)
    }

    /// Averages are what is used, where there are any.
    private func writeResult(_ folder: String) throws {
        let write = {
            try session.subject.write(to: folder, settings: settings)
        }
        if let average = session.average {
            try average.withAverages(of: session.parameters, write)
        } else {
            try write()
        }
    }

    private static func name(of folder: String) -> String {
        folder.split(separator: "/").last.map(String.init) ?? folder
    }
}
