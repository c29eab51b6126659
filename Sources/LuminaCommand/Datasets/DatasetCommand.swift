// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Audio
import Datasets

/// `lumina dataset`: songs to train on, and what is said about them.
struct DatasetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dataset",
        abstract: "List, check and count the songs to train on.",
        subcommands: [BuildDataset.self, CheckDataset.self, DatasetStatistics.self]
    )
}

/// Which songs a command is about.
struct DatasetOptions: ParsableArguments {
    @Argument(
        help: ArgumentHelp(
            "A folder of sound files (s3://BUCKET/PREFIX too), or a list of them: dataset.json, metadata.jsonl or metadata.csv.",
            valueName: "path"
        )
    )
    var path: String

    @OptionGroup(title: "Registry") var lookup: ReferenceOptions

    /// The songs.
    func read() async throws -> SongList {
        let isList = ["json", "jsonl", "csv", "parquet"].contains(SongPath(path).fileExtension)
        return try await lookup.songs(folder: isList ? nil : path, list: isList ? path : nil, isQuiet: false).songs()
    }
}

extension DatasetReport {
    /// Looks at the songs and the headers of their files.
    static func make(_ list: SongList) throws -> DatasetReport {
        DatasetReport(list) { path in
            let information = try AudioFile.information(path)
            return .init(seconds: information.seconds, sampleRate: information.sampleRate)
        }
    }
}
