# SPDX-License-Identifier: Apache-2.0
"""Remake Tests/TrainingTests/Fixtures/autoencoder.*: loss, gradients and steps of an autoencoder's training, by torch's autograd
on diffusers' modules.

Audio and noise are drawn from seeds that Lumina's tests draw from too; the files hold what is computed.
"""
import argparse
import json
import pathlib
import warnings

import torch
from diffusers import AutoencoderOobleck
from diffusers.models.autoencoders.autoencoder_oobleck import OobleckEncoder
from safetensors.torch import save_file
from torch import nn
from torch.nn.utils import weight_norm

import checkpoint

SIZES = (2048, 1024, 512, 256, 128)
WEIGHTS = {"waveform": 0.8, "phase": 1.1, "magnitude": 0.9, "log_magnitude": 0.5, "divergence": 0.03}
BATCH, FRAMES, STEPS, RATE = 2, 150, 3, 2e-3
CONFIGS = {
    "autoencoder": {"downsampling_ratios": [6, 2], "channel_multiples": [1, 2], "encoder_hidden_size": 8,
                    "decoder_channels": 5, "decoder_input_channels": 4, "audio_channels": 2, "sampling_rate": 48000},
    "autoencoder.narrow": {"downsampling_ratios": [2, 6], "channel_multiples": [1, 2], "encoder_hidden_size": 12,
                           "encoder_channels": 3, "decoder_channels": 3, "decoder_input_channels": 6, "audio_channels": 2,
                           "sampling_rate": 48000},
}


def make(config):
    """Diffusers' autoencoder; an encoder of another base width is one whose last convolution is replaced."""
    config = dict(config)
    width = config.pop("encoder_channels", config["encoder_hidden_size"])
    model = AutoencoderOobleck(**config)
    if width != config["encoder_hidden_size"]:
        last = width * config["channel_multiples"][-1]
        model.encoder = OobleckEncoder(width, config["audio_channels"], config["downsampling_ratios"], config["channel_multiples"])
        model.encoder.conv2 = weight_norm(nn.Conv1d(last, config["encoder_hidden_size"], 3, padding=1))
    generator = torch.Generator().manual_seed(11)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(checkpoint.random_value(name, parameter.shape, generator))
    return model


def relative(error, original):
    return error.abs().mean() / (original.abs().mean() + 1e-5)


def terms(model, audio, noise):
    posterior = model.encode(audio).latent_dist
    decoded = model.decode(posterior.mean + posterior.std * noise).sample
    energy = audio.pow(2).mean((1, 2)) + 1e-5
    result = {"waveform": ((decoded - audio).pow(2).mean((1, 2)) / energy).mean(), "phase": 0, "magnitude": 0, "log_magnitude": 0}
    for size in SIZES:
        window = torch.hann_window(size, dtype=torch.float64).to(audio.dtype)
        found, wanted = (torch.view_as_real(torch.stft(sound.flatten(0, 1), size, size // 4, window=window, return_complex=True))
                         / size ** 0.5 for sound in (decoded, audio))
        lengths = [torch.sqrt(parts.pow(2).sum(-1) + 1e-8) for parts in (found, wanted)]
        floor = 0.01 * lengths[1].pow(2).mean().sqrt() + 1e-5
        result["phase"] += relative(found - wanted, wanted) / len(SIZES)
        result["magnitude"] += relative(lengths[0] - lengths[1], lengths[1]) / len(SIZES)
        result["log_magnitude"] += (torch.log(lengths[0] + floor) - torch.log(lengths[1] + floor)).abs().mean() / len(SIZES)
    variance = posterior.std.pow(2)
    result["divergence"] = 0.5 * (posterior.mean.pow(2) + variance - variance.log() - 1).mean()
    return result


def golden(config):
    model, generator = make(config), torch.Generator().manual_seed(3)
    hop = torch.tensor(config["downsampling_ratios"]).prod().item()
    audio = 0.1 * torch.randn(BATCH, config["audio_channels"], FRAMES * hop, generator=generator)
    noise = torch.randn(BATCH, config["decoder_input_channels"], FRAMES, generator=generator)
    result = {f"value.{name}": parameter.detach().clone() for name, parameter in model.named_parameters()}
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, betas=(0.9, 0.99), weight_decay=0)
    for step in range(STEPS):
        found = terms(model, audio, noise)
        loss = sum(WEIGHTS[name] * value for name, value in found.items())
        optimizer.zero_grad()
        loss.backward()
        if step == 0:
            result |= {f"term.{name}": value.detach().reshape(1) for name, value in found.items()}
            result |= {f"gradient.{name}": parameter.grad.clone() for name, parameter in model.named_parameters()}
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        result[f"loss.{step}"], result[f"norm.{step}"] = loss.detach().reshape(1), norm.reshape(1)
        optimizer.step()
    return result


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--out", required=True, metavar="DIR")
    options = arguments.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    root = pathlib.Path(options.out)
    for name, config in CONFIGS.items():
        save_file({key: value.contiguous() for key, value in golden(config).items()}, root / f"{name}.safetensors",
                  metadata={"config": json.dumps(config)})
        print(f"{root / name}.safetensors: {(root / (name + '.safetensors')).stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
