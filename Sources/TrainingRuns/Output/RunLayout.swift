// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Where the results of a run lie in its folder.
package struct RunLayout: Sendable, Equatable {
    /// The run's folder.
    package let root: String

    /// A run in a folder, which need not exist yet.
    package init(root: String) {
        var root = root
        while root.count > 1, root.hasSuffix("/") { root.removeLast() }
        self.root = root
    }

    /// The adapter of a run that is done.
    package var final: String { root + "/final" }
    /// The adapter with the lowest loss.
    package var best: String { root + "/best" }
    /// The adapter of a run that ended before it was done.
    package var earlyExit: String { root + "/early_exit" }
    /// The folder of checkpoints.
    package var checkpoints: String { root + "/checkpoints" }
    /// Telemetry.
    package var progress: String { root + "/.progress.jsonl" }
    /// The run's settings under Side-Step's names.
    package var configuration: String { root + "/training_config.json" }
    /// The adapter's shape under Side-Step's names.
    package var adapterConfiguration: String { root + "/sidestep_adapter_config.json" }

    /// A checkpoint that can be resumed.
    ///
    /// - Parameter epoch: epochs that are done.
    /// - Returns: its folder.
    package func checkpoint(epoch: Int) -> String { "\(checkpoints)/epoch_\(epoch)" }

    /// The checkpoint of an interrupted run, inside an epoch.
    ///
    /// - Parameter step: steps that are done.
    /// - Returns: its folder.
    package func interruption(step: Int) -> String { "\(checkpoints)/step_\(step)" }

    /// TensorBoard's folder: `runs` in the run's folder, or what the settings say, with the run's name and a number.
    ///
    /// - Parameters:
    ///   - output: where logs go and what the run is called.
    ///   - isResumed: goes on in the folder with the highest number instead of a new one.
    /// - Returns: the folder.
    package func log(_ output: OutputSettings, isResumed: Bool) -> String {
        let parent = output.logDirectory.flatMap { $0.isEmpty ? nil : $0 } ?? root + "/runs"
        guard let name = output.runName, !name.isEmpty else { return parent }
        let stem = Self.slug(name) + "_v"
        // A folder that does not exist holds no runs.
        let taken = ((try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []).compactMap { file in
            file.hasPrefix(stem) ? Int(file.dropFirst(stem.count)) : nil
        }
        if isResumed { return taken.max().map { "\(parent)/\(stem)\($0)" } ?? parent }
        var number = 0
        while taken.contains(number) { number += 1 }
        return "\(parent)/\(stem)\(number)"
    }

    /// A name with a dash for each character that file names should not have.
    ///
    /// - Parameter name: the user's name of the run.
    /// - Returns: the name of a folder.
    package static func slug(_ name: String) -> String {
        let slug = String(
            name.unicodeScalars.map { scalar -> Character in
                let isPlain =
                    ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar)
                return isPlain || "._-".unicodeScalars.contains(scalar) ? Character(scalar) : "-"
            }
        )
        return slug.allSatisfy({ $0 == "." }) ? "run" : slug
    }

    /// The checkpoints of the run, the oldest first.
    ///
    /// - Returns: their folders with the number behind their names.
    package func savedCheckpoints() -> [(path: String, number: Int, isInterruption: Bool)] {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: checkpoints)) ?? []
        let found = files.compactMap { file -> (path: String, number: Int, isInterruption: Bool)? in
            for (prefix, isInterruption) in [("epoch_", false), ("step_", true)] where file.hasPrefix(prefix) {
                guard let number = Int(file.dropFirst(prefix.count)) else { return nil }
                return ("\(checkpoints)/\(file)", number, isInterruption)
            }
            return nil
        }
        return found.sorted { ($0.isInterruption ? 1 : 0, $0.number) < ($1.isInterruption ? 1 : 0, $1.number) }
    }

    /// Removes the oldest checkpoints of epochs beyond a number, and those of interruptions that an epoch has outlived.
    ///
    /// - Parameters:
    ///   - count: how many are kept; 0 keeps all.
    ///   - step: the steps of the checkpoint just written.
    ///   - kept: a folder that stays whatever its age: the one that was resumed from.
    /// - Returns: the folders that were removed.
    /// - Throws: `TrainingRunsError.unwritable`.
    @discardableResult
    package func prune(keeping count: Int, step: Int, except kept: String? = nil) throws(TrainingRunsError) -> [String]
    {
        guard count > 0 else { return [] }
        let saved = savedCheckpoints().filter { $0.path != kept }
        let epochs = saved.filter { !$0.isInterruption }
        let outlived = saved.filter { $0.isInterruption && $0.number < step }
        let removed = (epochs.dropLast(min(count, epochs.count)) + outlived).map(\.path)
        for path in removed { try FolderPublication.remove(path) }
        return removed
    }
}
