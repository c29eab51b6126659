// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import Foundation

/// Where a run is, beside its tensors: the file `training_state.json` of a checkpoint.
package struct RunState: Sendable, Equatable, Codable {
    /// The version of the file.
    package static let currentVersion = 1
    /// The file's name in a checkpoint's folder.
    package static let fileName = "training_state.json"

    /// The version of the file.
    package var version = Self.currentVersion
    /// Epochs that are done.
    package var epoch = 0
    /// Steps that are done.
    package var step = 0
    /// Batches of the epoch under way that steps have used.
    package var batchesUsed = 0
    /// The losses of the epoch's steps so far.
    package var epochLosses: [Double] = []
    /// Seconds of the epoch under way.
    package var epochSeconds = 0.0
    /// Seconds that the run has trained.
    package var seconds = 0.0
    /// What crops had covered when the epoch began.
    package var coverage = ChunkCoverage()
    /// The search for the best weights.
    package var tracker = BestTracker()
    /// Damping towards a target loss.
    package var damping = TargetDamping()
    /// The factor of the next step's rate.
    package var targetScale: Double?
    /// Losses in a row that were no numbers.
    package var nonFiniteLosses = 0
    /// The data set.
    package var dataset: DatasetIdentity?
    /// What the base is known by: its name and the digest of its decoder's header.
    package var base: String?
    /// The settings of the run as `training_args.json` has them.
    package var arguments: String = ""

    private enum CodingKeys: String, CodingKey {
        case version, epoch, tracker, damping, coverage, dataset, base, seconds, arguments
        case step = "global_step"
        case batchesUsed = "batches_used"
        case epochLosses = "epoch_losses"
        case epochSeconds = "epoch_seconds"
        case targetScale = "target_scale"
        case nonFiniteLosses = "non_finite_losses"
    }

    /// A run that has not begun.
    package init() {}

    /// A run that has not begun, with its settings.
    ///
    /// - Parameters:
    ///   - settings: the run's settings.
    ///   - dataset: its data.
    ///   - base: what its base is known by.
    package init(settings: TrainingSettings, dataset: DatasetIdentity?, base: String?) {
        arguments = JSONText.line(.object(settings.arguments))
        self.dataset = dataset
        self.base = base
    }

    /// The file's bytes.
    ///
    /// - Returns: JSON with sorted keys.
    /// - Throws: `TrainingRunsError.state` for a number that JSON does not have.
    package func encoded() throws(TrainingRunsError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        do {
            return [UInt8](try encoder.encode(self)) + [UInt8(ascii: "\n")]
        } catch {
            throw .state(source: Self.fileName, reason: "\(error)")
        }
    }

    /// Reads the file of a checkpoint.
    ///
    /// - Parameters:
    ///   - bytes: its content.
    ///   - source: its path.
    /// - Throws: `TrainingRunsError.state`.
    package init(bytes: [UInt8], source: String) throws(TrainingRunsError) {
        do {
            self = try JSONDecoder().decode(RunState.self, from: Data(bytes))
        } catch {
            throw .state(source: source, reason: Self.sentence(error))
        }
        guard version == Self.currentVersion else {
            throw .state(
                source: source,
                reason: "it is of version \(version), this program reads \(Self.currentVersion)"
            )
        }
        guard epoch >= 0, step >= 0, batchesUsed >= 0, nonFiniteLosses >= 0 else {
            throw .state(source: source, reason: "a count is negative")
        }
    }

    private static func sentence(_ error: any Error) -> String {
        guard let error = error as? DecodingError else { return "it cannot be read" }
        func path(_ context: DecodingError.Context, _ last: String? = nil) -> String {
            (context.codingPath.map(\.stringValue) + [last].compactMap { $0 }).joined(separator: ".")
        }
        switch error {
        case .keyNotFound(let key, let context): return "'\(path(context, key.stringValue))' is missing"
        case .typeMismatch(_, let context): return "'\(path(context))' has the wrong type"
        case .valueNotFound(_, let context): return "'\(path(context))' is null"
        case .dataCorrupted(let context):
            return context.codingPath.isEmpty ? "it is no JSON" : "'\(path(context))' cannot be read"
        @unknown default: return "it cannot be read"
        }
    }

    /// The settings that the state was saved with.
    ///
    /// - Parameter source: the state's path, for messages.
    /// - Returns: the settings.
    /// - Throws: `TrainingRunsError.state` or `.settings`.
    package func settings(source: String) throws(TrainingRunsError) -> TrainingSettings {
        let object: JSONObject
        do {
            object = try JSONParser.parseObject(Array(arguments.utf8), source: "\(source): 'arguments'")
        } catch {
            throw .state(source: source, reason: "\(error)")
        }
        var warnings: [String] = []
        return try TrainingSettings(object, source: source, warnings: &warnings)
    }
}
