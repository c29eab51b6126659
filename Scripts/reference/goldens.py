# SPDX-License-Identifier: Apache-2.0
"""Remake Tests/ACEStepTests/Fixtures: small checkpoints, requests, and what the reference makes of them, whole and by part.

Everything comes from fixed seeds on one thread, so the files are the same on each run (to rounding, on another CPU).
"""
import argparse
import pathlib
import shutil
import warnings

import torch
from diffusers import AutoencoderOobleck
from diffusers.pipelines.ace_step import pipeline_ace_step
from safetensors.torch import save_file

import adapters
import checkpoint
import generate
import layouts
import sizes

# Frames of silence: what the timbre encoder takes. The released file has 15000, which would be 4 MB for each model.
SILENCE_FRAMES = 750
AUDIO_STRIDE = 32
# Magnified null conditions make guidance's clamp act in short clips. sft is written in diffusers' layout, the others in
# ACE-Step's, under one root. bfloat16 is how they are stored; every run computes in float32.
VARIANTS = {
    "turbo": {"variant": "turbo", "seed": 11},
    "base": {"variant": "base", "seed": 12, "null_scale": 40.0, "dtype": "bfloat16"},
    "sft": {"variant": "sft", "seed": 13, "null_scale": 40.0, "dtype": "bfloat16"},
    "xl-turbo": {"variant": "turbo", "xl": True, "seed": 14, "dtype": "bfloat16"},
}
METAS = {"bpm": 120, "keyscale": "E minor", "timesignature": "4"}
REQUESTS = {
    # 13 frames: an odd number, and seven patches, more than the window of four.
    "instrumental": {"tags": "jazz, piano trio", "lyrics": "[Instrumental]", "duration": 0.52, "num_inference_steps": 8,
                     "guidance_scale": 1.0, "shift": 3.0, "seed": 42, "vocal_language": "unknown", **METAS},
    # NFC changes the lyrics: their first é is two scalars.
    "scripts": {"tags": "シティポップ、夏の夜 🎹", "lyrics": "[Verse]\ncafe\u0301 夜の海\n[Chorus]\nيا ليل، Привет 안녕",
                "duration": 0.96, "num_inference_steps": 4, "guidance_scale": 1.0, "shift": 2.0, "seed": 4294967297,
                "vocal_language": "ja", "keyscale": "F♯ major"},
    # 2.2 s is 55 frames, though 25 * 2.2 is more than 55 in floating point.
    "decimal": {"tags": "", "lyrics": "", "duration": 2.2, "num_inference_steps": 2, "guidance_scale": 1.0, "shift": 1.0,
                "seed": 0, "vocal_language": "unknown", "keyscale": "", "bpm": 0},
    "truncated": {"tags": "warm strings and choir, " * 40, "lyrics": "la la la", "duration": 0.2, "num_inference_steps": 1,
                  "guidance_scale": 1.0, "shift": 3.0, "seed": 7, "vocal_language": "en", **METAS},
    "guided": {"tags": "lo-fi hip hop, 82bpm", "lyrics": "[Verse]\nrain on the window", "duration": 0.84,
               "num_inference_steps": 6, "guidance_scale": 7.0, "shift": 1.0, "seed": 5, "vocal_language": "en", "bpm": 82.5},
}
RUNS = [("turbo", "instrumental"), ("turbo", "scripts"), ("turbo", "decimal"), ("turbo", "truncated"),
        ("base", "guided"), ("base", "instrumental"), ("sft", "guided"), ("xl-turbo", "instrumental")]
BLEND = [("lora", 0.7), ("pattern", -0.3)]
# A caption and lyrics, short, and longer than what Side-Step takes.
SIDE_STEP = [("# Caption\nsoft piano, caf\u00e9\n<|endoftext|>\n", "[Verse]\nla la\n\u591c\u306e\u6d77"),
             ("warm strings and choir, " * 60, "la la la and on it goes\n" * 120)]
SCHEDULES = [(steps, shift) for steps in (1, 2, 8, 27, 50) for shift in (1.0, 2.0, 3.0, 1.7)]


def parts_of(name):
    parts = checkpoint.make(size="micro", tokenizer="small", silence_frames=SILENCE_FRAMES, **VARIANTS[name])
    # Text encoder and autoencoder lie beside the models and serve them all; the autoencoder's encoder is large and unused.
    shared = checkpoint.make(size="micro", tokenizer="small", silence_frames=1, seed=10)
    parts.tensors["text_encoder"] = {name: value.bfloat16() for name, value in shared.tensors["text_encoder"].items()}
    parts.tensors["vae"] = {name: value for name, value in shared.tensors["vae"].items() if name.startswith("decoder.")}
    return parts


def thinned(saved, steps):
    """What is kept of a run: latents after the first step, the middle and the last, and one sample in AUDIO_STRIDE."""
    dropped = {f"latents.{step}" for step in range(steps) if step not in (0, steps // 2) or step == steps - 1}
    result = {name: value for name, value in saved.items() if name not in dropped}
    result[f"audio.every{AUDIO_STRIDE}"] = result.pop("audio")[..., ::AUDIO_STRIDE].contiguous()
    result.pop("encoder_attention_mask")
    return result


def guidance_norms(pipe, request, frames):
    """The norms that guidance compares with 2.5 in one run, to be sure that the fixture has some on either side."""
    norms, original = [], pipeline_ace_step.normalized_guidance

    def watched(**arguments):
        result = original(**arguments)
        norms.append(arguments["momentum_buffer"].running_average.norm(p=2, dim=1))
        return result

    pipeline_ace_step.normalized_guidance = watched
    try:
        saved = generate.run(pipe, request, frames)
    finally:
        pipeline_ace_step.normalized_guidance = original
    return saved, torch.cat(norms)


def write_runs(root, pipes):
    (root / "outputs").mkdir()
    for variant, name in RUNS:
        request, frames = generate.read_request(root / "requests" / f"{name}.json")
        saved, norms = guidance_norms(pipes[variant], request, frames) if name == "guided" else (
            generate.run(pipes[variant], request, frames), None)
        if norms is not None and not (norms.min() < 2.5 < norms.max()):
            raise ValueError(f"{variant}: guidance's norms {norms.min():.2f}...{norms.max():.2f} do not straddle the clamp")
        save_file(thinned(saved, request["num_inference_steps"]), root / "outputs" / f"{variant}.{name}.safetensors")
    request, frames = generate.read_request(root / "requests/instrumental.json")
    pipe = layouts.pipeline(parts_of("xl-turbo"), torch.float32)
    generate.prepend_timbre_token(pipe)
    saved = thinned(generate.run(pipe, request, frames), request["num_inference_steps"])
    save_file(saved, root / "outputs/xl-turbo.instrumental.timbre-token.safetensors")
    pipe = layouts.pipeline(parts_of("turbo"), torch.float32)
    for index, (kind, _) in enumerate(BLEND):
        adapters.write(pipe.transformer, kind, 2, 6, 20 + index, root / "adapters" / kind)
    adapters.blend(pipe.transformer, [(root / "adapters" / kind, weight) for kind, weight in BLEND])
    saved = thinned(generate.run(pipe, request, frames), request["num_inference_steps"])
    name = "+".join(f"{kind}={weight}" for kind, weight in BLEND)
    save_file(saved, root / f"outputs/turbo.instrumental+{name}.safetensors")


def conditions(pipe):
    ids = torch.arange(3, 400, 13)[None]
    encoder, embedded = pipe.condition_encoder, pipe.text_encoder.get_input_embeddings()(ids)
    mask = torch.ones_like(ids)
    timbre, _ = encoder.timbre_encoder(encoder.silence_latent, torch.zeros(1, dtype=torch.long))
    return {
        "ids": ids,
        "text": pipe.text_encoder(input_ids=ids).last_hidden_state,
        "embedded": embedded,
        "lyric": encoder.lyric_encoder(inputs_embeds=embedded, attention_mask=mask),
        "timbre": timbre,
    }


def velocities(pipe, frames=13):
    """One forward pass on two items with different times, and the time embedding alone."""
    generator = torch.Generator().manual_seed(31)
    normal = lambda *shape: torch.randn(*shape, generator=generator)
    transformer, times = pipe.transformer, torch.tensor([0.9, 0.3])
    inputs = {"x": normal(2, frames, 64), "conditions": normal(2, 9, pipe.condition_encoder.config.hidden_size),
              "context": normal(2, frames, 128)}
    velocity = transformer(hidden_states=inputs["x"], timestep=times, timestep_r=times, context_latents=inputs["context"],
                           encoder_hidden_states=inputs["conditions"], return_dict=False)[0]
    embedding, modulation = transformer.time_embed(times)
    return {**inputs, "t": times, "velocity": velocity, "time_embed": embedding, "time_projection": modulation}


def guided_velocities():
    """Four steps of guidance at 7: momentum carries over, and channels lie on either side of the clamp."""
    from diffusers.guiders.adaptive_projected_guidance import MomentumBuffer
    generator, buffer, result = torch.Generator().manual_seed(32), MomentumBuffer(momentum=-0.75), {}
    spread = torch.linspace(0.05, 2, 64)
    for step in range(4):
        conditional = torch.randn(1, 12, 64, generator=generator)
        unconditional = conditional + spread * torch.randn(1, 12, 64, generator=generator)
        guided = pipeline_ace_step.normalized_guidance(
            pred_cond=conditional, pred_uncond=unconditional, guidance_scale=6.0, momentum_buffer=buffer, eta=0.0,
            norm_threshold=2.5, use_original_formulation=True, norm_dim=(1,))
        result |= {f"conditional.{step}": conditional, f"unconditional.{step}": unconditional, f"guided.{step}": guided}
    return result


def audio_codes(pipe, frames, seed):
    """FSQ of frames that are no multiple of five (filled up with silence), and the way back from the codes."""
    generator = torch.Generator().manual_seed(seed)
    latents = 3 * torch.randn(1, frames, 64, generator=generator)
    quantized, codes = pipe.audio_tokenizer.tokenize(latents, pipe.condition_encoder.silence_latent)
    if codes.unique().numel() < 4:
        raise ValueError("the latents have too few different codes to show a mistake")
    return {"latents": latents, "quantized": quantized, "codes": codes, "detokenized": pipe.audio_token_detokenizer(quantized)}


def side_step(pipe, side, caption, lyrics):
    """Conditions with filling, as ACE-Step's trainer and Side-Step make them: one frame of zeros is the reference clip."""
    def filled(text, length):
        pipe.tokenizer.padding_side = side
        return pipe.tokenizer(text, padding="max_length", max_length=length, truncation=True, return_tensors="pt")
    prompt, words = filled(caption, 256), filled(lyrics, 512)
    states, mask = pipe.condition_encoder(
        text_hidden_states=pipe.text_encoder(input_ids=prompt.input_ids).last_hidden_state,
        text_attention_mask=prompt.attention_mask,
        lyric_hidden_states=pipe.text_encoder.get_input_embeddings()(words.input_ids),
        lyric_attention_mask=words.attention_mask,
        refer_audio_acoustic_hidden_states_packed=torch.zeros(1, 1, 64),
        refer_audio_order_mask=torch.zeros(1, dtype=torch.long))
    return {"encoder_hidden_states": states, "encoder_attention_mask": mask}


def side_step_cases(pipes):
    """Short texts with the filling on either side, texts that fill everything, and no lyrics at all."""
    timbre = layouts.pipeline(parts_of("xl-turbo"), torch.float32)
    generate.prepend_timbre_token(timbre)
    short, long = SIDE_STEP
    return {"side-step": side_step(pipes["turbo"], "right", *short), "side-step.left": side_step(pipes["turbo"], "left", *short),
            "side-step.long": side_step(pipes["turbo"], "right", *long), "side-step.xl-turbo": side_step(timbre, "right", short[0], "")}


def schedules(pipe):
    result = {}
    for steps, shift in SCHEDULES:
        times = pipe._get_timestep_schedule(num_inference_steps=steps, shift=shift, dtype=torch.float32)
        pipe.scheduler.set_timesteps(sigmas=times.tolist())
        result[f"steps{steps}.shift{shift}"] = pipe.scheduler.sigmas.float()
    return result


def autoencoder(directory, config, seed):
    """Writes a whole autoencoder, which `sizes` has none of, and gives it with the generator it was made by."""
    generator = torch.Generator().manual_seed(seed)
    tensors = checkpoint.random_tensors(AutoencoderOobleck, config, generator, torch.float32)
    directory.mkdir(parents=True)
    layouts.write_tensors(directory, layouts.WEIGHTS, tensors)
    layouts.write_json(directory / "config.json", {"_class_name": "AutoencoderOobleck", **config})
    with torch.device("meta"):
        vae = AutoencoderOobleck(**config)
    return layouts.assign(vae, tensors, torch.float32), generator


def write_autoencoder(directory):
    """Four latent channels, so that the encoder is small; audio of a length that is no multiple."""
    config = {**sizes.vae_config("micro"), "encoder_hidden_size": 8, "decoder_input_channels": 4}
    vae, generator = autoencoder(directory, config, 34)
    audio = 0.3 * torch.randn(1, 2, 1920 + 777, generator=generator)
    posterior = vae.encode(audio).latent_dist
    save_file({"audio": audio, "mean": posterior.mean.contiguous(), "standard_deviation": posterior.std.contiguous(),
               "decoded": vae.decode(posterior.mean).sample}, directory / "expected.safetensors")


def write_short_autoencoder(directory):
    """Other ratios and widths, frames of 48 samples; two songs of 45 frames and a bit, and a draw from the posterior."""
    config = {"encoder_hidden_size": 12, "decoder_input_channels": 6, "decoder_channels": 4, "audio_channels": 2,
              "downsampling_ratios": [2, 4, 6], "channel_multiples": [1, 2, 3], "sampling_rate": 48000}
    vae, generator = autoencoder(directory, config, 36)
    audio = 0.3 * torch.randn(2, 2, 45 * 48 + 31, generator=generator)
    posterior = vae.encode(audio).latent_dist
    save_file({"audio": audio, "mean": posterior.mean.contiguous(), "standard_deviation": posterior.std.contiguous(),
               "sample.seed7": posterior.sample(torch.Generator().manual_seed(7)).contiguous()},
              directory / "expected.safetensors")


def write_parts(root, pipes):
    directory = root / "parts"
    write_autoencoder(directory / "autoencoder")
    write_short_autoencoder(directory / "autoencoder.short")
    turbo = pipes["turbo"]
    latents = torch.randn(1, 64, 3, generator=torch.Generator().manual_seed(35))
    whole = {
        "conditions": conditions(turbo), "velocity.turbo": velocities(turbo), "velocity.xl-turbo": velocities(pipes["xl-turbo"]),
        "guidance": guided_velocities(), "codes": audio_codes(turbo, 33, 33), "codes.sft": audio_codes(pipes["sft"], 21, 37),
        "codes.xl-turbo": audio_codes(pipes["xl-turbo"], 40, 38), "schedules": schedules(turbo),
        "decoder": {"latents": latents, "audio": turbo.vae.decode(latents).sample},
    }
    for name, tensors in (whole | side_step_cases(pipes)).items():
        save_file({key: value.contiguous() for key, value in tensors.items()}, directory / f"{name}.safetensors")


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--out", required=True, metavar="DIR", help="the Fixtures directory; only what is made here is replaced")
    root = pathlib.Path(arguments.parse_args().out)
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    for name in ("checkpoints", "diffusers", "adapters", "requests", "outputs", "parts"):
        shutil.rmtree(root / name, ignore_errors=True)
    (root / "requests").mkdir(parents=True)
    for name, request in REQUESTS.items():
        layouts.write_json(root / "requests" / f"{name}.json", request)
    pipes = {}
    for name in VARIANTS:
        parts, place = parts_of(name), root / ("diffusers" if name == "sft" else "checkpoints")
        parts.write_diffusers(place) if name == "sft" else parts.write_original(place)
        pipes[name] = layouts.pipeline(layouts.read(place, name), torch.float32)
    write_runs(root, pipes)
    write_parts(root, pipes)
    print(f"{root}: {sum(file.stat().st_size for file in root.rglob('*') if file.is_file()):,} bytes")


if __name__ == "__main__":
    main()
