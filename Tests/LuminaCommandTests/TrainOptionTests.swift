// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("Options of training")
struct TrainOptionTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        try TemporaryDirectory.create(directory.path(of: "data"))
        try directory.write("x", to: "data/song.safetensors")
    }

    /// The settings that a command line gives.
    private func settings(
        _ arguments: String...,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> [String: Any] {
        let outcome = try await run(arguments)
        #expect(outcome.status == 0, "\(outcome.errors)", sourceLocation: sourceLocation)
        return try outcome.json()
    }

    private func run(_ arguments: [String]) async throws -> LuminaProcess.Outcome {
        try await LuminaProcess.run(
            ["train", "--dry-run", "-d", directory.path(of: "data"), "-o", directory.path(of: "out")] + arguments,
            environment: ["XDG_CONFIG_HOME": directory.path(of: "config")]
        )
    }

    @Test("Side-Step's names and short forms are understood")
    func names() async throws {
        let settings = try await settings(
            "-l",
            "1e-4",
            "-b",
            "2",
            "-g",
            "3",
            "-e",
            "7",
            "-m",
            "9",
            "-s",
            "11",
            "-a",
            "dora",
            "-r",
            "8",
            "--alpha",
            "16",
            "-n",
            "name",
            "-R",
            "2",
            "--no-target-mlp",
            "--target-modules",
            "q_proj",
            "v_proj",
            "--scheduler-type",
            "cosine_restarts",
            "--loss-weighting",
            "min_snr",
            "--no-gradient-checkpointing",
            "--ema-decay",
            "0.9"
        )
        let expected: [String: any Equatable & Sendable] = [
            "learning_rate": 1e-4, "batch_size": 2, "gradient_accumulation": 3, "epochs": 7, "max_steps": 9, "seed": 11,
            "adapter_type": "dora", "rank": 8, "alpha": 16, "run_name": "name", "dataset_repeats": 2,
            "scheduler_type": "cosine_restarts", "loss_weighting": "min_snr", "ema_decay": 0.9,
        ]
        for (key, value) in expected { #expect("\(settings[key] ?? "none")" == "\(value)", "\(key)") }
        #expect(settings["target_mlp"] as? Bool == false)
        #expect(settings["gradient_checkpointing"] as? Bool == false)
        #expect(settings["target_modules"] as? [String] == ["q_proj", "v_proj"])
    }

    @Test("A flag wins over a file, a file over a preset, a preset over the defaults")
    func precedence() async throws {
        let file = try directory.write("{\"epochs\": 55, \"lokr_linear_dim\": 12, \"batch_size\": 3}", to: "run.json")
        let settings = try await settings(
            "--preset",
            "c",
            "--config",
            file,
            "--batch-size",
            "5",
            "--adapter-type",
            "lokr",
            "--rank",
            "20"
        )
        #expect(settings["alpha"] as? Double == 192)
        #expect(settings["epochs"] as? Int == 55)
        #expect(settings["batch_size"] as? Int == 5)
        #expect(settings["lokr_linear_dim"] as? Int == 20)
    }

    @Test("The settings that a run printed make the same run again")
    func repeated() async throws {
        let first = try await run(["--preset", "vram_16gb", "--adapter-type", "oft", "--oft-block-size", "8"])
        let file = try directory.write(first.output, to: "training_args.json")
        let second = try await run(["--config", file])
        #expect(second.output == first.output)
        #expect(!second.errors.contains("no setting"))
    }

    @Test("A resumed run has its checkpoint's settings, and flags on top")
    func resumed() async throws {
        let first = try await run(["--rank", "8", "--epochs", "20"])
        try TemporaryDirectory.create(directory.path(of: "epoch_5"))
        let file = try directory.write(first.output, to: "epoch_5/training_args.json")
        let settings = try await settings("--resume-from", file, "--epochs", "40")
        #expect(settings["rank"] as? Int == 8)
        #expect(settings["epochs"] as? Int == 40)
    }

    @Test("Everything that is wrong is said at once, with the way out, and the exit code is 1")
    func problems() async throws {
        let outcome = try await run([
            "--lr", "0", "--rank", "5000", "--chunk-duration", "5", "--resume-from", directory.path,
        ])
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("--lr is 0; it must be above 0 and at most 1"))
        #expect(outcome.errors.contains("--rank is 5000"))
        #expect(outcome.errors.contains("--chunk-duration is 5 s"))
        #expect(outcome.output.isEmpty)
        #expect(try await run(["--preset", "none"]).errors.contains("there is no preset 'none'; there are c"))
        #expect(try await run(["--epochs", "many"]).status == 2)
    }

    @Test("--checkpoint-dir DIR --model NAME is understood")
    func checkpoints() async throws {
        let outcome = try await run(["--checkpoint-dir", directory.path, "--model", "base"])
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains(directory.path))
        #expect(try await run(["-c", "x", "--model", "base", "-M", "sft"]).status == 2)
    }
}
