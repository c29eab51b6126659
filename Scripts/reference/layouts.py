# SPDX-License-Identifier: Apache-2.0
"""A checkpoint in its two layouts on disk, ACE-Step's own and diffusers', and the diffusers pipeline loaded from either."""
import json
import pathlib
import warnings

import diffusers
import torch
import transformers
from diffusers import AutoencoderOobleck, FlowMatchEulerDiscreteScheduler
from diffusers.models.transformers.ace_step_transformer import AceStepTransformer1DModel
from diffusers.pipelines.ace_step import (
    AceStepAudioTokenDetokenizer, AceStepAudioTokenizer, AceStepConditionEncoder, AceStepPipeline)
from safetensors.torch import load_file, save_file
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3Model

import sizes

# Both libraries warn of every cast and show progress bars.
diffusers.utils.logging.set_verbosity_error()
transformers.utils.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()
warnings.filterwarnings("ignore", category=FutureWarning)

TEXT_DIRECTORY = "Qwen3-Embedding-0.6B"
WEIGHTS = "diffusion_pytorch_model.safetensors"
# ACE-Step's name of a module, and diffusers'.
RENAMED = [("q_proj", "to_q"), ("k_proj", "to_k"), ("v_proj", "to_v"), ("o_proj", "to_out.0"), ("q_norm", "norm_q"),
           ("k_norm", "norm_k"), ("proj_in.1", "proj_in_conv"), ("proj_out.1", "proj_out_conv")]
# diffusers' name of a component, its class, and the prefix of its tensors in ACE-Step's model.safetensors.
COMPONENTS = {
    "transformer": (AceStepTransformer1DModel, "decoder."),
    "condition_encoder": (AceStepConditionEncoder, "encoder."),
    "audio_tokenizer": (AceStepAudioTokenizer, "tokenizer."),
    "audio_token_detokenizer": (AceStepAudioTokenDetokenizer, "detokenizer."),
}
# Members of the condition encoder that ACE-Step keeps elsewhere: a tensor without prefix, and a file of its own.
NULL, SILENCE = "null_condition_emb", "silence_latent"


def to_original(name):
    for original, theirs in RENAMED:
        name = f".{name}".replace(f".{theirs}.", f".{original}.")[1:]
    return name


def to_diffusers(name):
    for original, theirs in RENAMED:
        name = f".{name}".replace(f".{original}.", f".{theirs}.")[1:]
    return name


def component_configs(config):
    """The constructor arguments of each component, from ACE-Step's config.json."""
    take = lambda *names: {name: config[name] for name in names}
    encoder = {name: config.get("encoder_" + name, config[name])
               for name in ("hidden_size", "intermediate_size", "num_attention_heads", "num_key_value_heads")}
    attention = take("head_dim", "rope_theta", "attention_bias", "attention_dropout", "rms_norm_eps", "sliding_window")
    pooler_layers = config["num_attention_pooler_hidden_layers"]
    pooler = {
        **encoder, **attention,
        **take("audio_acoustic_hidden_dim", "pool_window_size", "num_attention_pooler_hidden_layers"),
        "layer_types": config["layer_types"][:pooler_layers],
    }
    return {
        "transformer": {
            **attention,
            **take("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads",
                   "in_channels", "audio_acoustic_hidden_dim", "patch_size", "layer_types", "is_turbo", "model_version"),
            "encoder_hidden_size": encoder["hidden_size"],
        },
        "condition_encoder": {
            **encoder, **attention,
            **take("text_hidden_dim", "timbre_hidden_dim", "num_lyric_encoder_hidden_layers",
                   "num_timbre_encoder_hidden_layers"),
        },
        "audio_tokenizer": {**pooler, **take("fsq_dim", "fsq_input_levels", "fsq_input_num_quantizers")},
        "audio_token_detokenizer": pooler,
    }


def read_json(path):
    return json.loads(pathlib.Path(path).read_text(encoding="utf-8"))


def write_json(path, value):
    pathlib.Path(path).write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_tensors(directory, name):
    """All tensors of a file, or of the shards that its index names."""
    index = pathlib.Path(directory, name + ".index.json")
    files = sorted(set(read_json(index)["weight_map"].values())) if index.exists() else [name]
    return {key: value for file in files for key, value in load_file(pathlib.Path(directory, file)).items()}


def write_tensors(directory, name, tensors, shards=1):
    """One file, or `shards` of them with an index."""
    tensors = {key: value.detach().contiguous() for key, value in tensors.items()}
    if shards == 1:
        save_file(tensors, pathlib.Path(directory, name), metadata={"format": "pt"})
        return
    keys, places = list(tensors), {}
    for number in range(shards):
        file = name.replace(".safetensors", f"-{number + 1:05}-of-{shards:05}.safetensors")
        part = keys[number * len(keys) // shards:(number + 1) * len(keys) // shards]
        save_file({key: tensors[key] for key in part}, pathlib.Path(directory, file), metadata={"format": "pt"})
        places |= {key: file for key in part}
    total = sum(value.nbytes for value in tensors.values())
    write_json(pathlib.Path(directory, name + ".index.json"), {"metadata": {"total_size": total}, "weight_map": places})


class Parts:
    """A checkpoint's tensors and configurations, in no layout: by diffusers' component and diffusers' tensor name.

    `tensors[component]` has ACE-Step's four components, `vae` and `text_encoder`; `silence` is [1, frames, 64], float32.
    """

    def __init__(self, config, text, vae, tensors, silence, tokenizer):
        self.config, self.text, self.vae = config, text, vae
        self.tensors, self.silence, self.tokenizer = tensors, silence, tokenizer

    def directory_name(self):
        return "acestep-v15-" + self.config["model_version"]

    def write_original(self, root, shards=1):
        """The DiT's directory, `vae` and the text encoder beside it. Several variants may share one root."""
        root = pathlib.Path(root)
        dit, text, vae = (root / name for name in (self.directory_name(), TEXT_DIRECTORY, "vae"))
        for directory in (dit, text, vae):
            directory.mkdir(parents=True, exist_ok=True)
        state = {}
        for component, (_, prefix) in COMPONENTS.items():
            for name, value in self.tensors[component].items():
                state[name if name == NULL else prefix + to_original(name)] = value
        write_tensors(dit, "model.safetensors", state, shards)
        write_json(dit / "config.json", self.config)
        torch.save(self.silence.transpose(1, 2).contiguous(), dit / "silence_latent.pt")
        write_tensors(text, "model.safetensors", self.tensors["text_encoder"])
        write_json(text / "config.json", self.text)
        self.write_tokenizer(text)
        write_tensors(vae, WEIGHTS, self.tensors["vae"])
        write_json(vae / "config.json", {"_class_name": "AutoencoderOobleck", **self.vae})

    def write_diffusers(self, root, shard_bytes=5 << 30):
        """As `AceStepPipeline.save_pretrained` writes it."""
        pipeline(self).save_pretrained(str(root), max_shard_size=shard_bytes)

    def write_tokenizer(self, directory):
        self.tokenizer.save(str(pathlib.Path(directory, "tokenizer.json")), pretty=False)
        end = "<|endoftext|>"
        write_json(pathlib.Path(directory, "tokenizer_config.json"), {
            "tokenizer_class": "Qwen2Tokenizer", "pad_token": end, "eos_token": end, "model_max_length": 131072})


def read_original(root, variant=None):
    from tokenizers import Tokenizer
    root = pathlib.Path(root)
    found = sorted(root.glob(f"acestep-v15-{variant or '*'}"))
    if len(found) != 1:
        raise FileNotFoundError(f"{root} has {len(found)} directories acestep-v15-{variant or '*'}, expected one")
    state, tensors = read_tensors(found[0], "model.safetensors"), {}
    for component, (_, prefix) in COMPONENTS.items():
        tensors[component] = {to_diffusers(key[len(prefix):]): value for key, value in state.items() if key.startswith(prefix)}
    tensors["condition_encoder"][NULL] = state[NULL]
    tensors["text_encoder"] = read_tensors(root / TEXT_DIRECTORY, "model.safetensors")
    tensors["vae"] = read_tensors(root / "vae", WEIGHTS)
    silence = torch.load(found[0] / "silence_latent.pt", weights_only=True).transpose(1, 2).contiguous()
    vae = {key: value for key, value in read_json(root / "vae/config.json").items() if not key.startswith("_")}
    return Parts(read_json(found[0] / "config.json"), read_json(root / TEXT_DIRECTORY / "config.json"), vae, tensors, silence,
                 Tokenizer.from_file(str(root / TEXT_DIRECTORY / "tokenizer.json")))


def empty(cls, config, silence=None):
    """A module without storage. Buffers that no file holds are taken from a small module of the same kind."""
    with torch.device("meta"):
        module = cls(**config)
    shrunk = {**config, **{key: value for key, value in sizes.MODEL["micro"].items() if key in config}}
    shrunk.pop("layer_types", None)
    if cls is AceStepAudioTokenizer:
        for name, value in cls(**shrunk).named_buffers():
            owner, _, leaf = name.rpartition(".")
            module.get_submodule(owner)._buffers[leaf] = value
    if silence is not None:
        module.register_buffer(SILENCE, silence, persistent=True)
    return module


def assign(module, tensors, dtype, optional=()):
    """`tensors` as the module's own; only names that start with one of `optional` may be missing."""
    result = module.load_state_dict(tensors, strict=False, assign=True)
    missing = [name for name in result.missing_keys if not name.startswith(tuple(optional))]
    if missing or result.unexpected_keys:
        raise ValueError(f"{type(module).__name__}: missing {missing[:3]}, unexpected {result.unexpected_keys[:3]}")
    for prefix in optional:
        if any(name.startswith(prefix) for name in result.missing_keys):
            delattr(module, prefix.rstrip("."))
    return (module if dtype is None else module.to(dtype)).eval()


def fast_tokenizer(tokenizer):
    end = "<|endoftext|>"
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token=end, eos_token=end, padding_side="right")


def pipeline(parts, dtype=None):
    """diffusers' pipeline with these parts, computing in `dtype` (default: as stored)."""
    modules = {}
    for component, config in component_configs(parts.config).items():
        cls, tensors = COMPONENTS[component][0], dict(parts.tensors[component])
        silence = None
        if component == "condition_encoder":
            # Stored in the weights' type by diffusers' layout, but float32 in ACE-Step's whatever the weights are.
            silence = tensors[SILENCE] = parts.silence.to(dtype or tensors[NULL].dtype)
        modules[component] = assign(empty(cls, config, silence), tensors, dtype)
    text_config = Qwen3Config(**parts.text)
    with torch.device("meta"):
        text_encoder, vae = Qwen3Model(text_config), AutoencoderOobleck(**parts.vae)
    text_encoder.rotary_emb = type(text_encoder.rotary_emb)(text_config)
    modules["text_encoder"] = assign(text_encoder, parts.tensors["text_encoder"], dtype)
    modules["vae"] = assign(vae, parts.tensors["vae"], dtype, optional=["encoder."])
    result = AceStepPipeline(tokenizer=fast_tokenizer(parts.tokenizer),
                             scheduler=FlowMatchEulerDiscreteScheduler(num_train_timesteps=1, shift=1.0), **modules)
    result.set_progress_bar_config(disable=True)
    return result


def is_diffusers(root):
    return pathlib.Path(root, "model_index.json").exists()


def read_diffusers(root):
    """Parts of a directory in diffusers' layout, read file by file: from_pretrained insists on 15000 frames of silence."""
    from tokenizers import Tokenizer
    root, tensors, config = pathlib.Path(root), {}, {}
    for component in COMPONENTS:
        tensors[component] = read_tensors(root / component, WEIGHTS)
        own = read_json(root / component / "config.json")
        if component == "transformer":
            config |= own
        elif component == "condition_encoder":
            config |= {"encoder_" + key: own[key] for key in
                       ("hidden_size", "intermediate_size", "num_attention_heads", "num_key_value_heads")}
            config |= {key: value for key, value in own.items() if key not in config and key != "layer_types"}
        else:
            config |= {key: value for key, value in own.items() if key not in config}
    config = {key: value for key, value in config.items() if not key.startswith("_")}
    vae = {key: value for key, value in read_json(root / "vae/config.json").items() if not key.startswith("_")}
    tensors["vae"] = read_tensors(root / "vae", WEIGHTS)
    tensors["text_encoder"] = read_tensors(root / "text_encoder", "model.safetensors")
    silence = tensors["condition_encoder"].pop(SILENCE).float()
    return Parts(config, read_json(root / "text_encoder/config.json"), vae, tensors, silence,
                 Tokenizer.from_file(str(root / "tokenizer/tokenizer.json")))


def read(root, variant=None):
    return read_diffusers(root) if is_diffusers(root) else read_original(root, variant)
