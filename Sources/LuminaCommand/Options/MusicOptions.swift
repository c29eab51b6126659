// SPDX-License-Identifier: Apache-2.0

public import ACEStep
public import ArgumentParser
import Engine
import FoundationEssentials

/// What the music should be like: a file, or one option for each part of a request.
struct MusicOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Read the request from a JSON file; other options win over it.", valueName: "file"))
    var request: String?

    @Option(help: "What the music is: style, instruments, mood. Goes into the caption verbatim.")
    var tags: String?

    @Option(help: "The lyrics; instrumental if absent.")
    var lyrics: String?

    @Option(help: ArgumentHelp("Read the lyrics from a file.", valueName: "file"))
    var lyricsFile: String?

    @Option(help: "Seconds, 0.1 to 600.")
    var duration: Double?

    @Option(help: "Denoising steps; the adapter's or the model's default if absent.")
    var steps: Int?

    @Option(help: "Guidance scale; turbo models ignore it.")
    var guidance: Double?

    @Option(help: "Schedule shift; the adapter's or the model's default if absent.")
    var shift: Double?

    @Option(help: "Where the noise comes from; random and reported if absent or negative.")
    var seed: Int64?

    @Option(help: "Beats per minute.")
    var bpm: WrittenNumber?

    @Option(help: "Key and scale, such as 'C minor'.")
    var key: String?

    @Option(help: "Beats of a bar, such as 4.")
    var timeSignature: String?

    @Option(help: "The code of the lyrics' language.")
    var language: String?

    @Option(help: "How many pieces, with consecutive seeds.")
    var batch: Int?

    func validate() throws {
        if request == nil, tags == nil { throw ValidationError("give --tags, or --request FILE") }
        if lyrics != nil, lyricsFile != nil { throw ValidationError("give --lyrics or --lyrics-file, not both") }
        if let steps, steps <= 0 { throw ValidationError("--steps is \(steps); it must be at least 1") }
        if let duration, !MusicRequest.durations.contains(duration) {
            throw ValidationError("--duration is \(duration); it must be 0.1 to 600 seconds")
        }
        if let batch, !MusicRequest.batchSizes.contains(batch) {
            throw ValidationError("--batch is \(batch); it must be 1 to 16")
        }
    }

    /// The request, the adapters its file names, and what to warn about.
    func read() throws -> (request: MusicRequest, adapters: [AdapterReference], warnings: [String]) {
        let file = try request.map { try RequestFile(path: $0) }
        var result = file?.request ?? MusicRequest(tags: "")
        result.tags = tags ?? result.tags
        if let text = try lyrics ?? lyricsFile.map(Self.text(of:)) { result.lyrics = text }
        result.duration = duration ?? result.duration
        result.steps = steps ?? result.steps
        result.guidance = guidance ?? result.guidance
        result.shift = shift ?? result.shift
        if let seed { result.seed = seed < 0 ? nil : UInt64(seed) }
        result.bpm = bpm ?? result.bpm
        result.keyScale = key ?? result.keyScale
        result.timeSignature = timeSignature ?? result.timeSignature
        result.vocalLanguage = language ?? result.vocalLanguage
        result.batch = batch ?? result.batch
        let warnings = (file?.unknownFields ?? []).map { "field '\($0)' of the request means nothing here" }
        return (result, file?.adapters ?? [], warnings)
    }

    private static func text(of path: String) throws -> String {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw EngineError.request(file: path, reason: "cannot be read")
        }
        return String(decoding: data, as: UTF8.self)
    }
}

extension WrittenNumber: ExpressibleByArgument {
    /// Takes an option's argument; nil where it is no finite number.
    public init?(argument: String) { self.init(argument) }
}
