// SPDX-License-Identifier: Apache-2.0

import ACEStep
import ArgumentParser
import Foundation
import MusicSynthesis
import Training
import TrainingRuns

/// `lumina small-model train`.
struct TrainSmallModel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Train the encoders, the transformer and the codes of the small model from scratch.",
        discussion: """
            DIR/vae holds the autoencoder (`small-model vae`). Latents are made once; what was begun goes on where it stopped, by \
            --minutes or a signal. Exit codes are those of `train`; a run whose minutes are over ends with 0.
            """
    )

    /// So many captions of a hundred leave it to an adapter what plays.
    private static let unnamedPercent = 8

    @Option(help: ArgumentHelp("The folder in which the model comes into being.", valueName: "dir"))
    var work: String

    @Option(help: ArgumentHelp("The model's tokenizer.json.", valueName: "file"))
    var tokenizer: String

    @Option(help: "Steps of the whole training.")
    var steps = 8000

    @Option(help: "Stop after so many minutes; the same command goes on.")
    var minutes: Double?

    @Option(help: "How many songs there are to learn from.")
    var songs = 3000

    @Option(help: ArgumentHelp("Whole seconds of a song: a number, or two with a dash between.", valueName: "range"))
    var seconds = "4-8"

    @Option(help: "Where the songs come from, and all random numbers.")
    var seed = 7

    @Option(help: "Songs of a step.")
    var batchSize = 32

    @Option(help: "The highest learning rate.")
    var lr = 1e-3

    @Flag(help: "Make the latents and train nothing.")
    var latentsOnly = false

    func validate() throws {
        guard steps > 0, songs > 0, batchSize > 0, seed >= 0 else {
            throw ValidationError("--steps, --songs and --batch-size must be above 0, and --seed not below")
        }
        if let minutes, !(minutes > 0) { throw ValidationError("--minutes is \(minutes); it must be above 0") }
        _ = try lengths()
    }

    private func lengths() throws -> ClosedRange<Int> {
        let ends = seconds.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
        guard let first = ends.first, let last = ends.last, ends.count <= 2, first >= 1, first <= last, last <= 600
        else {
            throw ValidationError("--seconds is \(seconds); it must be 1 to 600, such as 8 or 4-8")
        }
        return first...last
    }

    func run() async throws {
        let deadline = minutes.map { ContinuousClock.now + .seconds($0 * 60) }
        let folder = SmallModelFolder(work)
        let corpus = Corpus(seed: UInt64(seed), seconds: try lengths(), unnamedPercent: Self.unnamedPercent)
        var settings = folder.settings(seed: seed)
        settings.optimization.batchSize = batchSize
        settings.optimization.learningRate = lr
        guard let words = FileManager.default.contents(atPath: tokenizer) else {
            throw ValidationError("--tokenizer: there is no \(tokenizer)")
        }
        let display = TrainingDisplay()
        let outcome = try await TrainingThread().run { [self, settings] () throws -> RunOutcome? in
            try folder.prepare(SmallModel(), tokenizer: [UInt8](words)) { Self.piece($0, of: corpus) }
            guard try makeLatents(folder, corpus, until: deadline), !latentsOnly else { return nil }
            let run = try ScratchRun(settings: settings, steps: steps, until: deadline) { display.show($0) }
            return try run.run()
        }
        guard let outcome else { return print("\(folder.latents): the same command goes on") }
        if case .interrupted(ScratchRun.timeIsUp, let state) = outcome {
            return print("\(state ?? folder.run): the same command goes on")
        }
        print("\(outcome): \(RunLayout(root: folder.run).final)")
        if outcome.exitCode != 0 { throw ExitCode(outcome.exitCode) }
    }

    /// Whether all latents are there.
    private func makeLatents(
        _ folder: SmallModelFolder,
        _ corpus: Corpus,
        until deadline: ContinuousClock.Instant?
    ) throws -> Bool {
        let watch = SignalWatch()
        let preparation = try folder.preparation(
            corpus: "corpus \(seed), \(seconds) seconds, \(Self.unnamedPercent) % unnamed"
        )
        return try preparation.run(0..<songs) { index in
            Self.piece(index, of: corpus)
        } progress: { done in
            if done.isMultiple(of: 100) { Console.write("latents of \(done) of \(songs) songs") }
            return watch.received == nil && deadline.map { ContinuousClock.now < $0 } ?? true
        }
    }

    private static func piece(_ index: Int, of corpus: Corpus) -> LatentPreparation.Piece {
        let song = corpus.song(index)
        return .init(samples: song.samples, request: song.description.request(seed: 0))
    }
}
