# SPDX-License-Identifier: Apache-2.0
"""Losses and gradients of every parameter of a model that is trained as a whole, by diffusers' and transformers' modules and autograd.

Each piece is computed by itself, so that nothing is filled up: what Lumina computes together must be the same.
"""
import types

import torch

import layouts

# Captions and lyrics of different lengths, in tokens; the first piece goes without its condition, the last hears itself.
CAPTIONS, LYRICS = [7, 11, 4, 9], [5, 3, 5, 8]
FRAMES, SEED = 13, 21


def straight_through(self, x):
    """Rounding whose gradient is that of what it rounds."""
    steps = self._levels.to(x.dtype) - 1
    inside = x.clamp(-1.0, 1.0)
    rounded = 2 / steps * torch.floor(steps * (inside + 1) / 2 + 0.5) - 1
    return inside + (rounded - inside).detach()


def pieces(vocabulary):
    """What is learnt; Lumina draws the same from the same seed."""
    generator = torch.Generator().manual_seed(SEED)
    latents = torch.randn(len(CAPTIONS), FRAMES, 64, generator=generator)
    noise = torch.randn(len(CAPTIONS), FRAMES, 64, generator=generator)
    times = torch.rand(len(CAPTIONS), generator=generator)
    tokens = lambda count: torch.randint(0, vocabulary, (count,), generator=generator)
    return latents, noise, times, [(tokens(caption), tokens(lyrics)) for caption, lyrics in zip(CAPTIONS, LYRICS)]


def conditions(parts, pipeline, words, reference):
    caption, lyrics = (ids[None] for ids in words)
    embedding = pipeline.text_encoder.get_input_embeddings()
    ones = lambda ids: torch.ones_like(ids, dtype=torch.bool)
    states, _ = pipeline.condition_encoder(
        text_hidden_states=pipeline.text_encoder(input_ids=caption).last_hidden_state, text_attention_mask=ones(caption),
        lyric_hidden_states=embedding(lyrics), lyric_attention_mask=ones(lyrics),
        refer_audio_acoustic_hidden_states_packed=reference, refer_audio_order_mask=torch.zeros(1, dtype=torch.long))
    return states


def gradients(parts):
    """Lumina's names to tensors: both losses, and what torch's autograd says of every parameter."""
    pipeline = layouts.pipeline(parts, torch.float32)
    length = parts.config["timbre_fix_frame"]
    silence, null = parts.silence.float(), pipeline.condition_encoder.null_condition_emb
    tokenizer, detokenizer = pipeline.audio_tokenizer, pipeline.audio_token_detokenizer
    tokenizer.quantizer._quantize = types.MethodType(straight_through, tokenizer.quantizer)
    modules = {"text_encoder": pipeline.text_encoder, "transformer": pipeline.transformer, "audio_tokenizer": tokenizer,
               "condition_encoder": pipeline.condition_encoder, "audio_token_detokenizer": detokenizer}
    for module in modules.values():
        module.requires_grad_(True)
    latents, noise, times, words = pieces(parts.text["vocab_size"])
    context = torch.cat([silence[:, :FRAMES], torch.ones(1, FRAMES, 64)], dim=-1)
    loss = 0
    for place, own in enumerate(words):
        clean, time = latents[place:place + 1], times[place:place + 1]
        last = place == len(words) - 1
        reference = clean.repeat(1, -(-length // FRAMES), 1)[:, :length] if last else silence[:, :length]
        states = null if place == 0 else conditions(parts, pipeline, own, reference)
        noisy = time[:, None, None] * noise[place:place + 1] + (1 - time[:, None, None]) * clean
        velocity = pipeline.transformer(hidden_states=noisy, timestep=time, timestep_r=time, context_latents=context,
                                        encoder_hidden_states=states, return_dict=False)[0]
        loss = loss + (velocity - (noise[place:place + 1] - clean)).square().mean() / len(words)
    coded = latents[:1]
    quantized, _ = tokenizer.tokenize(coded, silence)
    auxiliary = (detokenizer(quantized)[:, :FRAMES] - coded).square().mean()
    (loss + auxiliary).backward()
    result = {"loss": loss.detach().reshape(1), "auxiliary": auxiliary.detach().reshape(1)}
    for component, module in modules.items():
        for name, parameter in module.named_parameters():
            if parameter.grad is None:
                continue
            prefix = "" if name == layouts.NULL else layouts.COMPONENTS[component][1] if component in layouts.COMPONENTS else "text_encoder."
            name = name if component == "text_encoder" else layouts.to_original(name)
            result[f"gradient.{prefix}{name}"] = parameter.grad
    return result
