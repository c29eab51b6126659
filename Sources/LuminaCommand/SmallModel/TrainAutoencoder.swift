// SPDX-License-Identifier: Apache-2.0

import ACEStep
import ArgumentParser
import MusicSynthesis
import Torch
import Training

/// `lumina small-model vae`.
struct TrainAutoencoder: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vae",
        abstract: "Train the small autoencoder, in as many pieces as one likes.",
        discussion: """
            Leaves WORK/vae as a checkpoint has it, and WORK/vae-training, from which the same command goes on: after --minutes, \
            after Ctrl-C, after a crash. The same command makes the same bytes on the same machine, in however many pieces.
            """
    )

    @Option(help: ArgumentHelp("The folder to work in.", valueName: "dir"))
    var work: String

    @Option(help: "Steps of the whole training.")
    var steps = AutoencoderSettings().steps

    @Option(help: "Stop after so many minutes and save; the same command goes on.")
    var minutes: Double?

    @Option(help: ArgumentHelp("A folder of sound files to learn, in place of the corpus.", valueName: "dir"))
    var audio: String?

    @Option(help: "How many songs of the corpus are learnt.")
    var songs = 400

    @Option(help: "Where first values, noise and songs come from.")
    var seed = 1

    @Option(help: "Crops of a step.")
    var batch = AutoencoderSettings().batch

    @Option(help: "Latent frames of a crop, 25 a second.")
    var frames = AutoencoderSettings().frames

    @Option(help: "The learning rate that warm-up ends with; it falls to a hundredth by half a cosine.")
    var learningRate = AutoencoderSettings().learningRate

    @Option(help: "What the divergence from the normal distribution counts.")
    var divergence = AutoencoderSettings().loss.divergence

    @Option(help: "float32 or bfloat16: what the saved weights are rounded to.")
    var dtype = "float32"

    @Option(help: "Threads to compute on; another number gives other roundings.")
    var threads: Int?

    @Flag(help: "Show no progress.")
    var quiet = false

    func validate() throws {
        guard ["float32", "bfloat16"].contains(dtype) else {
            throw ValidationError("--dtype is \(dtype); it must be float32 or bfloat16")
        }
        guard (1...100_000).contains(songs) else {
            throw ValidationError("--songs is \(songs); it must be 1 to 100000")
        }
        guard minutes.map({ $0 > 0 && $0 < 1e6 }) ?? true else {
            throw ValidationError("--minutes must be above 0")
        }
    }

    func run() async throws {
        let deadline = minutes.map { ContinuousClock.now + .seconds($0 * 60) }
        let display = AutoencoderDisplay(isQuiet: quiet)
        let outcome = try await TrainingThread().run {
            if let threads { try TorchRuntime.setThreadCount(threads) }
            return try AutoencoderRun(plan(), in: work, until: deadline) { display.show($0) }.run()
        }
        switch outcome {
        case .completed: print("\(work)/vae: trained")
        case .paused: print("\(work)/vae: not done; the same command goes on")
        case .interrupted(let signal): throw ExitCode(128 + signal)
        }
    }

    private func plan() throws -> AutoencoderRun.Plan {
        var settings = AutoencoderSettings()
        (settings.seed, settings.steps, settings.batch, settings.frames) = (seed, steps, batch, frames)
        (settings.learningRate, settings.loss.divergence) = (learningRate, divergence)
        let sizes = try AutoencoderConfiguration.small()
        let corpusSeed = UInt64(bitPattern: Int64(seed))
        var plan = AutoencoderRun.Plan(
            sizes,
            settings: settings,
            music: try audio.map {
                try FolderCrops($0, sampleRate: sizes.sampleRate, channels: sizes.audioChannels)
            } ?? CorpusCrops(Corpus(seed: corpusSeed), count: songs),
            heldOut: CorpusCrops(Corpus(seed: corpusSeed, part: .heldOut), count: 16)
        )
        plan.dtype = dtype == "bfloat16" ? .bfloat16 : .float32
        return plan
    }
}

extension AutoencoderConfiguration {
    /// The sizes of the embedded model's autoencoder.
    ///
    /// The largest stride comes first, where every channel costs 48 000 numbers a second: ten times cheaper than the released models'
    /// order, in which it comes last.
    fileprivate static func small() throws -> AutoencoderConfiguration {
        try AutoencoderConfiguration(
            downsamplingRatios: [10, 6, 4, 4, 2],
            channelMultiples: [8, 20, 28, 28, 28],
            encoderChannels: 4,
            decoderChannels: 4
        )
    }
}
