# SPDX-License-Identifier: Apache-2.0
"""Hold a step of lumina's training against PEFT, LyCORIS and torch on checkpoints with random weights.

`lumina bench-train --save-tensors` draws music, noise and an adapter from a seed; the same numbers are drawn here, the adapter's
values are read from its file, and losses and every gradient are compared: in float32 within 1e-5 of each tensor's largest
magnitude (of a ten-thousandth of the largest gradient where it has less). Prints a table; the exit status is 1 if a case fails.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import warnings

import torch
from safetensors.torch import load_file

import checkpoint
import layouts
import training

LIMIT = 1e-5
FAMILIES = {
    "lora": (training.lora, {"rank": 3, "alpha": 8}),
    "dora": (training.lora, {"rank": 3, "alpha": 8, "use_dora": True}),
    "oft": (training.oft, {"size": 8}),
    "lokr": (training.lycoris, {"rank": 3, "alpha": 8}),
    "loha": (training.lycoris, {"rank": 3, "alpha": 8}),
}
# Frames, positions of the conditions, items, micro-steps, share of recomputed layers.
SHAPES = [(13, 9, 1, 1, 0.0), (51, 30, 2, 2, 1.0), (24, 17, 3, 1, 0.5)]


def design(family, transformer):
    make, options = FAMILIES[family]
    for parameter in transformer.parameters():
        parameter.requires_grad_(False)
    return (make(family, **options) if make is training.lycoris else make(**options))(transformer)


def lumina(options, directory, variant, family, shape, seed, out):
    frames, conditions, items, accumulation, recompute = shape
    rank = FAMILIES[family][1].get("rank", FAMILIES[family][1].get("size"))
    command = [options.lumina, "bench-train", "--model", directory, "--variant", variant, "--dtype", "float32",
               "--adapter-type", family, "--rank", rank, "--alpha", 8, "--frames", frames, "--conditions", conditions,
               "--batch-size", items, "--accumulation", accumulation, "--recompute", recompute, "--repeat", 1,
               "--seed", seed, "--save-tensors", out]
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if result.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}: {result.stderr.strip()[-800:]}")
    return json.loads(result.stdout), load_file(out)


def reference(transformer, null, family, shape, seed, saved):
    frames, conditions, items, accumulation, _ = shape
    adapter = design(family, transformer)
    found = {key[len("value."):]: value for key, value in saved.items() if key.startswith("value.")}
    if sorted(found) != sorted(adapter.parameters):
        raise RuntimeError(f"{family}: names differ: {sorted(set(found) ^ set(adapter.parameters))[:4]}")
    with torch.no_grad():
        for key, parameter in adapter.parameters.items():
            parameter.copy_(found[key])
    data = training.sample(seed, items, frames, conditions, null.shape[-1])
    generator, losses = torch.Generator().manual_seed(seed + 1), []
    for _ in range(accumulation):
        value = training.loss(adapter.transformer, null, data, training.draw(generator, data[0].shape))
        (value / accumulation).backward()
        losses.append(value.detach())
    return torch.stack(losses), {key: parameter.grad for key, parameter in adapter.parameters.items()}


def distance(value, expected, least=1e-30):
    return float((value - expected).abs().max() / expected.abs().max().clamp(min=least))


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    root = pathlib.Path(__file__).resolve().parents[2]
    arguments.add_argument("--lumina", default=root / ".build/release/lumina", metavar="PROGRAM")
    arguments.add_argument("--families", nargs="+", choices=list(FAMILIES), default=list(FAMILIES))
    arguments.add_argument("--size", choices=["micro", "tiny", "small"], default="tiny")
    arguments.add_argument("--seed", type=int, default=1000, help="of the checkpoints, and with it of everything else")
    options = arguments.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(2)
    worst, failed = 0.0, False
    print(f"{'model':12}{'family':8}{'frames':>8}{'items':>7}{'steps':>7}{'loss':>10}{'gradients':>11}")
    with tempfile.TemporaryDirectory() as folder:
        for number, (variant, xl) in enumerate([("turbo", False), ("base", True)]):
            name = ("xl-" if xl else "") + variant
            place = pathlib.Path(folder, name)
            checkpoint.make(size=options.size, variant=variant, xl=xl, seed=options.seed + number, tokenizer="small",
                            silence_frames=750).write_original(place)
            parts = layouts.read(place)
            null = parts.tensors["condition_encoder"][layouts.NULL].float()
            transformer = layouts.pipeline(parts, torch.float32).transformer
            for index, family in enumerate(options.families):
                for step, shape in enumerate(SHAPES):
                    seed = options.seed + 100 * number + 10 * index + step
                    _, saved = lumina(options, place, name, family, shape, seed, pathlib.Path(folder, "step.safetensors"))
                    losses, gradients = reference(transformer, null, family, shape, seed, saved)
                    loss = distance(saved["loss"], losses)
                    # Without a condition all keys are equal, and what the queries or keys are has no gradient but rounding's.
                    least = 1e-4 * max(float(value.abs().max()) for value in gradients.values())
                    gradient = max(distance(saved[f"gradient.{key}"], value, least) for key, value in gradients.items())
                    bad = not max(loss, gradient) <= LIMIT
                    failed, worst = failed or bad, max(worst, loss, gradient)
                    print(f"{name:12}{family:8}{shape[0]:8}{shape[2]:7}{shape[3]:7}{loss:10.1e}{gradient:11.1e}"
                          + ("  FAILED" if bad else ""), flush=True)
    print(f"worst {worst:.1e}, limit {LIMIT:.0e}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
