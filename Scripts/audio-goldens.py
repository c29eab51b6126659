#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Remake Tests/AudioTests/Fixtures: what the Python packages soxr and pyloudnorm make of known sounds.

    pip install numpy safetensors soxr pyloudnorm && Scripts/audio-goldens.py
"""
import pathlib

import numpy
import pyloudnorm
import soxr
from safetensors.numpy import save_file

RATES = (8000, 11025, 22050, 44100, 88200, 96000, 192000)
FRAMES = 1500
LOUDNESS_SECONDS = 8


def resampled():
    """Noise with a tone, in one channel at each rate and in two at 44.1 kHz, and the same at 48 kHz."""
    generator, tensors = numpy.random.default_rng(5), {}
    for name, rate, channels in [(str(rate), rate, 1) for rate in RATES] + [("stereo", 44100, 2)]:
        noise = 0.2 * generator.standard_normal((FRAMES, channels))
        tone = 0.4 * numpy.sin(2 * numpy.pi * 440 * numpy.arange(FRAMES)[:, None] / rate)
        sound = (noise + tone).astype(numpy.float32)
        tensors[f"{name}.in"] = numpy.ascontiguousarray(sound.T)
        tensors[f"{name}.out"] = numpy.ascontiguousarray(soxr.resample(sound, rate, 48000, quality="HQ").T)
    return tensors


def loudness():
    """The test makes the same sound from this formula: two tones whose level rises, louder on the left."""
    time = numpy.arange(LOUDNESS_SECONDS * 48000) / 48000
    sound = (0.05 + 0.05 * time / LOUDNESS_SECONDS) * (
        numpy.sin(2 * numpy.pi * 220 * time) + 0.5 * numpy.sin(2 * numpy.pi * 3520 * time))
    return pyloudnorm.Meter(48000).integrated_loudness(numpy.stack([sound, 0.5 * sound], axis=1))


def main():
    root = pathlib.Path(__file__).resolve().parent.parent / "Tests/AudioTests/Fixtures"
    root.mkdir(exist_ok=True)
    tensors = {**resampled(), "loudness": numpy.array([loudness()], dtype=numpy.float64)}
    save_file(tensors, root / "expected.safetensors")
    print({name: value.shape for name, value in tensors.items()}, tensors["loudness"])


if __name__ == "__main__":
    main()
