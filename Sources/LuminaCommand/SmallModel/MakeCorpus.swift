// SPDX-License-Identifier: Apache-2.0

import ACEStep
import ArgumentParser
import Audio
import Datasets
import Engine
import FoundationEssentials
import MusicSynthesis

/// `lumina small-model corpus`.
struct MakeCorpus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "corpus",
        abstract: "Write synthesised songs with true captions, as `dataset build` and `preprocess` read them.",
        discussion: """
            Example: lumina small-model corpus --seed 1 --count 100 --styles bells --out songs

            A song is a function of seed and number: the same command writes the same bytes.
            """
    )

    @OptionGroup var options: CorpusOptions

    @Option(help: ArgumentHelp("The folder to write to.", valueName: "dir"))
    var out: String?

    @Flag(help: "Print the texts that a model would be conditioned on, a JSON object a line, and make no sound.")
    var prompts = false

    @Flag(help: "Print the result as JSON.")
    var json = false

    func validate() throws {
        guard prompts != (out != nil) else { throw ValidationError("give --out DIR, or --prompts") }
    }

    func run() async throws {
        let corpus = try options.corpus(.training)
        guard let out else {
            for index in 0..<options.count { try Self.printPrompt(corpus.description(index)) }
            return
        }
        try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
        let width = max(4, String(options.count - 1).count)
        var seconds = 0
        for index in 0..<options.count {
            try Task.checkCancellation()
            let song = corpus.song(index)
            let number = String(index)
            let name = String(repeating: "0", count: width - number.count) + number
            try Self.write(song, to: "\(out)/\(name).wav")
            seconds += song.description.seconds
        }
        if json { return try JSONOutput.print(Written(path: out, songs: options.count, seconds: seconds)) }
        print("\(out): \(options.count) songs, \(seconds) seconds")
    }

    private static func write(_ song: SynthesizedSong, to path: String) throws {
        let sound = try AudioBuffer(
            sampleRate: SynthesizedSong.sampleRate,
            channels: SynthesizedSong.channelCount,
            samples: song.samples
        )
        try AudioFile.write(sound, to: path)
        try SidecarFiles.write(Sidecar(song.description.metadata), for: path)
    }

    private static func printPrompt(_ song: SongDescription) throws {
        let prompt = Prompt(song.request(seed: song.seed))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let texts = ["caption": prompt.caption, "lyrics": prompt.lyrics]
        print(String(decoding: try encoder.encode(texts), as: UTF8.self))
    }

    private struct Written: Encodable {
        let path: String
        let songs: Int
        let seconds: Int
    }
}

extension SongDescription {
    /// The description as a dataset says it; the style is the genre.
    var metadata: SongMetadata {
        var metadata = SongMetadata(caption: caption)
        metadata.genre = style.rawValue
        metadata.bpm = bpm
        metadata.keyScale = "\(key)"
        metadata.timeSignature = metre.timeSignature
        metadata.duration = seconds
        return metadata
    }

    /// The description as somebody would ask a model for it.
    func request(seed: UInt64) -> MusicRequest {
        MusicRequest(
            tags: caption,
            lyrics: Self.lyrics,
            duration: Double(seconds),
            seed: seed,
            bpm: WrittenNumber(bpm),
            keyScale: "\(key)",
            timeSignature: metre.timeSignature
        )
    }
}
