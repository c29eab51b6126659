# SPDX-License-Identifier: Apache-2.0
"""Hold lumina against diffusers and PEFT, value by value, on checkpoints and adapters with random weights.

Token identifiers and noise must be equal; conditions, every step's latents and audio within 1e-4 of the reference's largest
magnitude in float32; what was added to the noise within 1e-3 of its own; an adapter's effect (with minus without) within 1 %.
In bfloat16 two correct programs differ by its rounding, so both are held against float32 on the same noise: a figure is
Lumina's distance from it over the reference's own (root mean squares), and must not be above 1.25 (audio: 1.5).
Prints a table; the exit status is 1 if a case fails, 2 if nothing could be run.
"""
import argparse
import dataclasses
import hashlib
import itertools
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import time

import torch
from safetensors.torch import load_file, save_file

import adapters
import checkpoint
import generate
import layouts
import parity_cases as cases

# Largest difference over the reference's largest magnitude.
LIMITS = {
    "float32": {"conditions": 1e-4, "latents": 1e-4, "moved": 1e-3, "audio": 1e-4, "effect": 1e-2},
    # The decoder's own rounding varies from clip to clip.
    "bfloat16": {"conditions": 1.25, "latents": 1.25, "effect": 1.25, "audio": 1.5},
}
COLUMNS = ["ids", "noise", "conditions", "latents", "moved", "audio", "effect", "seconds"]


class Mismatch(Exception):
    """A difference that no number describes: a missing tensor, another shape, a failed run."""


class Store:
    """Checkpoints, adapters and reference outputs by content, made when first asked for and kept between runs."""

    def __init__(self, root):
        self.root = root
        scripts = sorted(pathlib.Path(__file__).parent.glob("*.py"))
        kept = [path.read_bytes() for path in scripts if not path.name.startswith("parity")]
        self.version = hashlib.sha256(b"".join(kept) + torch.__version__.encode()).hexdigest()
        self.loaded = {}

    def path(self, kind, *identity, suffix=""):
        digest = hashlib.sha256(json.dumps([self.version, *identity], sort_keys=True).encode()).hexdigest()[:16]
        return self.root / kind / (digest + suffix)

    def checkpoint(self, spec):
        path = self.path("checkpoints", dataclasses.asdict(spec))
        if not path.exists():
            fields = dataclasses.asdict(spec)
            layout, shards = fields.pop("layout"), fields.pop("shards")
            parts, partial = checkpoint.make(**fields), path.with_suffix(".partial")
            partial.mkdir(parents=True, exist_ok=True)
            parts.write_diffusers(partial) if layout == "diffusers" else parts.write_original(partial, shards)
            partial.rename(path)
        return path

    def adapter(self, spec, kind):
        """The adapter's path as lumina is given it, and the directory of the same adapter as the library of its format reads it."""
        base, _, style = kind.partition("-") if kind.startswith("lora-") and kind != "lora-mlp" else (kind, "", "")
        number = adapters.KINDS.index(base)
        path = self.path("adapters", dataclasses.asdict(spec), base) / base
        if not path.exists():
            transformer = layouts.pipeline(layouts.read(self.checkpoint(spec))).transformer
            partial = path.with_name(base + ".partial")
            adapters.write(transformer, base, 4 + number % 5, 12, 1000 + 10 * spec.seed + number, partial)
            partial.rename(path)
        if not style:
            return path, path
        styled = path.parent / f"{base}-{style}"
        found = lambda: next((item for item in (styled, styled.with_suffix(".safetensors")) if item.exists()), None)
        if not found():
            adapters.write_style(path, style, styled)
        return found(), path

    def request(self, name):
        path = self.path("requests", cases.fields_of(name), suffix=".json")
        path.parent.mkdir(parents=True, exist_ok=True)
        layouts.write_json(path, cases.fields_of(name))
        return path

    def pipeline(self, case):
        key = (case.checkpoint, case.compute, case.timbre_token)
        if key not in self.loaded:
            # Comparing with float32 goes back and forth between two.
            while len(self.loaded) > 1:
                del self.loaded[next(iter(self.loaded))]
            pipe = layouts.pipeline(layouts.read(self.checkpoint(case.checkpoint)), getattr(torch, case.compute))
            if case.timbre_token:
                generate.prepend_timbre_token(pipe)
            self.loaded[key] = pipe
        return self.loaded[key]

    def reference(self, case, noise_of=None):
        """What diffusers computes; `noise_of` is a case whose noise to start from."""
        identity = [dataclasses.asdict(case), cases.fields_of(case.request)] + ([noise_of.compute] if noise_of else [])
        path = self.path("outputs", *identity, suffix=".safetensors")
        if not path.exists():
            pipe = self.pipeline(case)
            plain = {name: value.clone() for name, value in pipe.transformer.named_parameters()} if case.adapters else {}
            if case.adapters:
                wanted = [(self.adapter(case.checkpoint, kind)[1], weight) for kind, weight in case.adapters]
                adapters.blend(pipe.transformer, wanted)
            request, frames = generate.read_request(self.request(case.request))
            noise = self.reference(noise_of)["noise"] if noise_of else None
            saved = generate.run(pipe, request, frames, noise)
            for name, parameter in pipe.transformer.named_parameters() if plain else []:
                parameter.copy_(plain[name])
            path.parent.mkdir(parents=True, exist_ok=True)
            save_file(saved, path.with_suffix(".partial"))
            path.with_suffix(".partial").rename(path)
        return load_file(path)


class Lumina:
    """The program under test. Runs without adapters are kept, since each effect needs one."""

    def __init__(self, binary, store, extra):
        self.binary, self.store, self.extra, self.plain = binary, store, extra, {}

    def run(self, case):
        if not case.adapters and case in self.plain:
            return self.plain[case]
        with tempfile.TemporaryDirectory() as directory:
            tensors, audio = pathlib.Path(directory, "out.safetensors"), pathlib.Path(directory, "out.wav")
            command = [self.binary, "generate", "--model", self.store.checkpoint(case.checkpoint), "--request",
                       self.store.request(case.request), "--save-tensors", tensors, "--out", audio, "--device", "cpu",
                       "--dtype", case.compute, *self.extra]
            if case.checkpoint.xl and not case.timbre_token:
                command += ["--compat", "diffusers"]
            for kind, weight in case.adapters:
                command += ["--adapter", f"{self.store.adapter(case.checkpoint, kind)[0]}={weight:g}"]
            result = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=1800)
            if result.returncode != 0:
                lines = (result.stderr or result.stdout).strip().splitlines() or ["no message"]
                raise Mismatch(f"exit status {result.returncode}: {lines[-1]}")
            if not tensors.exists() or not audio.exists():
                raise Mismatch(f"exit status 0, but no {'tensors' if audio.exists() else 'audio file'}")
            saved = load_file(tensors)
            check_wave(audio, saved)
        if not case.adapters:
            self.plain[case] = saved
        return saved


def check_wave(path, saved):
    """The WAV file must be stereo at 48 kHz and as long as the tensor."""
    data, offset, found = path.read_bytes(), 12, {}
    while offset + 8 <= len(data):
        name, size = data[offset:offset + 4], struct.unpack_from("<I", data, offset + 4)[0]
        found[name] = data[offset + 8:offset + 8 + size]
        offset += 8 + size + size % 2
    if data[:4] != b"RIFF" or b"fmt " not in found or b"data" not in found:
        raise Mismatch("the audio is not a WAV file")
    channels, rate, _, block = struct.unpack_from("<HIIH", found[b"fmt "], 2)
    samples = len(found[b"data"]) // block
    if "audio" in saved and (channels, rate, samples) != (2, 48000, saved["audio"].shape[-1]):
        raise Mismatch(f"the WAV has {channels} channels, {rate} Hz, {samples} samples for audio {tuple(saved['audio'].shape)}")


def tensor(saved, name, like):
    if name not in saved:
        raise Mismatch(f"no tensor {name}")
    if saved[name].numel() != like.numel() or saved[name].squeeze().shape != like.squeeze().shape:
        raise Mismatch(f"{name} is {tuple(saved[name].shape)}, expected {tuple(like.shape)}")
    return saved[name].reshape(like.shape)


def relative(ours, theirs):
    """The largest difference over the largest magnitude of `theirs`; not a number counts as infinite."""
    difference = (ours.double() - theirs.double()).abs().max().item()
    return difference / max(theirs.double().abs().max().item(), 1e-30) if difference == difference else float("inf")


def compare(ours, theirs):
    """The table's figures for one run: booleans for what must be equal, else relative differences."""
    take = lambda name: (tensor(ours, name, theirs[name]), theirs[name])
    equal = lambda name: torch.equal(*(value.to(theirs[name].dtype) for value in take(name)))
    steps = [name for name in theirs if name.startswith("latents")]
    noise = theirs["noise"]
    return {
        "ids": equal("caption_ids") and equal("lyric_ids"),
        "noise": equal("noise"),
        "conditions": relative(*take("encoder_hidden_states")),
        "latents": max(relative(*take(name)) for name in steps),
        "moved": max(relative(take(name)[0] - noise, theirs[name] - noise) for name in steps),
        "audio": relative(*take("audio")),
    }


def effect(ours, theirs, our_plain, their_plain):
    """How far the adapters' effect on latents and audio is from the reference's; a reference without effect is an error."""
    worst = 0.0
    for name in ("latents", "audio"):
        wanted = theirs[name] - their_plain[name]
        if wanted.abs().max() < 1e-3 * theirs[name].abs().max():
            raise Mismatch(f"the adapter hardly changes the reference's {name}: this case shows nothing")
        worst = max(worst, relative(tensor(ours, name, wanted) - tensor(our_plain, name, wanted), wanted))
    return worst


def distance(values, truth):
    return (values.double() - truth.double()).square().mean().sqrt().item()


def compare_with_truth(ours, theirs, truth):
    """The figures in bfloat16: our distance from float32 over the reference's own."""
    ratio = lambda name: distance(tensor(ours, name, truth[name]), truth[name]) / max(distance(theirs[name], truth[name]), 1e-30)
    equal = lambda name: torch.equal(tensor(ours, name, theirs[name]).to(theirs[name].dtype), theirs[name])
    return {
        "ids": equal("caption_ids") and equal("lyric_ids"),
        "noise": equal("noise"),
        "conditions": ratio("encoder_hidden_states"),
        "latents": ratio("latents"),
        "audio": ratio("audio"),
    }


def effect_with_truth(ours, theirs, truth, plain):
    """The same of the adapters' effect on the latents; `plain` is the three of them without adapters.

    Not on audio: there the decoder's rounding, twice, is as large as the effect of a weak adapter.
    """
    like = truth["latents"]
    effects = [tensor(values, "latents", like).double() - tensor(without, "latents", like).double()
               for values, without in zip((ours, theirs, truth), plain)]
    return distance(effects[0], effects[2]) / max(distance(effects[1], effects[2]), 1e-30)


def same_bits(ours, our_plain):
    """Adapters of weight 0 must change nothing at all."""
    return ours.keys() == our_plain.keys() and all(torch.equal(ours[name], our_plain[name]) for name in ours)


def judge(case, store, lumina):
    """The figures of one case, and the names of those out of limits."""
    theirs, start = store.reference(case), time.perf_counter()
    ours = lumina.run(case)
    seconds = time.perf_counter() - start
    exact = dataclasses.replace(case, compute="float32")
    truth = store.reference(exact, noise_of=case) if case.compute == "bfloat16" else None
    figures = {**(compare(ours, theirs) if truth is None else compare_with_truth(ours, theirs, truth)), "seconds": seconds}
    if case.adapters:
        plain, plain_exact = (dataclasses.replace(item, adapters=()) for item in (case, exact))
        our_plain, their_plain = lumina.run(plain), store.reference(plain)
        if not any(weight for _, weight in case.adapters):
            figures["effect"] = 0.0 if same_bits(ours, our_plain) else float("inf")
        elif truth is None:
            figures["effect"] = effect(ours, theirs, our_plain, their_plain)
        else:
            true_plain = store.reference(plain_exact, noise_of=plain)
            figures["effect"] = effect_with_truth(ours, theirs, truth, (our_plain, their_plain, true_plain))
    limits = LIMITS[case.compute]
    failed = [name for name in ("ids", "noise") if not figures[name]]
    return figures, failed + [name for name, limit in limits.items() if name in figures and not figures[name] <= limit]


def cell(figures, name, failed):
    if name not in figures:
        return "-"
    value = figures[name]
    text = ("equal" if value else "differ") if isinstance(value, bool) else f"{value:.1f}" if name == "seconds" else f"{value:.1e}"
    return text + (" !" if name in failed else "")


def table(rows):
    """Markdown, with columns padded so that it reads well in a terminal too."""
    width = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    lines = ["| " + " | ".join(text.ljust(size) for text, size in zip(row, width)) + " |" for row in rows]
    lines.insert(1, "|" + "|".join("-" * (size + 2) for size in width) + "|")
    return "\n".join(lines)


def parse_blend(text):
    """`lora=0.7+rslora=0.3`, or `none`."""
    if text == "none":
        return ()
    pairs = [part.partition("=") for part in text.split("+")]
    return tuple((kind, float(weight or 1)) for kind, _, weight in pairs)


def chosen(options):
    """The cases that the command line asks for: one of the lists, or the product of what is given."""
    axes = [options.sizes, options.variants, options.layouts, options.dtypes, options.seeds, options.requests, options.adapters]
    if not any(axes):
        listed = cases.full() if options.full else cases.families() if options.families else cases.quick()
    else:
        defaults = [["tiny"], ["turbo"], ["original"], ["float32"], [0], ["plain"], ["none"]]
        listed = []
        for size, variant, layout, dtype, seed, request, blend in itertools.product(*(a or b for a, b in zip(axes, defaults))):
            spec = cases.Checkpoint(size, variant.removeprefix("xl-"), variant.startswith("xl-"), seed, dtype, layout)
            listed.append(cases.Case(spec, request, parse_blend(blend), options.compute))
    return [case for case in listed if all(word in case.name() for word in options.filter)]


def arguments():
    parser = argparse.ArgumentParser(prog="Scripts/parity", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", nargs="?", default=".build/release/lumina", help="default: %(default)s")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--quick", action="store_true", help="the subset for each change, under two minutes (default)")
    which.add_argument("--families", action="store_true", help="every adapter family at every weight, mixes, both compute types")
    which.add_argument("--full", action="store_true", help="everything: sizes, variants, layouts, 60 s, all adapters")
    parser.add_argument("--filter", action="append", default=[], metavar="TEXT", help="only cases whose name has TEXT; repeatable")
    parser.add_argument("--list", action="store_true", help="print the names of the cases and stop")
    parser.add_argument("--cache", type=pathlib.Path, metavar="DIR", help="default: ~/.cache/lumina-reference/parity")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="also write the figures here")
    parser.add_argument("--pass", dest="extra", action="append", default=[], metavar="ARGUMENT", help="one more argument for lumina")
    product = parser.add_argument_group("instead of the lists, the product of")
    product.add_argument("--sizes", nargs="+")
    product.add_argument("--variants", nargs="+", help="turbo, base, sft, xl-turbo, …")
    product.add_argument("--layouts", nargs="+", choices=["original", "diffusers"])
    product.add_argument("--dtypes", nargs="+", choices=["float32", "bfloat16"], help="how the weights are stored")
    product.add_argument("--seeds", nargs="+", type=int, help="of the checkpoint")
    product.add_argument("--requests", nargs="+", help=f"{', '.join(cases.REQUESTS)}, random-N")
    product.add_argument("--adapters", nargs="+", metavar="KIND=W+KIND=W", help="or none")
    product.add_argument("--compute", choices=LIMITS, default="float32")
    return parser.parse_args()


def main():
    options = arguments()
    listed = chosen(options)
    if options.list or not listed:
        print("\n".join(case.name() for case in listed) or "error: no case has that name", file=sys.stdout if listed else sys.stderr)
        return 0 if listed else 2
    if not os.access(options.binary, os.X_OK):
        print(f"error: {options.binary} is not a program; build it, or say where it is", file=sys.stderr)
        return 2
    torch.set_grad_enabled(False)
    home = pathlib.Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser()
    store = Store((options.cache or home / "lumina-reference" / "parity").resolve())
    lumina = Lumina(pathlib.Path(options.binary).resolve(), store, options.extra)
    rows, report, failures = [["case", *COLUMNS, "verdict"]], [], 0
    for number, case in enumerate(listed, 1):
        try:
            figures, failed = judge(case, store, lumina)
            verdict = "FAILED" if failed else "ok"
        except (Mismatch, subprocess.TimeoutExpired) as problem:
            figures, failed, verdict = {}, ["run"], f"FAILED: {problem}"
        failures += bool(failed)
        rows.append([case.name(), *(cell(figures, name, failed) for name in COLUMNS), verdict])
        report.append({"case": case.name(), **figures, "failed": failed, "verdict": verdict})
        print(f"[{number}/{len(listed)}] {case.name()}: {verdict} {' '.join(failed)}".rstrip(), file=sys.stderr, flush=True)
    print(table(rows))
    print(f"\n{len(listed) - failures} of {len(listed)} cases agree")
    if options.json:
        layouts.write_json(options.json, report)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
