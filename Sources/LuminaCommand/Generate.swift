// SPDX-License-Identifier: Apache-2.0

import ACEStep
public import ArgumentParser
public import Audio
import Engine

/// `lumina generate`: from tags and lyrics to an audio file.
struct Generate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make music from tags and lyrics, with any blend of adapters.",
        discussion: """
            Example: lumina generate --tags "jazz, piano trio" --duration 20 --adapter lora/jazz=0.7 --out song.wav
            """
    )

    @OptionGroup(title: "Model") var model: ModelOptions
    @OptionGroup(title: "Adapters") var adapterOptions: AdapterOptions
    @OptionGroup(title: "Music") var music: MusicOptions

    @Option(help: ArgumentHelp("The file to write: .wav, .flac, .mp3 or .ogg.", valueName: "file"))
    var out: String

    @Option(help: "How samples are stored in WAV and FLAC: pcm16, pcm24 or float32 (WAV only).")
    var encoding = SampleEncoding.pcm16

    @Option(help: ArgumentHelp("Also write every tensor on the way, for comparison.", valueName: "file"))
    var saveTensors: String?

    @Flag(help: "Print the result as JSON.")
    var json = false

    @Flag(help: "Show no progress.")
    var quiet = false

    func run() async throws {
        let (request, listed, warnings) = try music.read()
        let references = try adapterOptions.references()
        let outputs = try OutputFiles(path: out, count: request.batch, encoding: encoding)
        if let saveTensors { try OutputFiles.requireWritable(saveTensors) }
        let bar = ProgressBar(isQuiet: quiet)
        var configuration = model.engine
        configuration.adapterMode = adapterOptions.mode
        let wanted = references.isEmpty ? listed : references
        let (tensors, partial) = (saveTensors, adapterOptions.allowPartial)
        let result = try await Interruption.cancelling { [configuration] in
            defer { bar.finish() }
            let engine = try await MusicEngine.load(configuration) { bar.show($0) }
            return try await engine.generate(
                request,
                adapters: wanted,
                allowPartial: partial,
                saveTensors: tensors
            ) { bar.show($0) }
        }
        for warning in warnings + result.warnings { Console.warning(warning) }
        let paths = try outputs.write(result)
        try GenerationReport(result: result, files: paths).print(asJSON: json)
    }
}

extension SampleEncoding: ExpressibleByArgument {}
