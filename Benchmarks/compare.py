#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Time lumina and the Python reference on the same checkpoint, by turns, and print medians and ratios.

    Scripts/reference/setup
    .venv-reference/bin/python Scripts/reference/checkpoint.py --size full --out /tmp/full
    .venv-reference/bin/python Scripts/reference/adapters.py --checkpoint /tmp/full --out /tmp/adapters \\
        --kinds lora --rank 64 --alpha 192 --dtype bfloat16 --styles
    Benchmarks/compare.py --checkpoint /tmp/full --adapter /tmp/adapters/lora --json result.json

Each measurement is a process of its own; the side that goes first changes each round. Needs nothing but Python's library.
"""
import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
# What is run, the key that it answers with, what the table calls it. A ratio is the reference over lumina.
ROWS = [
    ("load", "load_s", "load, s"),
    ("load", "ready_s", "process start to ready, s"),
    ("load", "peak_rss_gb", "peak memory after loading, GB"),
    ("swap", "adapter_load_s", "adapter from disk, s"),
    ("swap", "adapter_switch_s", "switch between resident adapters, s"),
    ("swap", "dit_step_with_adapter_s", "DiT step with an adapter, s"),
    ("generate", "dit_step_s", "DiT step, s"),
    ("generate", "vae_s_per_audio_s", "decoder, s per second of audio"),
    ("generate", "generate_s", "whole request, s"),
    ("generate", "peak_rss_gb", "peak memory of a request, GB"),
]


class Failed(Exception):
    """One side did not answer with a JSON object."""


def lumina_command(options, what):
    command = [options.lumina, "bench", what, "--model", options.checkpoint, "--dtype", options.lumina_dtype, "--json"]
    command += ["--duration", options.duration, "--steps", options.steps, "--repeat", options.repeat]
    return command + (["--adapter", options.adapter] if what == "swap" else []) + options.extra


def python_command(options, what):
    command = [options.python, ROOT / "Scripts/reference/bench.py", what, "--checkpoint", options.checkpoint]
    command += ["--dtype", options.python_dtype, "--duration", options.duration, "--steps", options.steps]
    command += ["--repeat", options.repeat, "--generations", options.repeat if options.many else 1]
    return command + (["--adapter", options.adapter] if what == "swap" else [])


def measure(side, command, environment):
    """The JSON object on the last line of what the command prints."""
    command = [str(word) for word in command]
    result = subprocess.run(command, capture_output=True, text=True, env=environment)
    if result.returncode != 0:
        raise Failed(f"{side}: {' '.join(command)}\n{result.stderr.strip()[-2000:]}")
    try:
        return json.loads(result.stdout.strip().splitlines()[-1])
    except (IndexError, json.JSONDecodeError):
        # A pretty-printed object is as good.
        try:
            return json.loads(result.stdout)
        except json.JSONDecodeError as error:
            raise Failed(f"{side}: {' '.join(command)} printed no JSON object: {result.stdout[:200]!r}") from error


def warm(checkpoint):
    """Reads every file once, so that neither side pays for the disk."""
    for path in sorted(pathlib.Path(checkpoint).rglob("*")):
        if path.is_file():
            with open(path, "rb", buffering=0) as file:
                while file.read(1 << 24):
                    pass


def processor():
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def rounds(options):
    """{side: {(what, key): [one figure a round]}}, and the load average before each measurement."""
    environment = dict(os.environ, PYTHONDONTWRITEBYTECODE="1")
    if options.threads:
        environment["OMP_NUM_THREADS"] = str(options.threads)
    commands = {"lumina": lumina_command, "reference": python_command}
    if options.only:
        commands = {options.only: commands[options.only]}
    figures, loads = {side: {} for side in commands}, []
    for number in range(options.rounds):
        order = list(commands) if number % 2 == 0 else list(commands)[::-1]
        for what in options.what:
            for side in order:
                loads.append(round(os.getloadavg()[0], 2))
                print(f"round {number + 1} of {options.rounds}: {side} {what}", file=sys.stderr, flush=True)
                for key, value in measure(side, commands[side](options, what), environment).items():
                    if isinstance(value, (int, float)) and not isinstance(value, bool):
                        figures[side].setdefault((what, key), []).append(value)
    return figures, loads


def shown(value):
    if value is None:
        return "-"
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def rows_of(figures):
    """The table's rows as dictionaries; a figure that one side lacks is None."""
    result = []
    for what, key, title in ROWS:
        found = {side: values.get((what, key)) for side, values in figures.items()}
        if not any(found.values()):
            continue
        medians = {side: statistics.median(values) if values else None for side, values in found.items()}
        ours, theirs = medians.get("lumina"), medians.get("reference")
        ratio = theirs / ours if ours and theirs else None
        result.append({"what": what, "key": key, "title": title, "lumina": ours, "reference": theirs, "ratio": ratio, "all": found})
    return result


def markdown(rows, machine):
    lines = [f"{machine['processor']}, {machine['cores']} cores, {machine['rounds']} rounds; lumina {machine['lumina_dtype']}, "
             f"reference {machine['python_dtype']}; {machine['duration']:g} s of audio in {machine['steps']} steps", "",
             "| | lumina | reference | ratio |", "|---|---:|---:|---:|"]
    for row in rows:
        ratio = "-" if row["ratio"] is None else f"{row['ratio']:.2f}×"
        lines.append(f"| {row['title']} | {shown(row['lumina'])} | {shown(row['reference'])} | {ratio} |")
    return "\n".join(lines)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", required=True, metavar="DIR")
    parser.add_argument("--adapter", metavar="DIR", help="a PEFT LoRA directory; without one, nothing is swapped")
    parser.add_argument("--lumina", type=pathlib.Path, default=ROOT / ".build/release/lumina")
    parser.add_argument("--python", type=pathlib.Path,
                        default=os.environ.get("LUMINA_REFERENCE_PYTHON", ROOT / ".venv-reference/bin/python"))
    parser.add_argument("--what", nargs="+", choices=["load", "swap", "generate"], default=["load", "swap", "generate"])
    parser.add_argument("--duration", type=float, default=30, help="seconds of audio (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--lumina-dtype", default="bfloat16", help="auto, float32, bfloat16 or int8 (default: %(default)s)")
    parser.add_argument("--python-dtype", default="bfloat16")
    parser.add_argument("--rounds", type=int, default=3, help="of which the median is taken (default: %(default)s)")
    parser.add_argument("--repeat", type=int, default=3, help="inside each process (default: %(default)s)")
    parser.add_argument("--many", action="store_true", help="the reference generates --repeat times in a process, not once")
    parser.add_argument("--threads", type=int, help="OMP_NUM_THREADS for both sides")
    parser.add_argument("--only", choices=["lumina", "reference"])
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE")
    parser.add_argument("--pass", dest="extra", action="append", default=[], metavar="ARGUMENT", help="one more argument for lumina")
    options = parser.parse_args()
    if not options.adapter:
        options.what = [what for what in options.what if what != "swap"]
    return options


def main():
    options = arguments()
    for side, program in (("lumina", options.lumina), ("reference", options.python)):
        if options.only in (None, side) and not os.access(program, os.X_OK):
            print(f"error: {program} is not a program; build lumina, run Scripts/reference/setup, or name it", file=sys.stderr)
            return 2
    warm(options.checkpoint)
    try:
        figures, loads = rounds(options)
    except Failed as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    machine = {"processor": processor(), "cores": os.cpu_count(), "system": platform.platform(), "rounds": options.rounds,
               "duration": options.duration, "steps": options.steps, "lumina_dtype": options.lumina_dtype,
               "python_dtype": options.python_dtype, "threads": options.threads, "load_average_before_each": loads}
    rows = rows_of(figures)
    print(markdown(rows, machine))
    if loads[0] > 0.5:
        print(f"\nThe machine was busy when this began (load average {loads[0]}): do not rely on these figures.")
    if options.json:
        options.json.write_text(json.dumps({"machine": machine, "rows": rows}, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
