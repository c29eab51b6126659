// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// Writes what a run tells into its folder: telemetry lines and TensorBoard's curves.
///
/// A file that cannot be written any more is given up with one notice; logging never ends a training.
package final class RunRecorder: Sendable {
    private struct Files {
        var progress: ProgressFile?
        var curves: TensorBoardLog?
        var notices: [String] = []
    }

    private let files: Mutex<Files>
    /// TensorBoard's folder.
    package let logDirectory: String

    /// Opens the files of a run.
    ///
    /// - Parameters:
    ///   - layout: the run's folder, which exists.
    ///   - settings: where logs go and how often.
    ///   - firstStep: the first step that a resumed run will make; nil for a new run.
    package init(layout: RunLayout, settings: TrainingSettings, continuingAt firstStep: Int? = nil) {
        logDirectory = layout.log(settings.output, isResumed: firstStep != nil)
        var files = Files()
        do {
            files.progress = try ProgressFile(path: layout.progress)
        } catch {
            files.notices.append("no telemetry: \(error)")
        }
        do {
            files.curves = try TensorBoardLog(
                directory: logDirectory,
                logInterval: settings.output.logInterval,
                continuingAt: firstStep
            )
        } catch {
            files.notices.append("no curves for TensorBoard: \(error)")
        }
        self.files = Mutex(files)
    }

    /// Writes what an event has to say.
    ///
    /// - Parameters:
    ///   - event: the event.
    ///   - time: seconds since 1970.
    /// - Returns: what the user should know, once: files that are no longer written.
    @discardableResult
    package func record(_ event: TrainingEvent, time: Double = Date().timeIntervalSince1970) -> [String] {
        files.withLock { files in
            do {
                try files.progress?.record(event, time: time)
            } catch {
                files.progress = nil
                files.notices.append("telemetry ends here: \(error.localizedDescription)")
            }
            do {
                try files.curves?.record(event)
            } catch {
                files.curves = nil
                files.notices.append("curves for TensorBoard end here: \(error)")
            }
            defer { files.notices = [] }
            return files.notices
        }
    }
}
