// SPDX-License-Identifier: Apache-2.0

import Foundation
import Torch
import TrainingRuns

/// The files of an autoencoder's training: its state, its log, and its result.
final class AutoencoderRunFiles {
    /// A line of the log.
    struct Line: Codable {
        let step: Int
        var rate: Double?
        var loss: Double?
        var gradientNorm: Double?
        var terms: AutoencoderLoss.Terms?
        var quality: AutoencoderQuality?

        init(step: Int, quality: AutoencoderQuality) {
            self.step = step
            self.quality = quality
        }

        init(step: Int, rate: Double, found: AutoencoderSession.Step) {
            self.step = step
            self.rate = rate
            (loss, gradientNorm, terms) = (found.loss, found.gradientNorm, found.terms)
        }
    }

    private let root: String
    private var handle: FileHandle?

    init(root: String) { self.root = root }

    /// The folder that a checkpoint has as `vae`.
    var result: String { root + "/vae" }
    private var state: String { root + "/vae-training" }
    /// What the state says in words.
    var stateFile: String { state + "/progress.json" }
    /// The state's tensors.
    var tensorFile: String { state + "/" + SessionState.fileName }
    private var logFile: String { root + "/vae-training.jsonl" }

    /// Makes the folder, and finishes or undoes what a killed run left.
    func prepare() throws {
        do {
            try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        } catch {
            throw TrainingRunsError.unwritable(path: root, reason: error.localizedDescription)
        }
        try FolderPublication.recover(in: root)
    }

    /// How far a saved training is; nil if there is none.
    func progress() throws -> AutoencoderProgress? {
        guard let data = FileManager.default.contents(atPath: stateFile) else {
            guard !FileManager.default.fileExists(atPath: state) else {
                throw TrainingError.state(
                    file: stateFile,
                    reason: "it cannot be read; restore it, or remove the folder"
                )
            }
            return nil
        }
        do {
            return try JSONDecoder().decode(AutoencoderProgress.self, from: data)
        } catch {
            throw TrainingError.state(file: stateFile, reason: "it is not the state of an autoencoder's training")
        }
    }

    /// Writes the state and the result, each whole or not at all.
    func save(_ session: AutoencoderSession, progress: AutoencoderProgress, dtype: DType) throws {
        try FolderPublication.publish(state) { folder in
            try session.state.write(to: folder + "/" + SessionState.fileName, epoch: 0)
            try JSONFile.write(
                [UInt8](Self.encoder([.sortedKeys, .prettyPrinted]).encode(progress)),
                to: folder + "/progress.json"
            )
        }
        try FolderPublication.publish(result) { try session.write(to: $0, dtype: dtype) }
    }

    /// Opens the log; what a killed run wrote beyond its state is taken out.
    func openLog(after step: Int) throws {
        let old = FileManager.default.contents(atPath: logFile) ?? Data()
        let lines = old.split(separator: UInt8(ascii: "\n")).filter { line in
            // A line that was cut off belongs to what is taken out.
            ((try? JSONDecoder().decode(Line.self, from: line))?.step).map { $0 <= step } ?? false
        }
        try JSONFile.write([UInt8](lines.map { $0 + [UInt8(ascii: "\n")] }.joined()), to: logFile)
        handle = FileHandle(forWritingAtPath: logFile)
        try handle?.seekToEnd()
    }

    func log(_ quality: AutoencoderQuality, step: Int) throws { try log(Line(step: step, quality: quality)) }

    func log(_ line: Line) throws {
        let data = try Self.encoder([.sortedKeys]).encode(line) + [UInt8(ascii: "\n")]
        do {
            try handle?.write(contentsOf: data)
        } catch {
            throw TrainingRunsError.unwritable(path: logFile, reason: error.localizedDescription)
        }
    }

    private static func encoder(_ formatting: JSONEncoder.OutputFormatting) -> JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = formatting
        return encoder
    }
}
