// SPDX-License-Identifier: Apache-2.0

import ACEStep
import ArgumentParser
import Engine
import Torch
import Training

/// `lumina bench-train`: how long an optimizer step takes, to hold beside PEFT's, and what it computes.
struct BenchTraining: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench-train",
        abstract: "Measure a step of training on made-up music.",
        discussion:
            "Prints medians in seconds as JSON. Benchmarks/compare_training.py holds them beside PEFT's and torch's.",
        shouldDisplay: false
    )

    /// Families by the names of `lumina train`.
    enum Family: String, ExpressibleByArgument, CaseIterable {
        case lora, dora, oft, lokr, loha
    }

    @Option(help: ArgumentHelp("The checkpoint.", valueName: "dir"))
    var model: String

    @Option(help: "Which model, where the directory holds several.")
    var variant: String?

    @Option(help: "float32 or bfloat16.")
    var dtype = "bfloat16"

    @Option(help: "lora, dora, oft, lokr or loha.")
    var adapterType = Family.lora

    @Option(help: "Rank, or OFT's block size.")
    var rank = 64

    @Option(help: "Alpha.")
    var alpha = 192.0

    @Option(help: "Latent frames, 25 a second.")
    var frames = 250

    @Option(help: "Positions of the conditions.")
    var conditions = 769

    @Option(help: "Pieces of a batch.")
    var batchSize = 1

    @Option(help: "Micro-steps of a step.")
    var accumulation = 1

    @Option(help: "Share of the layers that are computed again in the backward pass.")
    var recompute = 1.0

    @Option(name: .customLong("repeat"), help: "Steps that are timed.")
    var repeats = 5

    @Option(help: "Where all numbers come from.")
    var seed = 0

    @Option(help: ArgumentHelp("Save the first step's values, gradients and losses.", valueName: "file"))
    var saveTensors: String?

    /// What is printed.
    struct Figures: Encodable, Sendable {
        let step: Double
        let firstStep: Double
        let loss: Double
        let gradientNorm: Double
        let parameters: Int
        let peakGigabytes: Double

        private enum CodingKeys: String, CodingKey {
            case loss, parameters
            case step = "train_step_s"
            case firstStep = "first_step_s"
            case gradientNorm = "grad_norm"
            case peakGigabytes = "peak_rss_gb"
        }
    }

    func validate() throws {
        guard repeats >= 1, frames >= 1, conditions >= 1, batchSize >= 1, accumulation >= 1, rank >= 1 else {
            throw ValidationError("counts must be at least 1")
        }
    }

    func run() async throws {
        let command = self
        let figures = try await TrainingThread().run { try command.measure() }
        try JSONOutput.print(figures)
    }

    private func measure() throws -> Figures {
        let files = try ModelFiles(path: model, variant: variant)
        let stored = try VelocityModel.storedType(of: files)
        let type = try ComputeChoice.dtype(dtype, stored: stored, device: .cpu)
        var options = StepMeasurement.Options()
        options.design = design
        (options.frames, options.conditions, options.items) = (frames, conditions, batchSize)
        (options.accumulation, options.recomputedShare, options.repeats) = (accumulation, recompute, repeats)
        options.seed = seed
        let measurement = try StepMeasurement(model: VelocityModel(files: files, dtype: type), options: options)
        let found = try measurement.run(savingTensorsTo: saveTensors)
        return Figures(
            step: found.stepSeconds.median,
            firstStep: found.firstStepSeconds,
            loss: found.loss,
            gradientNorm: found.gradientNorm,
            parameters: found.parameterCount,
            peakGigabytes: ProcessFigures.peakResidentBytes / 1e9
        )
    }

    private var design: AdapterDesign {
        switch adapterType {
        case .lora, .dora:
            var lowRank = AdapterDesign.LowRank()
            (lowRank.rank, lowRank.alpha, lowRank.usesMagnitudes) = (rank, alpha, adapterType == .dora)
            return AdapterDesign(.lowRank(lowRank))
        case .oft:
            var rotation = AdapterDesign.Rotation()
            rotation.blockSize = rank
            return AdapterDesign(.rotation(rotation))
        case .lokr:
            var kronecker = AdapterDesign.Kronecker()
            (kronecker.rank, kronecker.alpha) = (rank, alpha)
            return AdapterDesign(.kronecker(kronecker))
        case .loha:
            var hadamard = AdapterDesign.Hadamard()
            (hadamard.rank, hadamard.alpha) = (rank, alpha)
            return AdapterDesign(.hadamard(hadamard))
        }
    }
}

/// A thread for everything that a training computes: libtorch's modes and its pool of workers belong to one.
actor TrainingThread {
    private let thread = ComputeThread(name: "training")

    /// The thread itself.
    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe thread.asUnownedSerialExecutor()
    }

    /// Runs something there from beginning to end.
    func run<Value: Sendable>(_ body: @Sendable () throws -> Value) throws -> Value { try body() }
}
