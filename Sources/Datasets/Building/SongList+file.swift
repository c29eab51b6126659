// SPDX-License-Identifier: Apache-2.0

public import Foundation

extension SongList {
    /// A sample of a `dataset.json` as Side-Step names its fields.
    private struct Sample: Encodable {
        let song: Song

        private enum Keys: String, CodingKey {
            case id, audioPath, filename, caption, genre, lyrics, rawLyrics, formattedLyrics, bpm, keyscale
            case timesignature, duration, language, isInstrumental, customTag, labeled, promptOverride, `repeat`, tags
        }

        func encode(to encoder: any Encoder) throws {
            let metadata = song.metadata
            var fields = encoder.container(keyedBy: Keys.self)
            try fields.encode(identifier, forKey: .id)
            // A relative path would be taken from the list's own folder.
            let path = song.audioPath
            let current = FileManager.default.currentDirectoryPath
            try fields.encode(path.hasPrefix("/") ? path : current + "/" + path, forKey: .audioPath)
            try fields.encode(SongPath(song.audioPath).name, forKey: .filename)
            try fields.encode(metadata.caption, forKey: .caption)
            try fields.encode(metadata.genre, forKey: .genre)
            try fields.encode(metadata.lyrics, forKey: .lyrics)
            try fields.encode(metadata.rawLyrics, forKey: .rawLyrics)
            try fields.encode("", forKey: .formattedLyrics)
            try fields.encode(metadata.bpm, forKey: .bpm)
            try fields.encode(metadata.keyScale, forKey: .keyscale)
            try fields.encode(metadata.timeSignature, forKey: .timesignature)
            try fields.encode(metadata.duration, forKey: .duration)
            try fields.encode(metadata.language, forKey: .language)
            try fields.encode(metadata.isInstrumental, forKey: .isInstrumental)
            try fields.encode(metadata.trigger, forKey: .customTag)
            try fields.encode(song.hasCaption, forKey: .labeled)
            try fields.encode(metadata.promptOverride, forKey: .promptOverride)
            try fields.encode(metadata.repeats, forKey: .repeat)
            if !metadata.tags.isEmpty { try fields.encode(metadata.tags, forKey: .tags) }
        }

        /// Eight hexadecimal digits of the path (FNV-1a), so that the same folder gives the same file.
        private var identifier: String {
            let hash = song.audioPath.utf8.reduce(UInt32(2_166_136_261)) { ($0 ^ UInt32($1)) &* 16_777_619 }
            let digits = String(hash, radix: 16)
            return String(repeating: "0", count: 8 - digits.count) + digits
        }
    }

    private struct Header: Encodable {
        let name: String
        let customTag: String
        let tagPosition: String
        let createdAt: String
        let numSamples: Int
        let allInstrumental: Bool
        let genreRatio: Int
    }

    private struct File: Encodable {
        let metadata: Header
        let samples: [Sample]
    }

    /// Writes the list as a `dataset.json`, as a whole.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - date: when it was made.
    /// - Throws: ``DatasetError/unusable(path:reason:)``.
    public func write(to path: String, date: Date = Date()) throws {
        let file = File(
            metadata: Header(
                name: name,
                customTag: trigger,
                tagPosition: triggerPosition.rawValue,
                createdAt: date.ISO8601Format(.init(timeZone: .current)),
                numSamples: songs.count,
                allInstrumental: songs.allSatisfy(\.metadata.isInstrumental),
                genreRatio: genrePercentage
            ),
            samples: songs.map(Sample.init)
        )
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        do {
            try encoder.encode(file).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw DatasetError.unusable(path: path, reason: "it cannot be written: \(error.localizedDescription)")
        }
    }
}
