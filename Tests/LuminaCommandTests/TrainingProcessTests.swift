// SPDX-License-Identifier: Apache-2.0

import Foundation
import ObjectStoreTestSupport
import TestSupport
import Testing

/// `lumina train` as a user runs it.
@Suite("Training by the program", .enabled(if: SlowSuite.isOn, "set LUMINA_SLOW=1"))
struct TrainingProcessTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        try TemporaryDirectory.create(directory.path(of: "songs"))
        for (place, frames) in [61, 44, 37, 52].enumerated() {
            let seed = UInt64(10 * place)
            try TensorFile(
                tensors: [
                    "target_latents": .init(random: [frames, 64], seed: seed),
                    "attention_mask": .init(Array(repeating: 1, count: frames), shape: [frames]),
                    "encoder_hidden_states": .init(random: [7 + place, 16], seed: seed + 1),
                    "encoder_attention_mask": .init(Array(repeating: 1, count: 7 + place), shape: [7 + place]),
                    "context_latents": .init(random: [frames, 128], seed: seed + 2),
                ],
                metadata: [:]
            ).write(to: directory.path(of: "songs/song\(place).safetensors"))
        }
    }

    private func arguments(_ folder: String, family: String, epochs: Int = 12) -> [String] {
        [
            "train", "--model", TestProducts.modelFixture("checkpoints"), "--variant", "turbo", "--precision", "fp32",
            "--dataset-dir", directory.path(of: "songs"), "--output-dir", directory.path(of: folder), "--adapter",
            family,
            "--rank", "2", "--alpha", "4", "--oft-block-size", "4", "--epochs", "\(epochs)", "--gradient-accumulation",
            "2",
            "--max-latent-length", "40", "--save-every", "1", "--ema-decay", "0.9", "--seed", "5",
        ]
    }

    private func latestCheckpoint(_ folder: String) -> String? {
        let root = directory.path(of: folder + "/checkpoints")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        let numbers = names.compactMap { $0.hasPrefix("epoch_") ? Int($0.dropFirst("epoch_".count)) : nil }
        return numbers.max().map { "\(root)/epoch_\($0)" }
    }

    private func bytes(_ name: String) throws -> Data {
        try Data(contentsOf: URL(fileURLWithPath: directory.path(of: name)))
    }

    @Test("Killed at random and resumed, it leaves the same bits", arguments: ["lora", "dora", "oft", "lokr", "loha"])
    func killing(_ family: String) async throws {
        let whole = try await LuminaProcess.run(arguments("whole", family: family))
        #expect(whole.status == 0, "\(whole.errors)")
        var kills = 0
        while true {
            let resumption = latestCheckpoint("killed").map { ["--resume-from", $0] } ?? []
            // Anywhere from before the model is loaded to somewhere in the epochs.
            let end = ProgramRun.Interruption.after(.milliseconds(Int.random(in: 200...2500)))
            let outcome = try await LuminaProcess.run(
                arguments("killed", family: family) + resumption,
                interruption: kills < 4 ? end : nil
            )
            if outcome.status == 0 { break }
            #expect(outcome.status == -SIGKILL, "\(outcome.errors)")
            guard outcome.status == -SIGKILL else { return }
            kills += 1
        }
        for file in ["training_state.safetensors"] {
            #expect(try bytes("whole/checkpoints/epoch_12/" + file) == bytes("killed/checkpoints/epoch_12/" + file))
        }
        let weights = ["lokr", "loha"].contains(family) ? "\(family)_weights.safetensors" : "adapter_model.safetensors"
        #expect(try bytes("whole/final/" + weights) == bytes("killed/final/" + weights))
    }

    @Test("A terminated run saves, says so in its exit code, and can be generated with")
    func termination() async throws {
        let stopped = try await LuminaProcess.run(
            arguments("out", family: "lora", epochs: 500),
            interruption: .init(SIGTERM) { _ in latestCheckpoint("out") != nil }
        )
        #expect(stopped.status == 128 + SIGTERM, "\(stopped.errors)")
        let names = try FileManager.default.contentsOfDirectory(atPath: directory.path(of: "out/checkpoints"))
        let saved = try #require(names.first { $0.hasPrefix("step_") })
        let song = directory.path(of: "song.wav")
        let adapter = directory.path(of: "out/checkpoints/\(saved)")
        let made = try await LuminaProcess.run(LuminaProcess.generation(["--adapter", adapter], to: song))
        #expect(made.status == 0, "\(made.errors)")
    }
}
