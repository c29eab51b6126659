# SPDX-License-Identifier: Apache-2.0
"""LoKr and LoHa adapters with random weights, written and read by LyCORIS itself.

LyCORIS wraps every Linear and Conv1d of the transformer, time embedders and patch convolution included. The truth for such an
adapter is what its forward computes: its `merge_to` applies alpha / rank twice (4.1.3). DoRA over inputs and Tucker factors are not
here: LyCORIS trains and saves them, but cannot read its own file of every such module; Tests/AdaptersTests/Fixtures has them.
"""
import copy
import json
import logging
import pathlib

import torch
from lycoris import create_lycoris, create_lycoris_from_weights
from safetensors.torch import load_file, save_file

import layouts

OPTIONS = {
    "lokr": {"algo": "lokr", "factor": 4, "decompose_both": True},
    "lokr-square": {"algo": "lokr", "factor": -1},
    "lokr-full": {"algo": "lokr", "factor": 4, "full_matrix": True},
    "lokr-dora": {"algo": "lokr", "factor": 4, "dora_wd": True, "wd_on_output": True},
    "loha": {"algo": "loha"},
    "loha-dora": {"algo": "loha", "dora_wd": True, "wd_on_output": True},
}
KINDS = list(OPTIONS)
# The factor of each product that is scaled to give the change its size.
SCALED = ("lokr_w1", "lokr_w1_a", "hada_w1_a")

logging.getLogger("LyCORIS").setLevel(logging.ERROR)


def renamed(key, forwards):
    """`lycoris_layers_0_self_attn_q_proj.alpha`: ACE-Step's module names to diffusers' if `forwards`, else back."""
    module, _, rest = key.partition(".")
    for original, diffusers in layouts.RENAMED:
        old, new = (original, diffusers) if forwards else (diffusers, original)
        old, new = old.replace(".", "_"), new.replace(".", "_")
        if module.endswith("_" + old):
            return f"{module[:-len(old)]}{new}.{rest}"
    return key


def change(module):
    """What a wrapped layer adds to its weight, in float32."""
    return (module.get_weight(module.shape) * module.scalar).view(module.org_weight.shape).float()


def effective(module):
    """The weight that a wrapped layer computes with."""
    weight = module.org_weight.float() + change(module)
    return module.apply_weight_decompose(weight, 1.0) if module.wd else weight


@torch.no_grad()
def randomise(network, generator, strength=0.3):
    for module in network.loras:
        for name, parameter in sorted(module.named_parameters()):
            if name == "dora_scale":
                parameter.mul_(1 + 0.2 * torch.randn(parameter.shape, generator=generator))
            elif name != "scalar":
                parameter.copy_(torch.randn(parameter.shape, generator=generator))
        parameters = dict(module.named_parameters())
        scaled = next(parameters[name] for name in SCALED if name in parameters)
        scaled.mul_(strength * module.org_weight.norm() / change(module).norm())


def write(transformer, kind, rank, alpha, seed, directory, dtype=torch.float32):
    """A directory with one file, as trainers on LyCORIS leave it, in ACE-Step's module names."""
    options = OPTIONS[kind]
    network = create_lycoris(copy.deepcopy(transformer), 1.0, linear_dim=rank, linear_alpha=alpha, **options)
    network.apply_to()
    randomise(network, torch.Generator().manual_seed(seed))
    state = {renamed(key, False): value.to(dtype).contiguous() for key, value in network.state_dict().items()}
    algorithm = options["algo"]
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    config = {"linear_dim": rank, "linear_alpha": alpha, **{key: value for key, value in options.items() if key != "algo"}}
    save_file(state, directory / f"{algorithm}_weights.safetensors",
              metadata={"format": "lycoris", "algo": algorithm, f"{algorithm}_config": json.dumps(config)})


def weights_file(directory):
    return next(iter(sorted(pathlib.Path(directory).glob("lo[kh][ra]_weights.safetensors"))), None)


@torch.no_grad()
def effect(transformer, directory):
    """{parameter name: W' - W} in float32, W' being the weight that LyCORIS's forward computes with."""
    state = {renamed(key, True): value for key, value in load_file(weights_file(directory)).items()}
    target = copy.deepcopy(transformer).float()
    network, _ = create_lycoris_from_weights(1.0, None, target, weights_sd=state)
    modules = {key.split(".")[0] for key in state}
    if len(network.loras) != len(modules):
        raise ValueError(f"{directory}: LyCORIS has a place for {len(network.loras)} of {len(modules)} modules")
    names = {id(module): name for name, module in target.named_modules()}
    return {f"{names[id(module.org_module[0])]}.weight": effective(module) - module.org_weight.float() for module in network.loras}
