// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The sizes of the small model, and the configuration files that say them.
///
/// Every part of the released models is there; widths and numbers of layers are what two processor cores can train in an hour and
/// a half.
package struct SmallModel: Sendable, Equatable {
    /// The transformer's channels.
    package var hidden = 192
    /// Channels inside its feed-forward blocks.
    package var intermediate = 512
    /// Its layers.
    package var layers = 7
    /// Query heads.
    package var heads = 6
    /// Key and value heads.
    package var keyValueHeads = 3
    /// Channels of one head, everywhere.
    package var headDimension = 32
    /// Channels of the text encoder, and what lyrics are embedded in.
    package var textHidden = 192
    /// Channels inside the text encoder's feed-forward blocks.
    package var textIntermediate = 384
    /// The text encoder's layers.
    package var textLayers = 2
    /// Layers of the lyric encoder.
    package var lyricLayers = 1
    /// Layers of the timbre encoder.
    package var timbreLayers = 1
    /// Layers on each side of the audio codes.
    package var poolerLayers = 1
    /// The condition encoder's channels, and those of the audio codes.
    package var encoderHidden = 192
    /// Channels inside the condition encoder's feed-forward blocks.
    package var encoderIntermediate = 384
    /// Query heads of the condition encoder.
    package var encoderHeads = 6
    /// Key and value heads of the condition encoder.
    package var encoderKeyValueHeads = 3
    /// Latent frames of the reference clip: ten seconds.
    package var timbreFrames = 250
    /// Channels of the latents.
    package var latentChannels = 64
    /// How far a sliding layer sees to either side, in tokens.
    package var slidingWindow = 64
    /// Frames of encoded silence that come with the model; longer pieces repeat them.
    package var silenceFrames = 750

    /// The sizes that are shipped.
    package init() {}

    /// The transformer's `config.json`.
    var configuration: [String: any Sendable] {
        [
            "model_type": "acestep", "architectures": ["AceStepConditionGenerationModel"], "model_version": "base",
            "is_turbo": false, "dtype": "bfloat16", "hidden_size": hidden, "intermediate_size": intermediate,
            "num_hidden_layers": layers, "num_attention_heads": heads, "num_key_value_heads": keyValueHeads,
            "head_dim": headDimension, "encoder_hidden_size": encoderHidden,
            "encoder_intermediate_size": encoderIntermediate, "encoder_num_attention_heads": encoderHeads,
            "encoder_num_key_value_heads": encoderKeyValueHeads, "in_channels": 3 * latentChannels,
            "audio_acoustic_hidden_dim": latentChannels, "timbre_hidden_dim": latentChannels,
            "timbre_fix_frame": timbreFrames, "patch_size": 2, "text_hidden_dim": textHidden,
            "num_lyric_encoder_hidden_layers": lyricLayers, "num_timbre_encoder_hidden_layers": timbreLayers,
            "num_attention_pooler_hidden_layers": poolerLayers, "num_audio_decoder_hidden_layers": layers,
            "pool_window_size": 5, "fsq_dim": encoderHidden, "fsq_input_levels": [8, 8, 8, 5, 5, 5],
            "fsq_input_num_quantizers": 1,
            "layer_types": (0..<layers).map { $0.isMultiple(of: 2) ? "sliding_attention" : "full_attention" },
            "use_sliding_window": true, "sliding_window": slidingWindow, "rope_theta": 1_000_000, "rms_norm_eps": 1e-6,
            "attention_bias": false, "attention_dropout": 0.0, "hidden_act": "silu", "initializer_range": 0.02,
            // Wider than the released models' -0.4 and 1: tempo is decided where there is almost only noise, and how sharply
            // notes begin where there is almost none.
            "max_position_embeddings": 32_768, "timestep_mu": 0.0, "timestep_sigma": 1.5, "data_proportion": 0.5,
            "vocab_size": 64_003,
        ]
    }

    /// The text encoder's `config.json`.
    ///
    /// - Parameter vocabulary: how many tokens the tokenizer makes.
    /// - Returns: its fields.
    func textConfiguration(vocabulary: Int) -> [String: any Sendable] {
        [
            "model_type": "qwen3", "architectures": ["Qwen3Model"], "vocab_size": vocabulary, "hidden_size": textHidden,
            "intermediate_size": textIntermediate, "num_hidden_layers": textLayers,
            "num_attention_heads": textHidden / headDimension, "num_key_value_heads": textHidden / headDimension / 2,
            "head_dim": headDimension, "rope_theta": 1_000_000, "rms_norm_eps": 1e-6, "tie_word_embeddings": true,
            "attention_bias": false, "hidden_act": "silu", "max_position_embeddings": 32_768, "dtype": "bfloat16",
        ]
    }
}
