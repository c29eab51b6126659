// SPDX-License-Identifier: Apache-2.0

import AdapterFormats

extension Preset {
    /// The presets that need no file: preset C, then Side-Step's seven.
    ///
    /// They say only where they differ from the defaults, which are Side-Step's common ones.
    package static let builtIn: [Preset] = [
        preset(
            "c",
            "multi-genre production adapters of about 100 tracks: rank 64, alpha 192, 100 epochs",
            [
                ("rank", 64), ("alpha", 192), ("learning_rate", 5e-5), ("epochs", 100), ("save_every", 10),
                ("save_best_after", 10),
            ]
        ),
        preset("recommended", "for most purposes: rank 64", [("rank", 64), ("alpha", 128)]),
        preset(
            "high_quality",
            "more capacity: rank 128 at a lower rate",
            [("rank", 128), ("alpha", 256), ("learning_rate", 2e-4)]
        ),
        preset(
            "quick_test",
            "does everything work: rank 16, ten epochs",
            [
                ("rank", 16), ("alpha", 32), ("epochs", 10), ("warmup_steps", 10), ("save_every", 5),
                ("save_best_after", 0), ("log_every", 5),
            ],
            [("save_best", .bool(false))]
        ),
        preset(
            "vram_8gb",
            "less than 10 GB of GPU memory: rank 16, attention only",
            [("rank", 16), ("alpha", 32), ("gradient_accumulation", 8)],
            [("target_mlp", .bool(false))]
        ),
        preset("vram_12gb", "10 to 16 GB of GPU memory: rank 32", [("rank", 32), ("alpha", 64)]),
        preset(
            "vram_16gb",
            "16 to 24 GB of GPU memory: rank 64, batches of two",
            [("rank", 64), ("alpha", 128), ("batch_size", 2), ("gradient_accumulation", 2)]
        ),
        preset(
            "vram_24gb_plus",
            "24 GB of GPU memory and more: rank 128, batches of two",
            [("rank", 128), ("alpha", 256), ("batch_size", 2), ("gradient_accumulation", 2)],
            [("offload_encoder", .bool(false))]
        ),
    ]

    private static func preset(
        _ name: String,
        _ description: String,
        _ numbers: [(String, Double)],
        _ others: [(String, JSONValue)] = []
    ) -> Preset {
        var fields = JSONObject()
        for (key, number) in numbers { fields.set(key, .number(number)) }
        for (key, value) in others { fields.set(key, value) }
        return Preset(name: name, description: description, fields: fields)
    }
}
