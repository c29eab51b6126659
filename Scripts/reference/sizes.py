# SPDX-License-Identifier: Apache-2.0
"""The dimensions of the checkpoints that checkpoint.py writes, and ACE-Step's config.json for each.

`micro` is small enough to be committed, `tiny` and `small` are for tests, `full` has the released 2B model's dimensions.
Every size keeps grouped-query attention, both kinds of layer and a sliding window that short clips exceed.
"""


def _heads(hidden, intermediate, heads, key_value_heads, head_dim):
    return {
        "hidden_size": hidden,
        "intermediate_size": intermediate,
        "num_attention_heads": heads,
        "num_key_value_heads": key_value_heads,
        "head_dim": head_dim,
    }


def _layers(dit, lyric, timbre, pooler):
    return {
        "num_hidden_layers": dit,
        "num_lyric_encoder_hidden_layers": lyric,
        "num_timbre_encoder_hidden_layers": timbre,
        "num_attention_pooler_hidden_layers": pooler,
    }


MODEL = {
    "micro": {**_heads(16, 32, 2, 1, 8), **_layers(3, 2, 2, 2), "sliding_window": 4, "text_hidden_dim": 12, "fsq_dim": 16},
    "tiny": {**_heads(64, 160, 4, 2, 16), **_layers(4, 2, 2, 2), "sliding_window": 8, "text_hidden_dim": 32, "fsq_dim": 64},
    "small": {
        **_heads(256, 640, 8, 4, 32), **_layers(6, 3, 2, 2), "sliding_window": 16, "text_hidden_dim": 96, "fsq_dim": 256},
    "full": {
        **_heads(2048, 6144, 16, 8, 128), **_layers(24, 8, 4, 2), "sliding_window": 128, "text_hidden_dim": 1024,
        "fsq_dim": 2048},
}

TEXT = {
    "micro": {**_heads(12, 24, 2, 1, 8), "num_hidden_layers": 2},
    "tiny": {**_heads(32, 96, 4, 2, 16), "num_hidden_layers": 3},
    "small": {**_heads(96, 256, 4, 2, 32), "num_hidden_layers": 4},
    "full": {**_heads(1024, 3072, 16, 8, 128), "num_hidden_layers": 28},
}

# The encoder's width is also its number of output channels, twice the 64 of the latents: it cannot shrink.
VAE = {
    "micro": {"encoder_hidden_size": 128, "decoder_channels": 4, "channel_multiples": [1, 1, 1, 1, 2]},
    "tiny": {"encoder_hidden_size": 128, "decoder_channels": 8, "channel_multiples": [1, 1, 1, 1, 2]},
    "small": {"encoder_hidden_size": 128, "decoder_channels": 16, "channel_multiples": [1, 1, 2, 2, 2]},
    "full": {"encoder_hidden_size": 128, "decoder_channels": 128, "channel_multiples": [1, 2, 4, 8, 16]},
}


def alternating(count):
    return ["full_attention" if index % 2 else "sliding_attention" for index in range(count)]


def model_config(size, variant, xl=False, dtype="float32", layers=None):
    """ACE-Step's config.json. `xl`: a DiT wider than its condition encoder, whose query width is not its hidden size."""
    config = {
        "model_type": "acestep",
        "architectures": ["AceStepConditionGenerationModel"],
        "model_version": ("xl-" if xl else "") + variant,
        "is_turbo": variant == "turbo",
        "dtype": dtype,
        "in_channels": 192,
        "audio_acoustic_hidden_dim": 64,
        "timbre_hidden_dim": 64,
        "timbre_fix_frame": 750,
        "patch_size": 2,
        "pool_window_size": 5,
        "fsq_input_levels": [8, 8, 8, 5, 5, 5],
        "fsq_input_num_quantizers": 1,
        "rope_theta": 1000000,
        "rope_scaling": None,
        "rms_norm_eps": 1e-6,
        "attention_bias": False,
        "attention_dropout": 0.0,
        "hidden_act": "silu",
        "use_sliding_window": True,
        "max_position_embeddings": 32768,
        "vocab_size": 64003,
        "initializer_range": 0.02,
        "data_proportion": 0.5,
        "timestep_mu": -0.4,
        "timestep_sigma": 1.0,
        **MODEL[size],
    }
    if layers:
        config["num_hidden_layers"] = layers
    if xl:
        for key in ("hidden_size", "intermediate_size", "num_attention_heads", "num_key_value_heads"):
            config["encoder_" + key] = config[key]
        config["hidden_size"] = config["hidden_size"] * 5 // 4
        config["num_attention_heads"] *= 2
    config["layer_types"] = alternating(config["num_hidden_layers"])
    return config


def text_config(size, vocabulary, end_of_text):
    """config.json of the Qwen3 text encoder."""
    return {
        "model_type": "qwen3",
        "architectures": ["Qwen3ForCausalLM"],
        "vocab_size": vocabulary,
        "eos_token_id": end_of_text,
        "rope_theta": 1000000,
        "rms_norm_eps": 1e-6,
        "tie_word_embeddings": True,
        "attention_bias": False,
        "hidden_act": "silu",
        "max_position_embeddings": 32768,
        **TEXT[size],
    }


def vae_config(size):
    """config.json of the Oobleck autoencoder."""
    return {
        "downsampling_ratios": [2, 4, 4, 6, 10],
        "decoder_input_channels": 64,
        "audio_channels": 2,
        "sampling_rate": 48000,
        **VAE[size],
    }
