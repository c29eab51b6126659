# SPDX-License-Identifier: Apache-2.0
"""Remake side-step.pt, as ACE-Step's and Side-Step's preprocessing saves a song, and check ours.pt: needs torch."""
import pathlib

import torch

HERE = pathlib.Path(__file__).resolve().parent
FRAMES, POSITIONS, WIDTH = 6, 9, 4


def song():
    generator = torch.Generator().manual_seed(3)
    normal = lambda *shape: torch.randn(*shape, generator=generator).bfloat16()
    mask = torch.arange(POSITIONS) < 7
    return {
        "target_latents": normal(FRAMES, 64), "attention_mask": torch.ones(FRAMES).bfloat16(),
        "encoder_hidden_states": normal(POSITIONS, WIDTH), "encoder_attention_mask": mask,
        # A view, as slicing and concatenating leave them.
        "context_latents": torch.cat([normal(FRAMES, 64), torch.ones(FRAMES, 64).bfloat16()], dim=1).t().contiguous().t(),
        "metadata": {"audio_path": "/music/a.wav", "filename": "a.wav", "caption": "warm jazz", "lyrics": "[Instrumental]",
                     "duration": 12, "bpm": None, "keyscale": "E minor", "timesignature": "4", "genre": "jazz",
                     "is_instrumental": True, "custom_tag": "zxq", "prompt_override": None, "repeat": 1},
    }


def main():
    torch.save(song(), HERE / "side-step.pt")
    ours = torch.load(HERE / "ours.pt", weights_only=True)
    print({name: (tuple(value.shape), value.dtype) for name, value in ours.items() if name != "metadata"})
    print(ours["metadata"])
    assert ours["target_latents"].tolist() == [[n + 10 * c for c in range(4)] for n in range(3)]
    assert ours["encoder_attention_mask"].tolist() == [True, True, False, True, True]
    assert ours["metadata"]["bpm"] == 90 and ours["metadata"]["prompt_override"] is None
    assert ours["metadata"]["lyrics"] == "[Verse]\nné 夜" and ours["metadata"]["is_instrumental"] is False


if __name__ == "__main__":
    main()
