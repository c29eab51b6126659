// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A dataset: songs in the order of their paths, and what holds for all of them.
public struct SongList: Sendable, Equatable {
    /// What the dataset is called.
    public var name = "local_dataset"
    /// The trigger word of songs that have none of their own.
    public var trigger = ""
    /// Where trigger words stand.
    public var triggerPosition = TriggerPosition.prepend
    /// The percentage of songs that are prompted with their genre.
    public var genrePercentage = 0
    /// The songs, sorted by path.
    public var songs: [Song]
    /// What should be known about the list, such as entries whose sound is missing.
    public var warnings: [String] = []

    /// A list of songs; they are sorted by path, of which each counts once.
    public init(songs: [Song]) {
        var seen: Set<String> = []
        self.songs =
            songs
            .filter { seen.insert($0.audioPath).inserted }
            .sorted { AudioFolder.precedes($0.audioPath, $1.audioPath) }
    }

    /// Finds the songs to train on.
    ///
    /// Where a list is given, the songs are those of the list. Else they are those that a `metadata.jsonl` or `metadata.csv` in
    /// the folder names, and without one all sound files in the folder and below, described by the text files beside them.
    ///
    /// - Parameters:
    ///   - folder: where the sound is; what a list names is looked for in the list's own folder first.
    ///   - list: a `dataset.json`, `metadata.jsonl` or `metadata.csv`.
    /// - Throws: ``DatasetError``.
    public init(folder: String?, list: String?) throws {
        if let list = try list ?? folder.flatMap(AudioFolder.metadataFile) {
            self = try Self.read(list: list, folder: folder)
        } else if let folder {
            self = try Self.read(folder: folder)
        } else {
            preconditionFailure("a dataset needs a folder or a list")
        }
    }

    private static func read(folder: String) throws -> SongList {
        let paths = try AudioFolder.soundFiles(in: folder)
        guard !paths.isEmpty else {
            throw DatasetError.noSongs(
                path: folder,
                reason: "there is no sound file in it or below (\(AudioFolder.readableExtensions))"
            )
        }
        return SongList(
            songs: try paths.map { path in
                let sidecar = try SidecarFiles.read(for: path)
                return Song(
                    audioPath: path,
                    metadata: sidecar?.metadata(audioPath: path) ?? SongMetadata(audioPath: path),
                    source: sidecar == nil ? .nothing : .textFiles,
                    hasCaption: sidecar?[.caption] != nil
                )
            }
        )
    }

    private static func read(list: String, folder audioFolder: String?) throws -> SongList {
        let entries: [SongFields]
        var result = SongList(songs: [])
        switch SongPath(list).fileExtension {
        case "parquet": throw DatasetError.parquet(path: list)
        case "csv": entries = try SongTable.rows(ofCSV: list)
        case "jsonl": entries = try SongTable.rows(ofJSONLines: list)
        default: entries = try SongTable.samples(of: list, into: &result)
        }
        let folder = SongPath(list).folder
        var songs: [Song] = []
        for entry in entries {
            guard let named = try entry.text("audio_path", "filename", "file_name", "audio_file_name"), !named.isEmpty
            else {
                throw entry.malformed("it names no sound file; expected audio_path, filename or file_name")
            }
            let written = try [named, entry.text("filename") ?? named]
            let places = [folder, audioFolder ?? folder].flatMap { folder in
                written.map { SongPath.resolve($0, in: folder) }
            }
            guard let path = places.first(where: FileManager.default.fileExists(atPath:)) else {
                result.warnings.append("\(list), \(entry.place): \(places[0]) does not exist; the entry is left out")
                continue
            }
            let caption = try entry.text("caption", "text", "prompt", "description") ?? ""
            let hasCaption = try entry.flag("labeled") ?? !caption.isEmpty
            songs.append(
                Song(
                    audioPath: path,
                    metadata: try entry.metadata(audioPath: path),
                    source: .list,
                    hasCaption: hasCaption
                )
            )
        }
        guard !songs.isEmpty else {
            throw DatasetError.noSongs(
                path: list,
                reason: entries.isEmpty ? "it has no entry" : "of its \(entries.count) entries no sound file exists"
            )
        }
        result.songs = SongList(songs: songs).songs
        return result
    }

    /// The prompts of the songs, in their order.
    public var prompts: [TrainingPrompt] {
        let selected = GenreSelection.positions(count: songs.count, percentage: genrePercentage)
        return songs.enumerated().map { position, song in
            TrainingPrompt(
                song.metadata,
                isGenreSelected: selected.contains(position),
                trigger: trigger,
                position: triggerPosition
            )
        }
    }
}
