// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials

/// A small checkpoint in the original layout with seeded random weights: the shapes of the real model at a fraction of its
/// widths.
struct RandomCheckpoint {
    let hidden = 128
    let intermediate = 320
    let layers = 4
    let heads = 4
    let keyValueHeads = 2
    let headDimension = 32
    let lyricLayers = 2
    let timbreLayers = 2
    let textHidden = 64
    let textIntermediate = 160
    let textLayers = 2
    let latentChannels = 64
    let decoderChannels = 8
    let channelMultiples = [1, 1, 2, 2, 4]
    let downsamplingRatios = [2, 4, 4, 6, 10]
    /// Long enough for the reference clip; longer pieces repeat it.
    let silenceFrames = 750

    /// Writes `acestep-v15-turbo`, `vae` and `Qwen3-Embedding-0.6B` under `directory`.
    func write(to directory: String) throws {
        let transformer = directory + "/acestep-v15-turbo"
        let text = directory + "/Qwen3-Embedding-0.6B"
        let audio = directory + "/vae"
        for path in [transformer, text, audio] {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }
        try put(tensors: transformer + "/model.safetensors", seed: 1) { tensors in
            try transformerTensors(&tensors)
            try encoderTensors(&tensors)
        }
        try put(tensors: transformer + "/silence_latent.safetensors", seed: 2) { tensors in
            try tensors.add("silence_latent", [1, latentChannels, silenceFrames], scale: 0.5)
        }
        try put(tensors: text + "/model.safetensors", seed: 3, textTensors)
        try put(tensors: audio + "/diffusion_pytorch_model.safetensors", seed: 4, decoderTensors)
        try put(modelConfiguration, at: transformer + "/config.json")
        try put(textConfiguration, at: text + "/config.json")
        try put(autoencoderConfiguration, at: audio + "/config.json")
        try ByteTokenizer.json().write(to: URL(filePath: text + "/tokenizer.json"))
    }

    private func put(
        tensors path: String,
        seed: UInt64,
        _ fill: (inout RandomTensors) throws -> Void
    ) throws {
        var tensors = try RandomTensors(seed: seed)
        try fill(&tensors)
        try tensors.write(to: path)
    }

    private func put(_ fields: [String: Field], at path: String) throws {
        try JSONEncoder.sorted.encode(fields).write(to: URL(filePath: path))
    }

    private var modelConfiguration: [String: Field] {
        [
            "model_type": "acestep", "model_version": "turbo", "is_turbo": true, "hidden_size": .number(hidden),
            "intermediate_size": .number(intermediate), "num_hidden_layers": .number(layers),
            "num_attention_heads": .number(heads), "num_key_value_heads": .number(keyValueHeads),
            "head_dim": .number(headDimension), "text_hidden_dim": .number(textHidden),
            "num_lyric_encoder_hidden_layers": .number(lyricLayers),
            "num_timbre_encoder_hidden_layers": .number(timbreLayers), "sliding_window": 32,
        ]
    }

    private var textConfiguration: [String: Field] {
        [
            "model_type": "qwen3", "vocab_size": .number(ByteTokenizer.vocabularySize),
            "hidden_size": .number(textHidden), "intermediate_size": .number(textIntermediate),
            "num_hidden_layers": .number(textLayers), "num_attention_heads": .number(heads),
            "num_key_value_heads": .number(keyValueHeads), "head_dim": .number(headDimension),
        ]
    }

    private var autoencoderConfiguration: [String: Field] {
        [
            "_class_name": "AutoencoderOobleck", "decoder_channels": .number(decoderChannels),
            "channel_multiples": .list(channelMultiples), "downsampling_ratios": .list(downsamplingRatios),
            "decoder_input_channels": .number(latentChannels), "audio_channels": 2, "sampling_rate": 48_000,
        ]
    }

    /// A value in a configuration file.
    private enum Field: Encodable, ExpressibleByStringLiteral, ExpressibleByBooleanLiteral,
        ExpressibleByIntegerLiteral
    {
        case text(String)
        case flag(Bool)
        case number(Int)
        case list([Int])

        init(stringLiteral value: String) { self = .text(value) }
        init(booleanLiteral value: Bool) { self = .flag(value) }
        init(integerLiteral value: Int) { self = .number(value) }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .text(let text): try container.encode(text)
            case .flag(let flag): try container.encode(flag)
            case .number(let number): try container.encode(number)
            case .list(let list): try container.encode(list)
            }
        }
    }
}
