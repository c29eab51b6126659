# SPDX-License-Identifier: Apache-2.0
"""Time the reference on a checkpoint and print one JSON object with the keys that `lumina bench` has.

`ready_s`: from the start of this file to the end of the first DiT step, less what a later step costs.
"""
import time

STARTED = time.perf_counter()

import argparse  # noqa: E402  (the clock runs before the imports, which are part of being ready)
import json
import pathlib
import resource
import statistics
import sys
import warnings

import torch
from safetensors.torch import load_file

import layouts

FRAMES_PER_SECOND, VAE_FRAMES, CONDITIONS = 25, 100, 100
PROMPTS = ["jazz, piano trio", "lo-fi hip hop, warm tape", "slow orchestral build", "fast punk with a shouted chorus", "solo oud"]


def timed(work, repeat=1):
    """The median of `repeat` runs in seconds."""
    seconds = []
    for _ in range(repeat):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def step_of(pipe, duration, dtype):
    """One DiT forward pass on a song of `duration` seconds."""
    frames, time_now = int(duration * FRAMES_PER_SECOND), torch.ones(1, dtype=dtype)
    noise, context = torch.randn(1, frames, 64, dtype=dtype), torch.randn(1, frames, 128, dtype=dtype)
    conditions = torch.randn(1, CONDITIONS, pipe.condition_encoder.config.hidden_size, dtype=dtype)
    return lambda: pipe.transformer(hidden_states=noise, timestep=time_now, timestep_r=time_now, context_latents=context,
                                    encoder_hidden_states=conditions, return_dict=False)


def requests(pipe, options):
    """Whole requests, each with another prompt and seed, so that nothing could be kept from the one before."""
    numbers = iter(range(10**9))

    def one():
        number = next(numbers)
        pipe(prompt=f"{PROMPTS[number % len(PROMPTS)]}, take {number}", lyrics="[Instrumental]", guidance_scale=1.0,
             audio_duration=options.duration, num_inference_steps=options.steps, shift=3.0,
             generator=torch.Generator().manual_seed(number))

    return one


def adapter_loader(pipe, directory, dtype):
    """Reads a PEFT LoRA from disk into the transformer, beside the weights. Each call takes another name."""
    from peft import LoraConfig, set_peft_model_state_dict

    import adapters
    names = iter(f"adapter{number}" for number in range(10**9))

    def load():
        raw = layouts.read_json(pathlib.Path(directory, adapters.CONFIG))
        targets = [adapters.renamed(name, forwards=True) for name in raw["target_modules"]]
        name = next(names)
        pipe.transformer.add_adapter(LoraConfig(r=raw["r"], lora_alpha=raw["lora_alpha"], target_modules=targets), adapter_name=name)
        state = load_file(pathlib.Path(directory, adapters.WEIGHTS))
        state = {adapters.renamed(key, forwards=True).removeprefix("base_model.model."): value for key, value in state.items()}
        set_peft_model_state_dict(pipe.transformer, state, adapter_name=name)
        pipe.transformer.to(dtype)
        return name

    return load


def measure_adapter(pipe, options, step, dtype):
    """Cold load, a step with the adapter, and the switch between two resident ones as diffusers does it."""
    load, names = adapter_loader(pipe, options.adapter, dtype), []
    figures = {"adapter_load_s": timed(lambda: names.append(load()))}
    step()
    figures["dit_step_with_adapter_s"] = timed(step, options.repeat)
    names.append(load())
    turn = iter(range(10**9))
    figures["adapter_switch_s"] = timed(lambda: pipe.transformer.set_adapter(names[next(turn) % 2]), 50)
    return figures


def measure(options):
    dtype = getattr(torch, options.dtype)
    loaded = []
    figures = {"load_s": timed(lambda: loaded.append(layouts.pipeline(layouts.read(options.checkpoint, options.variant), dtype)))}
    pipe = loaded[0]
    if options.vae_dtype:
        pipe.vae.to(getattr(torch, options.vae_dtype))
    step = step_of(pipe, options.duration, dtype)
    step()
    figures["ready_s"] = time.perf_counter() - STARTED
    figures["dit_step_s"] = timed(step, options.repeat)
    figures["ready_s"] -= figures["dit_step_s"]
    if "generate" in options.what:
        latents = torch.randn(1, 64, VAE_FRAMES).to(pipe.vae.dtype)
        pipe.vae.decode(latents)
        seconds = timed(lambda: pipe.vae.decode(latents), options.repeat)
        figures["vae_s_per_audio_s"] = seconds * FRAMES_PER_SECOND / VAE_FRAMES
        figures["generate_s"] = timed(requests(pipe, options), options.generations)
        figures["audio_s"] = options.duration
    if "swap" in options.what and options.adapter:
        figures |= measure_adapter(pipe, options, step, dtype)
    figures["peak_rss_gb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e9 if sys.platform == "darwin" else 1e6)
    return figures


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("what", nargs="*", default=["load", "swap", "generate"], metavar="load|swap|generate")
    arguments.add_argument("--checkpoint", required=True, metavar="DIR")
    arguments.add_argument("--variant", help="which acestep-v15-* directory, where there are several")
    arguments.add_argument("--adapter", metavar="DIR", help="a PEFT LoRA directory")
    arguments.add_argument("--duration", type=float, default=30)
    arguments.add_argument("--steps", type=int, default=8)
    arguments.add_argument("--dtype", choices=["float32", "bfloat16"], default="bfloat16")
    arguments.add_argument("--vae-dtype", choices=["float32", "bfloat16"], help="default: --dtype")
    arguments.add_argument("--repeat", type=int, default=5, help="steps and decodes of which the median is taken")
    arguments.add_argument("--generations", type=int, default=1, help="whole requests of which the median is taken")
    options = arguments.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_grad_enabled(False)
    print(json.dumps(measure(options)))


if __name__ == "__main__":
    main()
