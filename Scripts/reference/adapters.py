# SPDX-License-Identifier: Apache-2.0
"""Write adapters with random non-zero weights for a checkpoint through PEFT and LyCORIS, and the plain LoRA in other tools' key
styles.

What the library that owns the format makes of such an adapter at full strength is `effect`: the truth for it in Lumina.
"""
import argparse
import copy
import json
import pathlib
import re

import torch
from peft import LoraConfig, OFTConfig, PeftConfig, get_peft_model, set_peft_model_state_dict
from peft.utils import get_peft_model_state_dict
from safetensors.torch import load_file, save_file

import layouts
import lycoris_adapters

ATTENTION = ["to_q", "to_k", "to_v", "to_out.0"]
MLP = ["gate_proj", "up_proj", "down_proj"]
KINDS = ["lora", "lora-mlp", "rslora", "pattern", "dora", "oft", "oft-neumann", *lycoris_adapters.KINDS]
STYLES = ["decoder", "default", "diffusers", "comfyui", "kohya"]
WEIGHTS, CONFIG = "adapter_model.safetensors", "adapter_config.json"


def renamed(text, forwards):
    """Module names inside keys, target lists and patterns: ACE-Step's to diffusers' if `forwards`, else back."""
    for original, diffusers in layouts.RENAMED:
        old, new = (original, diffusers) if forwards else (diffusers, original)
        text = re.sub(rf"(?<![A-Za-z0-9_]){re.escape(old)}(?![A-Za-z0-9_])", lambda _: new, text)
    return text


def peft_config(kind, rank, alpha):
    common = {"r": rank, "lora_alpha": alpha, "lora_dropout": 0.0, "bias": "none", "target_modules": list(ATTENTION)}
    if kind == "lora-mlp":
        return LoraConfig(**{**common, "target_modules": ATTENTION + MLP})
    if kind == "pattern":
        ranks = {r"layers\.0\.self_attn\.to_q": 2 * rank, r"cross_attn\.to_v": max(1, rank // 2)}
        return LoraConfig(**common, rank_pattern=ranks, alpha_pattern={r"layers\.0\.self_attn\.to_q": 3 * alpha})
    if kind.startswith("oft"):
        return OFTConfig(r=0, oft_block_size=8, bias="none", target_modules=list(ATTENTION),
                         use_cayley_neumann=kind == "oft-neumann")
    return LoraConfig(**common, use_rslora=kind == "rslora", use_dora=kind == "dora")


def randomise(model, generator, strength=0.3):
    """Random values of a size that moves each weight by about `strength` of its own: no less, or mistakes would not show."""
    normal = lambda parameter, scale: parameter.copy_(scale * torch.randn(parameter.shape, generator=generator))
    with torch.no_grad():
        for _, layer in sorted(model.named_modules()):
            if hasattr(layer, "oft_R") and layer.oft_R:
                normal(layer.oft_R["default"].weight, strength / 2)
            elif hasattr(layer, "lora_A") and layer.lora_A:
                down, up = layer.lora_A["default"].weight, layer.lora_B["default"].weight
                normal(down, down.shape[1] ** -0.5)
                normal(up, strength / (layer.scaling["default"] * down.shape[0] ** 0.5))
                for magnitude in layer.lora_magnitude_vector.values():
                    magnitude.weight.mul_(1 + 0.2 * torch.randn(magnitude.weight.shape, generator=generator))


def write(transformer, kind, rank, alpha, seed, directory, dtype=torch.float32):
    """A directory in ACE-Step's module names, as trainers on PEFT or LyCORIS leave it."""
    if kind in lycoris_adapters.KINDS:
        return lycoris_adapters.write(transformer, kind, rank, alpha, seed, directory, dtype)
    model = get_peft_model(transformer, peft_config(kind, rank, alpha))
    randomise(model, torch.Generator().manual_seed(seed))
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    state = get_peft_model_state_dict(model)
    save_file({renamed(key, forwards=False): value.to(dtype).contiguous() for key, value in state.items()},
              directory / WEIGHTS, metadata={"format": "pt"})
    plain = lambda value: sorted(value) if isinstance(value, set) else str(value)
    config = json.dumps(model.peft_config["default"].to_dict(), default=plain)
    layouts.write_json(directory / CONFIG, json.loads(renamed(config, forwards=False)))
    model.unload()


def write_style(directory, style, out):
    """The plain LoRA of `directory` under another tool's keys: a PEFT directory, or one file for tools that take a file."""
    directory, out = pathlib.Path(directory), pathlib.Path(out)
    config, styled = layouts.read_json(directory / CONFIG), {}
    for key, value in load_file(directory / WEIGHTS).items():
        path, half = re.fullmatch(r"base_model\.model\.(.+)\.lora_([AB])\.weight", key).groups()
        part, alpha = "lora_down" if half == "A" else "lora_up", torch.tensor(float(config["lora_alpha"]))
        if style == "decoder":
            styled[f"base_model.model.decoder.{path}.lora_{half}.weight"] = value
        elif style == "default":
            styled[f"base_model.model.{path}.lora_{half}.default.weight"] = value
        elif style == "diffusers":
            styled[f"transformer.{layouts.to_diffusers(path + '.')[:-1]}.lora_{half}.weight"] = value
        else:
            prefix = f"diffusion_model.decoder.{path}" if style == "comfyui" else "lora_unet_decoder_" + path.replace(".", "_")
            styled |= {f"{prefix}.{part}.weight": value, f"{prefix}.alpha": alpha}
    styled = {key: value.clone() for key, value in styled.items()}
    if style in ("decoder", "default"):
        out.mkdir(parents=True, exist_ok=True)
        save_file(styled, out / WEIGHTS, metadata={"format": "pt"})
        layouts.write_json(out / CONFIG, config)
    else:
        save_file(styled, out.with_suffix(".safetensors"))


def effect(transformer, directory):
    """{parameter name: W' - W} in float32, W' being the weight that the library of the format gives at full strength."""
    directory = pathlib.Path(directory)
    if lycoris_adapters.weights_file(directory):
        return lycoris_adapters.effect(transformer, directory)
    config = PeftConfig.from_pretrained(str(directory))
    for field in ("target_modules", "rank_pattern", "alpha_pattern"):
        value = getattr(config, field, None)
        if isinstance(value, dict):
            setattr(config, field, {renamed(key, forwards=True): number for key, number in value.items()})
        elif value:
            names = value if isinstance(value, str) else list(value)
            setattr(config, field, renamed(names, True) if isinstance(names, str) else [renamed(name, True) for name in names])
    base = {name: value.float() for name, value in transformer.named_parameters()}
    model = get_peft_model(copy.deepcopy(transformer).float(), config)
    state = {renamed(key, forwards=True): value for key, value in load_file(directory / WEIGHTS).items()}
    result = set_peft_model_state_dict(model, state)
    if result.unexpected_keys:
        raise ValueError(f"{directory}: PEFT has no place for {result.unexpected_keys[:3]}")
    merged = dict(model.merge_and_unload().named_parameters())
    return {name: merged[name].float() - value for name, value in base.items() if not torch.equal(merged[name].float(), value)}


def blend(transformer, adapters):
    """Add `sum of weight * effect` to the transformer in place; `adapters` is [(directory, weight)]."""
    total = {}
    for directory, weight in adapters:
        for name, delta in effect(transformer, directory).items():
            total[name] = total.get(name, 0) + weight * delta
    with torch.no_grad():
        for name, parameter in transformer.named_parameters():
            if name in total:
                parameter.copy_(parameter.float() + total[name])


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--checkpoint", required=True, metavar="DIR")
    arguments.add_argument("--variant", help="which acestep-v15-* directory, where there are several")
    arguments.add_argument("--out", required=True, metavar="DIR", help="one entry is written for each kind and style")
    arguments.add_argument("--rank", type=int, default=4)
    arguments.add_argument("--alpha", type=int, default=12)
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--dtype", choices=["float32", "bfloat16", "float16"], default="float32")
    arguments.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    arguments.add_argument("--styles", nargs="*", choices=STYLES, default=STYLES, help="other key styles of the plain LoRA")
    options = arguments.parse_args()
    transformer = layouts.pipeline(layouts.read(options.checkpoint, options.variant)).transformer
    for index, kind in enumerate(options.kinds):
        directory = pathlib.Path(options.out, kind)
        write(transformer, kind, options.rank, options.alpha, options.seed + index, directory, getattr(torch, options.dtype))
        print(directory)
        for style in options.styles if kind == "lora" else []:
            write_style(directory, style, f"{directory}-{style}")


if __name__ == "__main__":
    main()
