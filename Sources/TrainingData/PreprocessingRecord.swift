// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The `preprocess_meta.json` beside tensors: what they were made from and how, under Side-Step's names.
///
/// Everything is optional: other programs write some of it.
public struct PreprocessingRecord: Sendable, Equatable, Codable {
    /// The file's name.
    public static let fileName = "preprocess_meta.json"

    /// When the last run ended, ISO 8601.
    public var createdAt: String?
    /// Where the sound was.
    public var audioDir: String?
    /// The same again, as Side-Step has it.
    public var sourceAudioDir: String?
    /// The list of songs, where there was one.
    public var datasetJSON: String?
    /// The model that the conditions come from, such as `turbo`, `base` or `xl-sft`.
    public var modelVariant: String?
    /// Whose conventions the conditions follow; nil in files of other programs.
    public var conventions: String?
    /// How loud the songs were made: `none`, `peak` or `lufs`.
    public var normalize: String?
    /// The level of `peak`, in dBFS.
    public var targetDb: Double?
    /// The loudness of `lufs`.
    public var targetLufs: Double?
    /// The dataset's trigger word.
    public var customTag: String?
    /// Where it stands.
    public var tagPosition: String?
    /// The percentage of songs prompted with their genre.
    public var genreRatio: Int?
    /// Songs of the dataset.
    public var total: Int?
    /// Songs whose tensors the last run made.
    public var processed: Int?
    /// Songs whose tensors were there.
    public var skipped: Int?
    /// Songs that could not be used.
    public var failed: Int?
    /// Seconds of sound in all tensors.
    public var totalDuration: Double?
    /// The MD5 of each file of tensors, in hexadecimal digits, by its name.
    public var checksums: [String: String]?

    private enum CodingKeys: String, CodingKey {
        case normalize, total, processed, skipped, failed, checksums, conventions
        case createdAt = "created_at"
        case audioDir = "audio_dir"
        case sourceAudioDir = "source_audio_dir"
        case datasetJSON = "dataset_json"
        case modelVariant = "model_variant"
        case targetDb = "target_db"
        case targetLufs = "target_lufs"
        case customTag = "custom_tag"
        case tagPosition = "tag_position"
        case genreRatio = "genre_ratio"
        case totalDuration = "total_duration"
    }

    /// A record that says nothing.
    public init() {}

    /// Reads the record of a directory; nil if it has none that can be read: it only informs.
    public init?(directory: String) {
        guard let data = FileManager.default.contents(atPath: directory + "/" + Self.fileName),
            let record = try? JSONDecoder().decode(PreprocessingRecord.self, from: data)  // as said above
        else { return nil }
        self = record
    }

    /// Writes the record into a directory, whole or not at all.
    ///
    /// - Parameter directory: the directory.
    /// - Throws: ``TrainingDataError/unwritable(path:reason:)``.
    public func write(to directory: String) throws(TrainingDataError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let path = directory + "/" + Self.fileName
        do {
            try encoder.encode(self).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw .unwritable(path: path, reason: error.localizedDescription)
        }
    }
}
