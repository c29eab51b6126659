// SPDX-License-Identifier: Apache-2.0

import ACEStep
public import ArgumentParser
public import Audio
import Datasets
import Engine
import Foundation
import Registry
public import TrainingData

/// `lumina preprocess`: songs become the tensors that a model learns from.
struct Preprocess: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Turn songs into the tensors that training reads.",
        discussion: """
            Example: lumina preprocess --model checkpoints --variant base --audio-dir music --tensor-output tensors

            Reads WAV, FLAC, MP3, Ogg and Opus of any rate. Each song is told to the model as `generate` would be asked for \
            it: caption, lyrics and facts come from the text file beside it, from --dataset-json, or from a metadata.jsonl \
            or metadata.csv in the folder. A run that was ended goes on where it was when it is started again.
            """
    )

    @OptionGroup(title: "Model") var checkpoint: CheckpointOptions

    @Option(help: "Whose conditions the model learns under: standard (as generate), diffusers, original or side-step.")
    var compat = PreprocessingConventions.standard

    @OptionGroup(title: "Registry") var lookup: ReferenceOptions

    @Option(
        name: [.customLong("audio-dir"), .customLong("input"), .customShort("i")],
        help: ArgumentHelp("The folder of songs, or s3://BUCKET/PREFIX; folders in it too.", valueName: "dir")
    )
    var audioDir: String?

    @Option(help: ArgumentHelp("The list of songs: dataset.json, metadata.jsonl or metadata.csv.", valueName: "file"))
    var datasetJson: String?

    @Option(
        name: [.customLong("tensor-output"), .customLong("output"), .customShort("o")],
        help: ArgumentHelp("Where the tensors go, one file for each song; s3://BUCKET/PREFIX too.", valueName: "dir")
    )
    var tensorOutput: String

    @Option(help: "How loud songs are made first: none, peak or lufs.")
    var normalize = LevelNormalization.none

    @Option(help: "The largest sample after --normalize peak, in dBFS.")
    var targetDb = LevelNormalization.defaultPeak

    @Option(help: "The loudness after --normalize lufs, in LUFS.")
    var targetLufs = LevelNormalization.defaultLoudness

    @Option(help: "The most seconds to take of a song; 0 takes all.")
    var maxDuration = 0.0

    @Flag(help: "Draw the latents from the encoder's distribution in place of its mean.")
    var samplePosterior = false

    @Option(help: "Where the draws of --sample-posterior come from.")
    var seed: UInt64 = 0

    @Option(help: "How the tensors are stored: safetensors, or pt as ACE-Step and Side-Step read them.")
    var format = TrainingSample.Format.safetensors

    @Flag(help: "Print the result as JSON.")
    var json = false

    @Flag(help: "Show no progress.")
    var quiet = false

    func validate() throws {
        guard audioDir != nil || datasetJson != nil else {
            throw ValidationError("name the songs: --audio-dir DIR, or --dataset-json FILE")
        }
        guard maxDuration >= 0, maxDuration.isFinite else {
            throw ValidationError("--max-duration is \(maxDuration); it must be 0 or more seconds")
        }
        guard (-60...0).contains(targetDb), (-70...0).contains(targetLufs) else {
            throw ValidationError("--target-db must be -60 to 0, --target-lufs -70 to 0")
        }
    }

    func run() async throws {
        let place = try await lookup.songs(folder: audioDir, list: datasetJson, isQuiet: quiet || json)
        let songs = try place.songs()
        for warning in songs.warnings { Console.warning(warning) }
        let output = try TensorPlace(tensorOutput, store: lookup.store)
        try await output.fetch(isQuiet: quiet || json)
        var plan = PreprocessingPlan(songs: songs, folder: place.folder, output: output.directory)
        (plan.source, plan.list, plan.conditioning) = (place.source, datasetJson, compat.conditioning)
        (plan.format, plan.level, plan.peak, plan.loudness) = (format, normalize, targetDb, targetLufs)
        plan.maximumSeconds = maxDuration > 0 ? maxDuration : nil
        plan.posteriorSeed = samplePosterior ? seed : nil
        plan.decoders = min(4, ProcessInfo.processInfo.activeProcessorCount)
        let report = try await preprocess(plan)
        try await output.publish(isQuiet: quiet || json)
        for failure in report.failures {
            let place = failure.reason.contains(failure.path) ? "" : failure.path + ": "
            Console.error(place + failure.reason)
        }
        if !report.strangers.isEmpty {
            Console.warning(
                "\(tensorOutput) has tensors of songs that are not in this dataset, which training would take too: "
                    + report.strangers.prefix(5).joined(separator: ", ")
                    + (report.strangers.count > 5 ? " and \(report.strangers.count - 5) more" : "")
            )
        }
        if json {
            try JSONOutput.print(report)
        } else {
            print(
                "\(tensorOutput): \(report.processed) of \(report.total) songs made, \(report.skipped) were there, "
                    + "\(report.failures.count) failed; \(Figures.rounded(report.seconds / 60, places: 1)) minutes of music"
            )
        }
        if !report.failures.isEmpty { throw ExitCode(Termination.failed) }
    }

    private func preprocess(_ plan: PreprocessingPlan) async throws -> PreprocessingReport {
        let bar = ProgressBar(isQuiet: quiet || json)
        let engine = checkpoint.engine(compat.model)
        do {
            return try await Interruption.cancelling {
                defer { bar.finish() }
                return try await Preprocessor(engine).run(plan) { event in
                    switch event {
                    case .examined(let done, let total): bar.show("looking at files", done, of: total)
                    case .encoded(let done, let total): bar.show("encoding sound", done, of: total)
                    case .completed(let done, let total): bar.show("encoding words", done, of: total)
                    }
                }
            }
        } catch is CancellationError {
            Console.error("interrupted; the same command goes on where it was")
            throw ExitCode(Termination.interrupted)
        }
    }
}

/// Whose conventions conditions follow.
enum PreprocessingConventions: String, ExpressibleByArgument, CaseIterable {
    case standard, diffusers, original
    case sideStep = "side-step"

    /// Whose conventions the model's parts follow; Side-Step uses the original's, which are the standard's but for sampling.
    var model: Compatibility {
        switch self {
        case .standard, .sideStep: .standard
        case .diffusers: .diffusers
        case .original: .original
        }
    }

    var conditioning: PreprocessingPlan.Conditioning { self == .sideStep ? .sideStep : .generation }
}

/// Where tensors go: a directory, or a copy of what lies below a prefix of a bucket.
private struct TensorPlace {
    /// The directory that is written.
    let directory: String
    private let copy: BucketCopy?

    init(_ text: String, store: String?) throws {
        guard text.hasPrefix("s3://"), case .objects(let bucket, let prefix) = try Reference(text) else {
            (directory, copy) = (text, nil)
            return
        }
        let copy = BucketCopy(access: StoreAccess(url: store), bucket: bucket, prefix: prefix, kind: "tensors")
        (directory, self.copy) = (copy.directory, copy)
    }

    /// Whether a file is a result, or says how the results were made.
    private static func belongs(_ path: String) -> Bool {
        !path.hasPrefix(".") && (TrainingSample.Format(path: path) != nil || path == PreprocessingRecord.fileName)
    }

    /// Gets what an earlier run has left in the bucket.
    func fetch(isQuiet: Bool) async throws {
        try await copy?.download(isQuiet: isQuiet, mayBeEmpty: true, isIncluded: Self.belongs)
    }

    /// Puts into the bucket what is new.
    func publish(isQuiet: Bool) async throws { try await copy?.upload(isQuiet: isQuiet, isIncluded: Self.belongs) }
}

extension LevelNormalization: ExpressibleByArgument {}

extension TrainingSample.Format: ExpressibleByArgument {}
