// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import TrainingData

/// A data set whose parts a model of random weights can learn to tell apart: each has the conditions of its own words and latents
/// around a point of its own, far from the others'.
final class StudyFixture: Sendable {
    /// The parts, with the words of their songs.
    static let parts = [
        ("bells", "church bells ringing, bright, slow"), ("brass", "brass band, loud fanfare"),
        ("marimba", "marimba and wood, dry, fast, dancing"),
    ]

    let directory: TemporaryDirectory
    /// The folder of tensors.
    var tensors: String { directory.path(of: "tensors") }
    /// The study's folder.
    var output: String { directory.path(of: "study") }

    /// Makes the data set, with what the program itself makes of the words.
    init(songs: Int = 3, frames: Int = 20) async throws {
        directory = try TemporaryDirectory()
        try TemporaryDirectory.create(directory.path(of: "tensors"))
        var random = SeededGenerator(seed: 11)
        for (number, part) in Self.parts.enumerated() {
            let saved = directory.path(of: "\(part.0).safetensors")
            let made = try await LuminaProcess.run(
                LuminaProcess.generation(
                    ["--tags", part.1, "--save-tensors", saved],
                    duration: "0.8",
                    to: directory.path(of: "song.wav")
                )
            )
            guard made.status == 0, let conditions = try TensorFile(path: saved).tensors["encoder_hidden_states"] else {
                throw CocoaError(.fileReadUnknown, userInfo: [NSLocalizedDescriptionKey: made.errors])
            }
            let length = conditions.shape[1]
            var metadata = SampleMetadata()
            (metadata.genre, metadata.caption) = part
            let header = String(decoding: try JSONEncoder().encode(metadata), as: UTF8.self)
            for song in 0..<songs {
                let latents = (0..<frames * 64).map { place -> Float in
                    let own: Float = place % 64 % 3 == number ? 2 : -1
                    return own + Float.random(in: -0.2...0.2, using: &random)
                }
                let context = (0..<frames * 128).map { Float($0 % 128 < 64 ? 0 : 1) }
                try TensorFile(
                    tensors: [
                        "target_latents": .init(latents, shape: [frames, 64]),
                        "attention_mask": .init(Array(repeating: 1, count: frames), shape: [frames]),
                        "encoder_hidden_states": .init(conditions.floats, shape: [length, conditions.shape[2]]),
                        "encoder_attention_mask": .init(Array(repeating: 1, count: length), shape: [length]),
                        "context_latents": .init(context, shape: [frames, 128]),
                    ],
                    metadata: ["sample": header]
                ).write(to: tensors + "/\(part.0)-\(song).safetensors")
            }
        }
    }

    /// Writes a configuration and returns its path.
    func configuration(_ changes: [String: Any] = [:], steps: Int = 300, seeds: Int = 10) throws -> String {
        var object: [String: Any] = [
            "model": TestProducts.modelFixture("checkpoints"), "variant": "turbo", "device": "cpu", "dtype": "float32",
            "dataset": tensors, "output": output,
            "training": [
                "rank": 8, "alpha": 16, "dropout": 0, "learning_rate": 5e-3, "max_steps": steps,
                "gradient_accumulation": 1,
                "batch_size": 3, "cfg_ratio": 0, "scheduler_type": "constant_with_warmup", "warmup_steps": 10,
                "num_workers": 0,
            ] as [String: Any],
            "prompts": Self.parts.map { ["part": $0.0, "name": $0.0, "tags": $0.1] },
            "seeds": ["first": 1, "count": seeds], "generation": ["duration": 0.8, "batch": 5],
        ]
        for (key, value) in changes { object[key] = value }
        let data = try JSONSerialization.data(withJSONObject: object, options: [.sortedKeys, .prettyPrinted])
        return try directory.write([UInt8](data), to: "study.json")
    }

    /// Marks of units that are finished.
    var finished: [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: output + "/finished")) ?? []
        return names.filter { $0.hasSuffix(".json") }.sorted()
    }
}
