# SPDX-License-Identifier: Apache-2.0
"""Time an optimizer step of LoRA by PEFT on diffusers' transformer, torch eager; one JSON object on the last line.

As Side-Step trains: the base frozen, adapters in the base's type, AdamW, gradients clipped, optionally with recomputed layers.
"""
import argparse
import json
import resource
import statistics
import time
import warnings

import torch
from peft import LoraConfig, get_peft_model

import adapters
import layouts
import training


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--checkpoint", required=True, metavar="DIR")
    arguments.add_argument("--variant")
    arguments.add_argument("--dtype", choices=["float32", "bfloat16"], default="bfloat16")
    arguments.add_argument("--rank", type=int, default=64)
    arguments.add_argument("--alpha", type=float, default=192)
    arguments.add_argument("--frames", type=int, default=250)
    arguments.add_argument("--conditions", type=int, default=769)
    arguments.add_argument("--batch-size", type=int, default=1)
    arguments.add_argument("--accumulation", type=int, default=1)
    arguments.add_argument("--recompute", type=float, default=1.0, help="1 recomputes all layers, 0 none")
    arguments.add_argument("--repeat", type=int, default=5)
    arguments.add_argument("--seed", type=int, default=0)
    options = arguments.parse_args()
    warnings.filterwarnings("ignore")
    dtype = getattr(torch, options.dtype)
    parts = layouts.read(options.checkpoint, options.variant)
    null = parts.tensors["condition_encoder"][layouts.NULL].to(dtype)
    config = layouts.component_configs(parts.config)["transformer"]
    cls = layouts.COMPONENTS["transformer"][0]
    transformer = layouts.assign(layouts.empty(cls, config), dict(parts.tensors["transformer"]), dtype)
    del parts
    model = get_peft_model(transformer, LoraConfig(
        r=options.rank, lora_alpha=options.alpha, target_modules=adapters.ATTENTION + adapters.MLP, bias="none"))
    model.to(dtype).train()
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    generator = torch.Generator().manual_seed(options.seed + 2)
    with torch.no_grad():
        for parameter in parameters:
            parameter.add_(0.05 * torch.randn(parameter.shape, generator=generator).to(dtype))
    if options.recompute > 0:
        transformer.enable_gradient_checkpointing()
    optimizer = torch.optim.AdamW(parameters, lr=1e-5, weight_decay=0.01, fused=True)
    data = tuple(value.to(dtype) for value in training.sample(
        options.seed, options.batch_size, options.frames, options.conditions, null.shape[-1]))
    generator, seconds, first = torch.Generator().manual_seed(options.seed + 1), [], None
    for _ in range(options.repeat + 1):
        start, losses = time.perf_counter(), []
        for _ in range(options.accumulation):
            drops, times, noise = training.draw(generator, data[0].shape)
            # Recomputation needs an input with gradients, as Side-Step gives it one.
            drawn = (drops, times.to(dtype), noise.to(dtype).requires_grad_(options.recompute > 0))
            value = training.loss(transformer, null, data, drawn)
            (value / options.accumulation).backward()
            losses.append(value.item())
        norm = torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        seconds.append(time.perf_counter() - start)
        first = first or (losses[0], float(norm))
    print(json.dumps({
        "train_step_s": statistics.median(seconds[1:]), "first_step_s": seconds[0], "loss": first[0], "grad_norm": first[1],
        "parameters": sum(parameter.numel() for parameter in parameters),
        "peak_rss_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9}))


if __name__ == "__main__":
    main()
