# SPDX-License-Identifier: Apache-2.0
"""Train with the real program and open what it leaves with the libraries that own the formats.

For each family: `lumina train` on random tensors and a random checkpoint, then PEFT or LyCORIS loads `final/` (every key has to find
its place), and TensorBoard's own reader the curves. Prints a line for each; the exit status is 1 if something fails.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile
import warnings

import torch
from safetensors.torch import save_file

import adapters
import checkpoint
import layouts
import lycoris_adapters


def songs(folder, width):
    folder.mkdir()
    generator = torch.Generator().manual_seed(3)
    for number, frames in enumerate((40, 33, 51)):
        states = 9 + number
        save_file({
            "target_latents": torch.randn(frames, 64, generator=generator), "attention_mask": torch.ones(frames),
            "encoder_hidden_states": torch.randn(states, width, generator=generator),
            "encoder_attention_mask": torch.ones(states, dtype=torch.bool),
            "context_latents": torch.randn(frames, 128, generator=generator)}, folder / f"song{number}.safetensors")


def curves(folder):
    try:
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    except ImportError:
        return "tensorboard is not installed"
    events = EventAccumulator(str(folder)).Reload()
    names = set(events.Tags()["scalars"])
    missing = {"train/loss", "train/lr", "grad_norm"} - names
    if missing:
        raise ValueError(f"TensorBoard finds no {missing} among {sorted(names)}")
    return f"{len(events.Scalars('train/loss'))} losses"


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    root = pathlib.Path(__file__).resolve().parents[2]
    arguments.add_argument("--lumina", default=root / ".build/release/lumina", metavar="PROGRAM")
    arguments.add_argument("--seed", type=int, default=2000)
    options = arguments.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(2)
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        checkpoint.make(size="micro", variant="base", seed=options.seed, tokenizer="small", silence_frames=750).write_original(
            folder / "model")
        parts = layouts.read(folder / "model")
        transformer = layouts.pipeline(parts, torch.float32).transformer
        songs(folder / "songs", parts.tensors["condition_encoder"][layouts.NULL].shape[-1])
        for family in ("lora", "dora", "oft", "lokr", "loha"):
            out = folder / family
            command = [options.lumina, "train", "--model", folder / "model", "--precision", "fp32", "--dataset-dir",
                       folder / "songs", "--output-dir", out, "--adapter", family, "--rank", 3, "--alpha", 6,
                       "--oft-block-size", 4, "--epochs", 10, "--gradient-accumulation", 1, "--lr", 5e-3, "--warmup-steps", 0]
            result = subprocess.run([str(word) for word in command], capture_output=True, text=True)
            try:
                if result.returncode:
                    raise ValueError(result.stderr.strip()[-600:])
                effect = adapters.effect(transformer, out / "final")
                expected = sum(isinstance(module, (torch.nn.Linear, torch.nn.Conv1d)) for module in transformer.modules())
                count = expected if lycoris_adapters.weights_file(out / "final") else 11 * parts.config["num_hidden_layers"]
                if len(effect) != count or not all(value.isfinite().all() and value.abs().max() > 0 for value in effect.values()):
                    raise ValueError(f"{len(effect)} weights change, expected {count}")
                print(f"{family:6} {len(effect)} weights change, by up to "
                      f"{max(float(value.abs().max()) for value in effect.values()):.3f}; {curves(out / 'runs')}")
            except Exception as error:
                failed = True
                print(f"{family:6} FAILED {error}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
