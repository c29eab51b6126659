# SPDX-License-Identifier: Apache-2.0
"""Run a request through diffusers' AceStepPipeline and save every value on the way in one safetensors file.

A request is the JSON that `lumina generate --request` reads, and the tensors have the names that `--save-tensors` writes.
"""
import argparse
import decimal
import json
import math
import pathlib
import warnings

import torch
from safetensors.torch import save_file

import adapters
import layouts


class TimbreTokenFirst(torch.nn.Module):
    """The timbre encoder's input projection with the special token before the frames, as ACE-Step's XL models have it."""

    def __init__(self, encoder):
        super().__init__()
        self.projection, self.token = encoder.embed_tokens, encoder.special_token

    def forward(self, frames):
        projected = self.projection(frames)
        return torch.cat([self.token.to(projected.dtype).expand(projected.shape[0], -1, -1), projected], dim=1)


def prepend_timbre_token(pipe):
    encoder = pipe.condition_encoder.timbre_encoder
    encoder.embed_tokens = TimbreTokenFirst(encoder)


def read_request(path):
    """The request's fields, and its frames: ceil(25 * duration) of the decimal number that the file says."""
    text = pathlib.Path(path).read_text(encoding="utf-8")
    request = json.loads(text)
    exact = json.loads(text, parse_float=decimal.Decimal).get("duration", 60)
    return request, math.ceil(25 * decimal.Decimal(exact))


def prompt_fields(request):
    signature = request.get("timesignature")
    return {
        "prompt": request.get("tags", ""),
        "lyrics": request.get("lyrics", ""),
        "vocal_language": request.get("vocal_language", "unknown"),
        "bpm": request.get("bpm"),
        "keyscale": request.get("keyscale"),
        "timesignature": None if signature is None else str(signature),
    }


def token_ids(pipe, request):
    caption, lyric = pipe._format_prompt(
        **prompt_fields(request), audio_duration=request.get("duration", 60),
        instruction=pipe._get_task_instruction(task_type="text2music"))
    encode = lambda text, limit: torch.tensor(pipe.tokenizer(text, truncation=True, max_length=limit).input_ids)
    return encode(caption, 256), encode(lyric, 2048)


def pipeline_duration(pipe, request, frames):
    """A duration of which diffusers' floats make `frames`, which 2.2 s (25 * 2.2 > 55) is not; the prompt keeps the real one."""
    duration = float(request.get("duration", 60))
    if math.ceil(duration * pipe.latents_per_second) == frames:
        return duration
    original = type(pipe)._build_metadata_string
    pipe._build_metadata_string = lambda **fields: original(**{**fields, "audio_duration": duration})
    return (frames - 0.5) / pipe.latents_per_second


def run(pipe, request, frames, noise=None):
    """Every value of one request, as float32 (identifiers int64, the mask uint8); the noise is the seed's unless given."""
    saved, dtype = {}, pipe.transformer.dtype
    saved["caption_ids"], saved["lyric_ids"] = token_ids(pipe, request)
    generator = torch.Generator().manual_seed(int(request.get("seed", 0)))
    noise = torch.randn(1, frames, 64, generator=generator, dtype=dtype) if noise is None else noise.to(dtype)
    saved["noise"] = noise.float()

    def keep_conditions(_, __, output):
        saved["encoder_hidden_states"], saved["encoder_attention_mask"] = output[0].float(), output[1].to(torch.uint8)

    def keep_latents(_, step, __, values):
        saved[f"latents.{step}"] = saved["latents"] = values["latents"].float()
        return {}

    hook = pipe.condition_encoder.register_forward_hook(keep_conditions)
    try:
        saved["audio"] = pipe(
            **prompt_fields(request), audio_duration=pipeline_duration(pipe, request, frames), latents=noise.clone(),
            num_inference_steps=int(request.get("num_inference_steps", 8)), shift=float(request.get("shift", 3.0)),
            guidance_scale=float(request.get("guidance_scale", 1.0)), callback_on_step_end=keep_latents).audios.float()
    finally:
        hook.remove()
        pipe.__dict__.pop("_build_metadata_string", None)
    saved["latents"] = saved["latents"].clone()
    return {name: value.contiguous() for name, value in saved.items()}


def parse_adapter(text):
    directory, separator, weight = text.rpartition("=")
    return (directory, float(weight)) if separator else (text, 1.0)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--checkpoint", required=True, metavar="DIR")
    arguments.add_argument("--variant", help="which acestep-v15-* directory, where there are several")
    arguments.add_argument("--request", required=True, metavar="FILE.json")
    arguments.add_argument("--out", required=True, metavar="FILE.safetensors")
    arguments.add_argument("--adapter", action="append", default=[], metavar="DIR[=WEIGHT]", help="a PEFT directory; repeatable")
    arguments.add_argument("--dtype", choices=["float32", "bfloat16"], default="float32", help="what to compute in")
    arguments.add_argument("--timbre-token", action="store_true",
                           help="prepend the timbre encoder's special token, as ACE-Step's XL models do and diffusers does not")
    options = arguments.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_grad_enabled(False)
    request, frames = read_request(options.request)
    pipe = layouts.pipeline(layouts.read(options.checkpoint, options.variant), getattr(torch, options.dtype))
    if options.timbre_token:
        prepend_timbre_token(pipe)
    wanted = [parse_adapter(text) for text in options.adapter]
    wanted += [(item["ref"], float(item.get("weight", 1))) for item in request.get("adapters", [])]
    if wanted:
        adapters.blend(pipe.transformer, wanted)
    saved = run(pipe, request, frames)
    save_file(saved, options.out)
    for name, value in saved.items():
        if not name.startswith("latents."):
            print(name, tuple(value.shape))


if __name__ == "__main__":
    main()
