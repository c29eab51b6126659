#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Time a step of training by lumina and by PEFT with torch eager, by turns, and print medians and ratios as Markdown.

    Scripts/reference/setup
    .venv-reference/bin/python Scripts/reference/checkpoint.py --size full --out /tmp/full
    Benchmarks/compare_training.py --checkpoint /tmp/full --rounds 2

Both draw the same music, noise and first adapter from one seed. Each measurement is a process of its own; the side that goes first
changes each round. Needs nothing but Python's library.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SHAPE = ["frames", "conditions", "batch-size", "accumulation", "rank", "repeat", "seed"]


def measure(command):
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
    if result.returncode:
        sys.exit(f"error: {' '.join(map(str, command))}\n{result.stderr.strip()[-2000:]}")
    try:
        return json.loads(result.stdout)
    except json.JSONDecodeError:
        return json.loads(result.stdout.strip().splitlines()[-1])


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--checkpoint", required=True, metavar="DIR")
    arguments.add_argument("--lumina", default=ROOT / ".build/release/lumina", metavar="PROGRAM")
    arguments.add_argument("--python", default=os.environ.get("LUMINA_REFERENCE_PYTHON", ROOT / ".venv-reference/bin/python"))
    arguments.add_argument("--dtype", choices=["float32", "bfloat16"], default="bfloat16")
    arguments.add_argument("--recompute", nargs="+", type=float, default=[1.0, 0.0], help="shares of layers, a table row each")
    arguments.add_argument("--rounds", type=int, default=1)
    for name, value in zip(SHAPE, [250, 769, 1, 1, 64, 3, 0]):
        arguments.add_argument(f"--{name}", type=int, default=value)
    arguments.add_argument("--json", metavar="FILE")
    options = arguments.parse_args()
    shape = [word for name in SHAPE for word in (f"--{name}", getattr(options, name.replace("-", "_")))]
    raw = []
    for recompute in options.recompute:
        for number in range(options.rounds):
            common = ["--dtype", options.dtype, "--recompute", recompute, *shape]
            sides = {
                "lumina": [options.lumina, "bench-train", "--model", options.checkpoint, *common],
                "torch": [options.python, ROOT / "Scripts/reference/training_bench.py", "--checkpoint", options.checkpoint, *common],
            }
            for side in sorted(sides, reverse=number % 2 == 1):
                figures = measure(sides[side])
                raw.append({"side": side, "recompute": recompute, **figures})
                print(f"{side} recompute={recompute}: {figures}", file=sys.stderr, flush=True)
    print("| layers computed again | | lumina | PEFT + torch eager | ratio |\n|---|---|---:|---:|---:|")
    for recompute in options.recompute:
        for key, name in [("train_step_s", "optimizer step, s"), ("peak_rss_gb", "peak memory, GB")]:
            ours, theirs = (statistics.median(entry[key] for entry in raw
                                              if entry["side"] == side and entry["recompute"] == recompute)
                            for side in ("lumina", "torch"))
            print(f"| {recompute:.0%} | {name} | {ours:.3g} | {theirs:.3g} | {theirs / ours:.2f}× |")
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(raw, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
