# SPDX-License-Identifier: Apache-2.0
"""What training an adapter does, by PEFT or LyCORIS on diffusers' transformer, with torch's autograd and AdamW.

Names of parameters are those of the adapter's own file in ACE-Step's module names, so that they can be compared with Lumina's.
"""
import copy

import torch
from lycoris import create_lycoris
from peft import LoraConfig, OFTConfig, get_peft_model

import adapters
import lycoris_adapters

TARGETS = adapters.ATTENTION + adapters.MLP


def lora(rank=2, alpha=6, targets=TARGETS, **options):
    return lambda transformer: PEFT(transformer, LoraConfig(
        r=rank, lora_alpha=alpha, target_modules=list(targets), bias="none", **options))


def oft(size=8, **options):
    return lambda transformer: PEFT(transformer, OFTConfig(
        r=0, oft_block_size=size, target_modules=list(TARGETS), bias="none", use_cayley_neumann=True, **options))


def lycoris(algorithm, rank, alpha, **options):
    return lambda transformer: LyCORIS(transformer, algo=algorithm, linear_dim=rank, linear_alpha=alpha, **options)


# What the goldens and Lumina's tests know by these names; `design` in Tests/TrainingTests says the same in Swift.
FAMILIES = {
    "lora": lora(),
    "rslora": lora(use_rslora=True),
    "pattern": lora(rank_pattern={"layers.0.self_attn.to_q": 4, "down_proj": 1}, alpha_pattern={"down_proj": 5}),
    "self": lora(targets=[f"self_attn.{name}" for name in adapters.ATTENTION]),
    "dora": lora(use_dora=True),
    "oft": oft(),
    "coft": oft(coft=True, eps=0.5),
    "lokr": lycoris("lokr", 8, 16, factor=-1),
    "lokr-factored": lycoris("lokr", 1, 3, factor=-1, decompose_both=True),
    "lokr-scalar": lycoris("lokr", 1, 3, factor=4, use_scalar=True, use_tucker=True),
    "lokr-dora": lycoris("lokr", 2, 6, factor=4, dora_wd=True, wd_on_output=True),
    "loha": lycoris("loha", 2, 4),
    "loha-scalar": lycoris("loha", 2, 4, use_scalar=True, use_tucker=True),
}


class PEFT:
    """A transformer with an adapter of PEFT; `parameters` by the file's names."""

    def __init__(self, transformer, config):
        self.transformer = copy.deepcopy(transformer)
        self.model = get_peft_model(self.transformer, config)
        self.model.train()
        self.parameters = {}
        for name, parameter in self.model.named_parameters():
            if parameter.requires_grad:
                name = adapters.renamed(name.replace(".default", ""), forwards=False)
                name = name.replace("lora_magnitude_vector.weight", "lora_magnitude_vector")
                self.parameters[name] = parameter

    def randomise(self, generator, strength=0.3):
        adapters.randomise(self.model, generator, strength)


class LyCORIS:
    """A transformer with a network of LyCORIS; `parameters` by the file's names, and the scalar beside them."""

    def __init__(self, transformer, algo, **options):
        self.transformer = copy.deepcopy(transformer)
        # The reference's own convolution has channels first, as LyCORIS expects it.
        self.network = create_lycoris(self.transformer, 1.0, algo=algo, **options)
        self.network.apply_to()
        self.network.train()
        self.parameters = {}
        for module in self.network.loras:
            for name, parameter in module.named_parameters():
                self.parameters[lycoris_adapters.renamed(f"{module.lora_name}.{name}", False)] = parameter

    @torch.no_grad()
    def randomise(self, generator, strength=0.3):
        # At first it is zero, and nothing could be scaled to the strength.
        for name, parameter in sorted(self.parameters.items()):
            if name.endswith(".scalar"):
                parameter.copy_(0.5 + torch.rand((), generator=generator))
        lycoris_adapters.randomise(self.network, generator, strength)


def make(name, transformer):
    for parameter in transformer.parameters():
        parameter.requires_grad_(False)
    return FAMILIES[name](transformer)


def sample(seed, items, frames, conditions, width):
    """Latents, context and conditions; Lumina draws the same numbers from the same seed."""
    generator = torch.Generator().manual_seed(seed)
    normal = lambda *shape: torch.randn(*shape, generator=generator)
    return normal(items, frames, 64), normal(items, frames, 128), normal(items, conditions, width)


def draw(generator, shape, ratio=0.15, mean=-0.4, deviation=1.0):
    """What a micro-step draws, in Side-Step's order: dropped conditions, times, noise."""
    count = shape[0]
    drops = torch.rand(count, generator=generator) < ratio
    first, second = (torch.randn(count, generator=generator) for _ in range(2))
    times = torch.maximum(torch.sigmoid(deviation * first + mean), torch.sigmoid(deviation * second + mean))
    return drops, times, torch.randn(shape, generator=generator)


def snr_weights(times, gamma=5.0):
    ratio = ((1 - times.clamp(1e-4, 1 - 1e-4)) / times.clamp(1e-4, 1 - 1e-4)).square().clamp(max=1e6)
    return ratio.clamp(max=gamma) / ratio.clamp(min=1e-6)


def loss(transformer, null, data, drawn, weighting="none"):
    """The flow-matching loss of one micro-step."""
    (latents, context, conditions), (drops, times, noise) = data, drawn
    conditions = torch.where(drops[:, None, None], null.expand_as(conditions), conditions)
    wide = times[:, None, None]
    noisy = wide * noise + (1 - wide) * latents
    velocity = transformer(hidden_states=noisy, timestep=times, timestep_r=times, context_latents=context,
                           encoder_hidden_states=conditions, return_dict=False)[0]
    squares = (velocity.float() - (noise - latents).float()).square()
    if weighting == "min_snr":
        return (squares.mean((1, 2)) * snr_weights(times)).mean()
    return squares.mean()


def schedule(kind, optimizer, total, warmup, start=0.1, floor=0.01, restarts=4):
    """The learning rate over time by torch's schedulers, as Side-Step chains them."""
    from torch.optim import lr_scheduler
    rest, rate = max(1, total - warmup), optimizer.param_groups[0]["lr"]
    main = {
        "cosine": lambda: lr_scheduler.CosineAnnealingLR(optimizer, T_max=rest, eta_min=rate * floor),
        "cosine_restarts": lambda: lr_scheduler.CosineAnnealingWarmRestarts(
            optimizer, T_0=max(1, rest // restarts), eta_min=rate * floor),
        "linear": lambda: lr_scheduler.LinearLR(optimizer, start_factor=1.0, end_factor=0.01, total_iters=rest),
        "constant": lambda: lr_scheduler.LambdaLR(optimizer, lambda step: 1.0),
    }
    main["constant_with_warmup"] = main["constant"]
    warm = lr_scheduler.LinearLR(optimizer, start_factor=start, end_factor=1.0, total_iters=warmup)
    return lr_scheduler.SequentialLR(optimizer, [warm, main[kind]()], milestones=[warmup])
