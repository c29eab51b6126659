// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser
import Audio
public import Datasets

/// `lumina dataset build`.
struct BuildDataset: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build",
        abstract: "Write a dataset.json from a folder of songs and the text files beside them.",
        discussion: """
            Example: lumina dataset build --input music --tag zxq --leave-one-out

            Beside each song a text file may say what it is: `caption: …`, `genre: …`, `bpm: …`, `key: …`, and last `lyrics:` \
            with the lyrics below. Without one the song's name is its caption.
            """
    )

    @Option(name: [.long, .short], help: ArgumentHelp("The folder of songs.", valueName: "dir"))
    var input: String

    @Option(help: "A word that calls the style up, for songs that have none of their own.")
    var tag = ""

    @Option(help: "Where that word stands in the prompt: prepend, append or replace.")
    var tagPosition = TriggerPosition.prepend

    @Option(help: "The percentage of songs that are prompted with their genre in place of their caption.")
    var genreRatio = 0

    @Option(help: "What the dataset is called.")
    var name = "local_dataset"

    @Option(name: [.long, .short], help: ArgumentHelp("The file, else dataset.json in the folder.", valueName: "file"))
    var output: String?

    @Flag(help: "Also write loo-GENRE.json beside it for each genre: all songs but those of the genre.")
    var leaveOneOut = false

    @Flag(help: "Print the result as JSON.")
    var json = false

    func validate() throws {
        guard (0...100).contains(genreRatio) else {
            throw ValidationError("--genre-ratio is \(genreRatio); it must be 0 to 100")
        }
    }

    func run() async throws {
        var list = try SongList(folder: input, list: nil)
        (list.name, list.trigger) = (name, tag)
        (list.triggerPosition, list.genrePercentage) = (tagPosition, genreRatio)
        var unreadable: [String] = []
        for position in list.songs.indices {
            do {
                let seconds = try AudioFile.information(list.songs[position].audioPath).seconds
                list.songs[position].metadata.duration = Int(seconds)
            } catch {
                unreadable.append("\(error)")
            }
        }
        let path = output ?? (input.hasSuffix("/") ? input : input + "/") + "dataset.json"
        try list.write(to: path)
        var files = [Written(path: path, songs: list.songs.count)]
        if leaveOneOut {
            let subsets = list.leavingOneGenreOut()
            if subsets.isEmpty { Console.warning("fewer than two genres are named, so that none can be left out") }
            for subset in subsets {
                let file = SongPath(path).folder + "/" + subset.name + ".json"
                try subset.write(to: file)
                files.append(Written(path: file, songs: subset.songs.count))
            }
        }
        for reason in unreadable { Console.warning(reason) }
        if json { return try JSONOutput.print(files) }
        for file in files { print("\(file.path): \(file.songs) songs") }
    }

    private struct Written: Encodable {
        let path: String
        let songs: Int
    }
}

extension TriggerPosition: ExpressibleByArgument {}
