// SPDX-License-Identifier: Apache-2.0

import Audio
import Datasets
import Foundation

/// The `preprocess_meta.json` beside the tensors: what they were made from, for people and for the check before training.
struct PreprocessingSummary: Encodable {
    let createdAt: String
    let audioDir: String?
    let sourceAudioDir: String?
    let modelVariant: String
    let normalize: String
    let targetDb: Double
    let targetLufs: Double
    let customTag: String
    let tagPosition: String
    let genreRatio: Int
    let total: Int
    let processed: Int
    let skipped: Int
    let failed: Int
    let totalDuration: Double

    init(_ plan: PreprocessingPlan, report: PreprocessingReport, model: String) {
        createdAt = Date().ISO8601Format()
        audioDir = plan.folder
        sourceAudioDir = plan.folder
        modelVariant = model.hasPrefix("acestep-v15-") ? String(model.dropFirst("acestep-v15-".count)) : model
        normalize = plan.level.rawValue
        targetDb = plan.peak
        targetLufs = plan.loudness
        customTag = plan.songs.trigger
        tagPosition = plan.songs.triggerPosition.rawValue
        genreRatio = plan.songs.genrePercentage
        total = report.total
        processed = report.processed
        skipped = report.skipped
        failed = report.failures.count
        totalDuration = report.seconds
    }

    /// Writes the file into a directory.
    ///
    /// - Throws: Foundation's error if it cannot be written.
    func write(to directory: String) throws {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try encoder.encode(self).write(
            to: URL(fileURLWithPath: directory + "/preprocess_meta.json"),
            options: .atomic
        )
    }
}
