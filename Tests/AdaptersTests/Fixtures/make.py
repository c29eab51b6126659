# SPDX-License-Identifier: Apache-2.0
"""Makes this directory's adapters and the weights that the libraries that own them compute, for layers of a few channels.

Needs torch, peft 0.21.2, lycoris-lora 4.1.3 and safetensors. Each directory holds an adapter as its tool writes it,
`expected` the effective weights at strength 1; `base.safetensors` has the weights without adapters.
"""
import copy, json, os, shutil, sys
import torch
from torch import nn
from peft import LoHaConfig, LoKrConfig, LoraConfig, OFTConfig, get_peft_model
from peft.utils import get_peft_model_state_dict
from safetensors.torch import save_file

HERE = os.path.dirname(os.path.abspath(__file__))
LINEAR = ["q_proj", "o_proj", "linear_1"]
ALL = LINEAR + ["proj_in.1"]


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.q_proj, self.o_proj = nn.Linear(8, 12, bias=False), nn.Linear(8, 8, bias=False)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.self_attn = Attention()


class Time(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear_1 = nn.Linear(8, 12)


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.proj_in = nn.Sequential(nn.Identity(), nn.Conv1d(6, 12, 2, stride=2))
        self.time_embed = Time()
        self.layers = nn.ModuleList([Block()])


def randomise(named, generator, scale=0.3):
    with torch.no_grad():
        for name, p in named:
            if "magnitude" in name or "dora_scale" in name:
                p.mul_(1 + 0.3 * torch.randn(p.shape, generator=generator))
            elif not name.endswith("alpha"):
                p.copy_(torch.randn(p.shape, generator=generator) * scale)


def expected(base, adapted, name):
    weights = {}
    for key, value in adapted.items():
        change = (value - base[key]).norm() / base[key].norm()
        if change > 0:
            assert change > 0.003, (name, key, change)
            weights[key] = value.detach().clone().contiguous()
    assert weights, name
    save_file(weights, os.path.join(HERE, "expected", name + ".safetensors"))


def peft(name, base, config, generator, convolution=True, biases=False):
    directory = os.path.join(HERE, name)
    os.makedirs(directory)
    model = get_peft_model(copy.deepcopy(base), config).eval()
    randomise([(n, p) for n, p in model.named_parameters() if p.requires_grad], generator)
    state = {k: v.detach().contiguous() for k, v in get_peft_model_state_dict(model).items()}
    save_file(state, os.path.join(directory, "adapter_model.safetensors"), metadata={"format": "pt"})
    fields = model.peft_config["default"].to_dict()
    kept = {k: v for k, v in fields.items() if v not in (None, {}, []) and k != "auto_mapping"}
    with open(os.path.join(directory, "adapter_config.json"), "w") as file:
        json.dump(kept, file, default=lambda v: sorted(v) if isinstance(v, set) else str(v), sort_keys=True)
    merged = dict(model.merge_and_unload().named_parameters())
    expected(dict(base.named_parameters()), merged, name)


def lycoris(name, base, generator, scale=0.3, rank=2, **options):
    from lycoris import LycorisNetwork, create_lycoris
    directory = os.path.join(HERE, name)
    os.makedirs(directory)
    target = copy.deepcopy(base)
    LycorisNetwork.apply_preset({"target_module": ["Linear", "Conv1d"], "target_name": [".*"]})
    network = create_lycoris(target, 1.0, linear_dim=rank, linear_alpha=3, conv_dim=rank, conv_alpha=3, **options)
    network.apply_to()
    assert len(network.loras) == 4, len(network.loras)
    randomise([(n, p) for n, p in network.named_parameters()], generator, scale)
    state = {k: v.detach().contiguous() for k, v in network.state_dict().items()}
    save_file(state, os.path.join(directory, "weights.safetensors"), metadata={"format": "lycoris", "algo": options["algo"]})
    weights = dict(base.named_parameters())
    adapted = dict(weights)
    with torch.no_grad():
        for lora in network.loras:  # LyCORIS's forward; its merge_to applies alpha/rank twice
            key = next(k for k in weights if "lycoris_" + k.removesuffix(".weight").replace(".", "_") == lora.lora_name)
            old = weights[key]
            if options["algo"] == "full":
                adapted[key] = lora.weight
                if lora.bias is not None:
                    adapted[key.removesuffix("weight") + "bias"] = lora.bias
                continue
            change = lora.make_weight() * lora.scale if options["algo"] == "locon" else lora.get_weight(lora.shape) * lora.scalar
            new = old + change.view(old.shape)
            adapted[key] = lora.apply_weight_decompose(new, 1.0) if lora.wd else new
    expected(weights, adapted, name)


def main():
    for entry in os.listdir(HERE):
        if os.path.isdir(os.path.join(HERE, entry)):
            shutil.rmtree(os.path.join(HERE, entry))
    os.makedirs(os.path.join(HERE, "expected"))
    torch.manual_seed(0)
    base = Decoder()
    save_file({k: v.detach().clone() for k, v in base.named_parameters()}, os.path.join(HERE, "base.safetensors"))
    seed = iter(range(1000))
    g = lambda: torch.Generator().manual_seed(next(seed))
    low = dict(r=2, lora_alpha=3, target_modules=ALL)
    peft("lora", base, LoraConfig(**low), g())
    peft("lora-biases", base, LoraConfig(**{**low, "target_modules": ["linear_1"]}, lora_bias=True), g())
    peft("lora-all-biases", base, LoraConfig(**low, bias="all"), g())
    peft("rslora", base, LoraConfig(**low, use_rslora=True), g())
    peft("pattern", base, LoraConfig(**low, rank_pattern={"o_proj": 3}, alpha_pattern={r"layers\.0\.self_attn\.q_proj": 9, "q_proj": 1}), g())
    peft("dora", base, LoraConfig(**low, use_dora=True), g())
    peft("dora-rslora", base, LoraConfig(**low, use_dora=True, use_rslora=True), g())
    for name, options in {"oft": dict(use_cayley_neumann=False), "oft-series": {}, "oft-series-3": dict(num_cayley_neumann_terms=3),
                          "oft-series-7": dict(num_cayley_neumann_terms=7), "oft-shared": dict(block_share=True),
                          "oft-constrained": dict(coft=True, eps=0.5)}.items():
        peft(name, base, OFTConfig(r=0, oft_block_size=4, target_modules=LINEAR, **options), g())
    kron = dict(r=2, alpha=3, target_modules=ALL)
    peft("peft-lokr", base, LoKrConfig(**{**kron, "r": 1}, decompose_both=True), g())
    peft("peft-lokr-whole", base, LoKrConfig(**{**kron, "r": 16}), g())
    peft("peft-loha", base, LoHaConfig(**kron), g())
    peft("peft-loha-tucker", base, LoHaConfig(**kron, use_effective_conv2d=True), g())
    for name, options in {
        "lokr-whole": dict(algo="lokr", factor=-1, full_matrix=True),
        "lokr-second": dict(algo="lokr", factor=2),
        "lokr-both": dict(algo="lokr", rank=1, factor=-1, decompose_both=True),
        "lokr-tucker": dict(algo="lokr", factor=2, use_tucker=True),
        "lokr-scalar": dict(algo="lokr", factor=2, use_scalar=True),
        "lokr-dora": dict(algo="lokr", factor=2, dora_wd=True, wd_on_output=True),
        "lokr-dora-input": dict(algo="lokr", factor=2, dora_wd=True, wd_on_output=False),
        "lokr-stabilised": dict(algo="lokr", factor=2, rs_lora=True),
        "loha": dict(algo="loha"), "loha-tucker": dict(algo="loha", use_tucker=True), "loha-scalar": dict(algo="loha", use_scalar=True),
        "loha-dora": dict(algo="loha", dora_wd=True, wd_on_output=True),
        "loha-dora-input": dict(algo="loha", dora_wd=True, wd_on_output=False),
        "locon": dict(algo="locon"), "locon-tucker": dict(algo="locon", use_tucker=True),
        "locon-dora": dict(algo="locon", dora_wd=True, wd_on_output=True),
        "locon-dora-input": dict(algo="locon", dora_wd=True, wd_on_output=False),
        "full": dict(algo="full"),
    }.items():
        lycoris(name, base, g(), scale=0.5 if options["algo"] == "loha" else 0.3, **options)


main()
