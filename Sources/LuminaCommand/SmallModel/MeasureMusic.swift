// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Audio
import Datasets
import Engine
import MusicAnalysis
import MusicSynthesis

/// `lumina small-model measure`: songs that are there, or those that a model makes.
struct MeasureMusic: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "measure",
        abstract: "Measure tempo, key and style of songs, and how often they are what they should be.",
        discussion: """
            Example: lumina small-model measure --model small --count 100 --seed 1

            With --audio, the songs of a folder are held against the text files beside them. Without it, a model is asked for \
            songs of the corpus' held-out combinations of style, drums, key and tempo, and its autoencoder encodes and decodes \
            songs of the corpus. With --adapter and --styles, adapters are asked for their style.

            Tempo by the autocorrelation of onsets, key by chroma, style by a spectral classifier that learns all synthesised \
            styles on the spot, from songs of a seed of its own.
            """
    )

    @Option(help: ArgumentHelp("A folder of songs with text files beside them, or a dataset.json.", valueName: "path"))
    var audio: String?

    @OptionGroup(title: "Songs to ask for") var options: CorpusOptions
    @OptionGroup(title: "Model") var model: ModelOptions
    @OptionGroup(title: "Adapters") var adapterOptions: AdapterOptions

    @Option(
        help: ArgumentHelp(
            "An adapter that has learnt a style which the model has not, such as bells=DIR; several are blended too.",
            valueName: "style=path"
        )
    )
    var styleAdapter: [String] = []

    @Option(help: "Denoising steps; the model's default if absent.")
    var steps: Int?

    @Option(help: "Guidance scale; the model's default if absent.")
    var guidance: Double?

    @Option(help: "Songs that the autoencoder encodes and decodes; 0 for none.")
    var reconstruct = 8

    @Option(help: ArgumentHelp("Also write the songs that the model made, with what they should be.", valueName: "dir"))
    var out: String?

    @Flag(help: "Print the result as JSON.")
    var json = false

    func validate() throws {
        guard (0...10_000).contains(reconstruct) else {
            throw ValidationError("--reconstruct is \(reconstruct); it must be 0 to 10000")
        }
        _ = try subjects()
        if audio != nil,
            model.checkpoint.model != nil || out != nil || !adapterOptions.adapters.isEmpty
                || !styleAdapter.isEmpty
        {
            throw ValidationError(
                "--audio measures songs that are there: give no --model, --adapter, --style-adapter or --out"
            )
        }
    }

    func run() async throws {
        if let audio {
            let table = try Self.measure(songs: audio)
            return json ? try JSONOutput.print(table) : table.printTable()
        }
        let figures = try await measureModel()
        if json { try JSONOutput.print(figures) } else { figures.printTable() }
    }

    private func subjects() throws -> [AdapterFigures.Subject] {
        try styleAdapter.map { text in
            let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2, let style = Style(rawValue: parts[0]) else {
                throw ValidationError("--style-adapter is '\(text)'; it must be a style, '=' and a path")
            }
            return .init(adapter: AdapterReference(parts[1]), style: style)
        }
    }

    private static func measure(songs path: String) throws -> MeasurementTable {
        let isList = ["json", "jsonl", "csv"].contains(SongPath(path).fileExtension)
        let songs = try SongList(folder: isList ? nil : path, list: isList ? path : nil).songs
        let classifier = TimbreClassifier()
        return MeasurementTable(
            try songs.map { song in
                try Task.checkCancellation()
                let sound = Sound(try AudioFile.read(song.audioPath))
                let measurement = SongMeasurement(sound, expectation: song.metadata.expectation, classifier: classifier)
                return .init(SongPath(song.audioPath).name, measurement)
            }
        )
    }

    private func measureModel() async throws -> ModelFigures {
        var configuration = model.engine
        configuration.adapterMode = adapterOptions.mode
        let adapters = try await adapterOptions.lookup.resolve(adapterOptions.references(), isQuiet: json)
        let plan = ModelFigures.Plan(
            corpus: try options.corpus(.heldOut),
            count: options.count,
            reconstructions: reconstruct,
            steps: steps,
            guidance: guidance,
            adapters: adapters,
            styleAdapters: try subjects(),
            folder: out
        )
        let bar = ProgressBar(isQuiet: json)
        return try await Interruption.cancelling { [configuration] in
            defer { bar.finish() }
            let engine = try await MusicEngine.load(configuration)
            return try await ModelFigures.measure(engine, plan) { bar.show($0, $1, of: $2) }
        }
    }
}

extension Sound {
    /// The mean of a buffer's channels.
    init(_ buffer: AudioBuffer) {
        self.init(planar: buffer.samples, channels: buffer.channels, sampleRate: buffer.sampleRate)
    }
}

extension SongMetadata {
    /// What of it can be measured.
    var expectation: Expectation {
        Expectation(bpm: bpm, key: MusicalKey(keyScale), style: Style(namedIn: genre.isEmpty ? caption : genre))
    }
}
