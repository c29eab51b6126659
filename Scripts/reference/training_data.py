# SPDX-License-Identifier: Apache-2.0
"""Hold `lumina preprocess` against diffusers on a checkpoint with random weights and made-up songs.

    python Scripts/reference/training_data.py .build/release/lumina --seed 7 [--variant sft] [--xl] [--layout diffusers]

Latents (the mean, and draws from a seed), conditions as `generate` has them and as Side-Step has them, and contexts must agree
within 1e-4 of the largest magnitude; files must open with safetensors and with `torch.load(weights_only=True)`.
"""
import argparse
import pathlib
import subprocess
import tempfile
import wave

import numpy
import torch
from safetensors import safe_open

import checkpoint
import generate
import goldens
import layouts

LIMIT = 1e-4
RATE = 48000
SONGS = {"a_song": 1.3, "long-one": 7.77, "third": 0.41}
SIDECAR = "caption: soft piano, café {n}\nbpm: {bpm}\nkey: E minor\nlyrics:\n[Verse]\nla {n} la\n夜の海\n"


def write_songs(directory, generator):
    for number, (name, seconds) in enumerate(SONGS.items()):
        sound = (0.2 * torch.randn(int(seconds * RATE), 2, generator=generator)).clamp(-1, 1)
        with wave.open(str(directory / f"{name}.wav"), "wb") as file:
            file.setparams((2, 2, RATE, 0, "NONE", ""))
            file.writeframes((32767 * sound).to(torch.int16).numpy().tobytes())
        (directory / f"{name}.txt").write_text(SIDECAR.format(n=number, bpm=80 + number), encoding="utf-8")


def posterior(pipe, path):
    with wave.open(str(path)) as file:
        samples = numpy.frombuffer(file.readframes(file.getnframes()), dtype="<i2").reshape(-1, 2)
    return pipe.vae.encode(torch.from_numpy(samples.T.astype("float32") / 32768)[None]).latent_dist


def name_hash(name):
    """The number that the draws of a song are seeded with, beside the run's seed."""
    value = 0xCBF29CE484222325
    for byte in name.encode():
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


def expected(pipe, music, name, number, conditioning, seed):
    seconds = SONGS[name]
    latents = posterior(pipe, music / f"{name}.wav")
    if seed is None:
        target = latents.mean
    else:
        draws = torch.Generator().manual_seed((seed ^ name_hash(name)) - (2**64 if (seed ^ name_hash(name)) >= 2**63 else 0))
        target = latents.sample(draws)
    target = target[0].T
    song = {"tags": f"soft piano, café {number}", "lyrics": f"[Verse]\nla {number} la\n夜の海", "bpm": 80 + number,
            "keyscale": "E minor"}
    if conditioning == "side-step":
        metas = f"- bpm: {song['bpm']}\n- timesignature: N/A\n- keyscale: E minor\n- duration: {int(seconds)} seconds\n"
        caption = ("# Instruction\nFill the audio semantic mask based on the given conditions:\n\n"
                   f"# Caption\n{song['tags']}\n\n# Metas\n{metas}<|endoftext|>\n")
        made = goldens.side_step(pipe, "right", caption, song["lyrics"])
        states, mask = made["encoder_hidden_states"][0], made["encoder_attention_mask"][0]
    else:
        ids = generate.token_ids(pipe, {**song, "duration": seconds})
        text = pipe.text_encoder(input_ids=ids[0][None]).last_hidden_state
        words = pipe.text_encoder.get_input_embeddings()(ids[1][None])
        clip = pipe.condition_encoder.silence_latent[:, :750]
        states, mask = (value[0] for value in pipe.condition_encoder(
            text_hidden_states=text, text_attention_mask=torch.ones_like(ids[0][None]), lyric_hidden_states=words,
            lyric_attention_mask=torch.ones_like(ids[1][None]), refer_audio_acoustic_hidden_states_packed=clip,
            refer_audio_order_mask=torch.zeros(1, dtype=torch.long)))
    silence = pipe.condition_encoder.silence_latent[0]
    silence = silence.repeat(-(-len(target) // len(silence)), 1)[:len(target)]
    return {"target_latents": target, "attention_mask": torch.ones(len(target)), "encoder_hidden_states": states,
            "encoder_attention_mask": mask, "context_latents": torch.cat([silence, torch.ones_like(silence)], dim=1)}


def found(path):
    if path.suffix == ".pt":
        saved = torch.load(path, weights_only=True)
        return {name: saved[name] for name in saved if name != "metadata"}
    with safe_open(path, "pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}


def compare(pipe, music, output, format, conditioning, seed):
    worst = 0.0
    for number, name in enumerate(SONGS):
        ours, theirs = found(output / f"{name}.{format}"), expected(pipe, music, name, number, conditioning, seed)
        if set(ours) != set(theirs) or not torch.equal(ours["encoder_attention_mask"], theirs["encoder_attention_mask"]):
            raise SystemExit(f"{name}: other tensors, or another mask")
        for key, value in theirs.items():
            if ours[key].shape != value.shape:
                raise SystemExit(f"{name}: {key} is {tuple(ours[key].shape)}, expected {tuple(value.shape)}")
            error = ((ours[key].float() - value.float()).abs().max() / value.float().abs().max().clamp(min=1e-9)).item()
            worst = max(worst, error)
            if not error <= LIMIT:
                raise SystemExit(f"{name}: {key} is off by {error:.2e}")
    return worst


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("lumina")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--size", default="tiny")
    arguments.add_argument("--variant", default="turbo")
    arguments.add_argument("--xl", action="store_true")
    arguments.add_argument("--layout", choices=["original", "diffusers"], default="original")
    options = arguments.parse_args()
    torch.set_grad_enabled(False)
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        (root / "music").mkdir()
        write_songs(root / "music", torch.Generator().manual_seed(options.seed))
        parts = checkpoint.make(options.size, options.variant, options.xl, options.seed, "float32", "small")
        getattr(parts, "write_" + options.layout)(root / "model")
        pipe = layouts.pipeline(parts, torch.float32)
        if options.xl:
            generate.prepend_timbre_token(pipe)
        for format, conditioning, seed in [("safetensors", "standard", None), ("pt", "side-step", None), ("pt", "standard", 5)]:
            output = root / f"tensors.{format}.{conditioning}.{seed}"
            command = [options.lumina, "preprocess", "--model", root / "model", "--audio-dir", root / "music",
                       "--tensor-output", output, "--dtype", "float32", "--format", format, "--quiet"]
            command += ["--compat", conditioning] if conditioning != "standard" else []
            # Side-Step cuts songs to the whole seconds of the longest, which would cut that one.
            command += ["--max-duration", "60"] if conditioning != "standard" else []
            command += ["--sample-posterior", "--seed", str(seed)] if seed is not None else []
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            worst = compare(pipe, root / "music", output, format, conditioning, seed)
            print(f"{format:12} {conditioning:10} {'mean' if seed is None else f'seed {seed}':8} agrees within {worst:.1e}")


if __name__ == "__main__":
    main()
