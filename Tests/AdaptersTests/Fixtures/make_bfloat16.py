# SPDX-License-Identifier: Apache-2.0
"""Makes `bfloat16/`: what the libraries that own the families compute in bfloat16, and the same numbers in float32.

Needs what make.py needs. For each family a directory with an adapter of small effect (about 3 % of the weight) on one layer of
64 channels, stored in bfloat16, and in `outputs.safetensors` for the same bfloat16 input: `FAMILY.library`, the library's forward in
bfloat16, and `FAMILY.truth`, its forward in float32 on the same stored numbers; `base.library` and `base.truth` without an adapter.
"""
import copy, json, os, shutil
import torch
from torch import nn
from lycoris import LycorisNetwork, create_lycoris
from peft import LoraConfig, OFTConfig, get_peft_model
from peft.utils import get_peft_model_state_dict
from safetensors.torch import save_file

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bfloat16")
WIDTH, ROWS = 64, 48


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.q_proj = nn.Linear(WIDTH, WIDTH, bias=False)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.self_attn = Attention()


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([Block()])

    def forward(self, x):
        return self.layers[0].self_attn.q_proj(x)


def rounded(module):
    """Every parameter as bfloat16 holds it, in float32."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(parameter.bfloat16().float())


def outputs(model, x):
    with torch.no_grad():
        return copy.deepcopy(model).bfloat16()(x.bfloat16()).float(), model.float()(x)


def peft(base, config, scale, generator):
    model = get_peft_model(copy.deepcopy(base), config).eval()
    with torch.no_grad():
        for name, p in model.named_parameters():
            if "magnitude" in name:
                p.mul_(1 + 0.03 * torch.randn(p.shape, generator=generator))
            elif p.requires_grad:
                p.copy_(torch.randn(p.shape, generator=generator) * scale)
    rounded(model)
    fields = {k: v for k, v in model.peft_config["default"].to_dict().items() if v not in (None, {}, []) and k != "auto_mapping"}
    return model, get_peft_model_state_dict(model), fields


def lycoris(base, algorithm, scale, generator):
    target = copy.deepcopy(base)
    LycorisNetwork.apply_preset({"target_module": ["Linear"], "target_name": [".*"]})
    network = create_lycoris(target, 1.0, linear_dim=4, linear_alpha=4, algo=algorithm)
    network.apply_to()
    with torch.no_grad():
        for name, p in network.named_parameters():
            p.copy_(torch.randn(p.shape, generator=generator) * scale)
    rounded(network)
    target.network = network  # so that both change their type together
    return target, network.state_dict(), None


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    torch.manual_seed(0)
    base = Decoder()
    rounded(base)
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(1, ROWS, WIDTH, generator=generator).bfloat16().float()
    low = dict(r=8, lora_alpha=8, target_modules=["q_proj"])
    made = {
        "lora": peft(base, LoraConfig(**low), 0.012 ** 0.5 / 3, generator),
        "dora": peft(base, LoraConfig(**low, use_dora=True), 0.012 ** 0.5 / 3, generator),
        "oft": peft(base, OFTConfig(r=0, oft_block_size=16, target_modules=["q_proj"], use_cayley_neumann=False), 0.004, generator),
        "lokr": lycoris(base, "lokr", 0.045, generator),
        "loha": lycoris(base, "loha", 0.16, generator),
    }
    saved = {"x": x}
    saved["base.library"], saved["base.truth"] = outputs(base, x)
    os.makedirs(OUT)
    save_file({"layers.0.self_attn.q_proj.weight": base.layers[0].self_attn.q_proj.weight.detach().bfloat16()}, os.path.join(OUT, "base.safetensors"))
    for name, (model, state, fields) in made.items():
        saved[f"{name}.library"], saved[f"{name}.truth"] = outputs(model, x)
        effect = (saved[f"{name}.truth"] - saved["base.truth"]).norm() / saved["base.truth"].norm()
        noise = (saved[f"{name}.library"] - saved[f"{name}.truth"]).norm() / saved["base.truth"].norm()
        print(f"{name}: effect {effect:.4f}, the library's rounding {noise:.4f} of the output")
        directory = os.path.join(OUT, name)
        os.makedirs(directory)
        tensors = {k: v.detach().bfloat16().contiguous() for k, v in state.items()}
        metadata = {"format": "pt"} if fields else {"format": "lycoris", "algo": name}
        save_file(tensors, os.path.join(directory, "adapter_model.safetensors" if fields else "weights.safetensors"), metadata=metadata)
        if fields:
            with open(os.path.join(directory, "adapter_config.json"), "w") as file:
                json.dump(fields, file, default=lambda v: sorted(v) if isinstance(v, set) else str(v), sort_keys=True)
    save_file({k: v.contiguous() for k, v in saved.items()}, os.path.join(OUT, "outputs.safetensors"))


main()
