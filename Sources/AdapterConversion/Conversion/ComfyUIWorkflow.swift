// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials

/// A ComfyUI workflow, in the form that its API takes, which plays ACE-Step 1.5 with one adapter.
///
/// The nodes are ComfyUI's own. What a user has to supply are the names of the model files.
public struct ComfyUIWorkflow: Encodable {
    /// A node's input: a value, or the output of another node.
    private enum Input: Encodable {
        case text(String)
        case number(Double)
        case whole(Int)
        case flag(Bool)
        case output(String, Int)

        func encode(to encoder: any Encoder) throws {
            switch self {
            case .output(let node, let index):
                var list = encoder.unkeyedContainer()
                try list.encode(node)
                try list.encode(index)
            case .text(let value): try single(encoder, value)
            case .number(let value): try single(encoder, value)
            case .whole(let value): try single(encoder, value)
            case .flag(let value): try single(encoder, value)
            }
        }

        private func single(_ encoder: any Encoder, _ value: some Encodable) throws {
            var container = encoder.singleValueContainer()
            try container.encode(value)
        }
    }

    private struct Node: Encodable {
        let type: String
        let inputs: [String: Input]

        private enum CodingKeys: String, CodingKey {
            case type = "class_type"
            case inputs
        }
    }

    private let nodes: [String: Node]

    /// A workflow for one adapter.
    ///
    /// - Parameters:
    ///   - adapter: the file's name in ComfyUI's `models/loras`.
    ///   - isTurbo: whether the base is a turbo variant, which takes few steps and no guidance.
    ///   - shift: the schedule's shift; the variant's own if nil.
    ///   - steps: denoising steps; the variant's own if nil.
    ///   - guidance: the guidance scale; the variant's own if nil.
    ///   - tags: the caption.
    public init(
        adapter: String,
        isTurbo: Bool,
        shift: Double?,
        steps: Int?,
        guidance: Double?,
        tags: String
    ) {
        let seconds = 60.0
        nodes = [
            "1": Node(
                type: "CheckpointLoaderSimple",
                inputs: ["ckpt_name": .text("ace_step_1.5_\(isTurbo ? "turbo" : "base")_aio.safetensors")]
            ),
            "2": Node(
                type: "LoraLoaderModelOnly",
                inputs: ["model": .output("1", 0), "lora_name": .text(adapter), "strength_model": .number(1)]
            ),
            "3": Node(
                type: "ModelSamplingAuraFlow",
                inputs: ["model": .output("2", 0), "shift": .number(shift ?? (isTurbo ? 3 : 1))]
            ),
            "4": Node(type: "TextEncodeAceStepAudio1.5", inputs: Self.encoding(tags: tags, seconds: seconds)),
            "5": Node(type: "ConditioningZeroOut", inputs: ["conditioning": .output("4", 0)]),
            "6": Node(
                type: "EmptyAceStep1.5LatentAudio",
                inputs: ["seconds": .number(seconds), "batch_size": .whole(1)]
            ),
            "7": Node(
                type: "KSampler",
                inputs: [
                    "model": .output("3", 0), "positive": .output("4", 0), "negative": .output("5", 0),
                    "latent_image": .output("6", 0), "seed": .whole(42), "steps": .whole(steps ?? (isTurbo ? 8 : 50)),
                    "cfg": .number(isTurbo ? 1 : guidance ?? 7), "sampler_name": .text("euler"),
                    "scheduler": .text("simple"), "denoise": .number(1),
                ]
            ),
            "8": Node(type: "VAEDecodeAudio", inputs: ["samples": .output("7", 0), "vae": .output("1", 2)]),
            "9": Node(
                type: "SaveAudioMP3",
                inputs: [
                    "audio": .output("8", 0), "filename_prefix": .text("audio/lumina"), "quality": .text("320k"),
                ]
            ),
        ]
    }

    private static func encoding(tags: String, seconds: Double) -> [String: Input] {
        [
            "clip": .output("1", 1), "tags": .text(tags), "lyrics": .text("[Instrumental]"), "seed": .whole(42),
            "bpm": .whole(120), "duration": .number(seconds), "timesignature": .text("4"), "language": .text("en"),
            "keyscale": .text("C major"),
            // The adapter's effect is heard best without the language model's own plan of the song.
            "generate_audio_codes": .flag(false), "cfg_scale": .number(2), "temperature": .number(0.85),
            "top_p": .number(0.9), "top_k": .whole(0), "min_p": .number(0),
        ]
    }

    /// Writes the nodes by their numbers.
    public func encode(to encoder: any Encoder) throws { try nodes.encode(to: encoder) }
}
