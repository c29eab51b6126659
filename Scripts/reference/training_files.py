# SPDX-License-Identifier: Apache-2.0
"""From songs to an adapter of each family with the real program, opened with the libraries that own the formats.

`lumina dataset build` and `preprocess` read songs in five formats and rates. For each family: `lumina train` on a random checkpoint; the
loss falls; another run is killed with -9 at random, resumed, and leaves the same bits; PEFT or LyCORIS loads `final/` (every key has to
find its place); TensorBoard's own reader finds the curves; the export for ComfyUI passes its check. Prints a line for each; the exit
status is 1 if something fails.
"""
import argparse
import json
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import warnings

import numpy
import soundfile
import torch

import adapters
import checkpoint
import layouts
import lycoris_adapters


def songs(folder, random):
    """Two notes with a beat, each song with its own: something to learn."""
    folder.mkdir()
    formats = (("wav", 44100, 1, None), ("flac", 48000, 2, None), ("ogg", 32000, 2, "VORBIS"), ("mp3", 22050, 1, None),
               ("opus", 48000, 2, "OPUS"))
    for number, (suffix, rate, channels, subtype) in enumerate(formats):
        time = numpy.arange(int(rate * random.uniform(3, 5))) / rate
        pitch = 110 * 2 ** (number / 5)
        sound = 0.3 * numpy.sin(2 * numpy.pi * pitch * time) + 0.2 * numpy.sin(3 * numpy.pi * pitch * time)
        sound *= 0.4 + 0.6 * (time * 2 % 1 < 0.5)
        sound = numpy.stack([sound] * channels, axis=1)
        path = folder / f"song{number}.{suffix}"
        soundfile.write(path, sound, rate, subtype=subtype, format="OGG" if suffix == "opus" else None)
        path.with_suffix(".txt").write_text(f"caption: two notes, number {number}\ngenre: {'ab'[number % 2]}\nbpm: 120\n", "utf-8")


def run(*words, check=True):
    result = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    if check and result.returncode:
        raise ValueError(f"{words[1]}: {result.stderr.strip()[-600:]}")
    return result


def killed(command, out, random):
    """Runs a command that is killed three times and goes on from its last checkpoint."""
    kills = 0
    while True:
        # What was being written when it was killed has another ending.
        checkpoints = sorted((path for path in (out / "checkpoints").glob("epoch_*") if path.name[6:].isdigit()),
                             key=lambda path: int(path.name[6:]))
        resumption = ["--resume-from", checkpoints[-1]] if checkpoints else []
        process = subprocess.Popen([str(word) for word in command + resumption], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        if kills < 3:
            try:
                process.wait(random.uniform(0.3, 4))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                kills += 1
        complaint = process.communicate()[1].decode()
        if process.returncode == 0:
            return kills
        if process.returncode != -signal.SIGKILL:
            raise ValueError(f"resumed: {complaint[-600:]}")


def losses(out):
    lines = map(json.loads, (out / ".progress.jsonl").read_text("utf-8").splitlines())
    return [line["loss"] for line in lines if line["kind"] == "epoch"]


def same(one, other):
    names = sorted(path.relative_to(one) for path in one.rglob("*.safetensors"))
    return bool(names) and all((one / name).read_bytes() == (other / name).read_bytes() for name in names)


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
        transformer = layouts.pipeline(layouts.read(folder / "model"), torch.float32).transformer
        layers = layouts.read(folder / "model").config["num_hidden_layers"]
        songs(folder / "songs", random.Random(options.seed))
        run(options.lumina, "dataset", "build", "--input", folder / "songs", "--tag", "zxq")
        run(options.lumina, "preprocess", "--model", folder / "model", "--audio-dir", folder / "songs", "--tensor-output",
            folder / "tensors", "--dtype", "float32")
        for family in ("lora", "dora", "oft", "lokr", "loha"):
            out = folder / family
            command = [options.lumina, "train", "--model", folder / "model", "--precision", "fp32", "--dataset-dir",
                       folder / "tensors", "--adapter", family, "--rank", 3, "--alpha", 6, "--oft-block-size", 4, "--epochs", 30,
                       "--gradient-accumulation", 1, "--lr", 5e-3, "--warmup-steps", 0, "--save-every", 3]
            try:
                run(*command, "--output-dir", out)
                kills = killed(command + ["--output-dir", folder / f"{family}-killed"], folder / f"{family}-killed", random.Random())
                if not same(out / "final", folder / f"{family}-killed" / "final"):
                    raise ValueError("killed and resumed, it is another adapter")
                curve = losses(out)
                first, last = (sum(part) / len(part) for part in (curve[:5], curve[-5:]))
                if not last < first:
                    raise ValueError(f"the loss does not fall: {first:.4f}, {last:.4f}")
                effect = adapters.effect(transformer, out / "final")
                expected = sum(isinstance(module, (torch.nn.Linear, torch.nn.Conv1d)) for module in transformer.modules())
                count = expected if lycoris_adapters.weights_file(out / "final") else 11 * layers
                if len(effect) != count or not all(value.isfinite().all() and value.abs().max() > 0 for value in effect.values()):
                    raise ValueError(f"{len(effect)} weights change, expected {count}")
                run(options.lumina, "export", out / "final", "--model", folder / "model", "--output", folder / f"{family}.safetensors")
                print(f"{family:6} loss {first:.3f} to {last:.3f}; killed {kills} times: same bits; {len(effect)} weights change, by up "
                      f"to {max(float(value.abs().max()) for value in effect.values()):.3f}; {curves(out / 'runs')}; exported", flush=True)
            except Exception as error:
                failed = True
                print(f"{family:6} FAILED {error}", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
