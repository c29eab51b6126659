# SPDX-License-Identifier: Apache-2.0
"""Remake Tests/TrainingTests/Fixtures: losses, gradients and trajectories of training, by PEFT, LyCORIS and torch.

Samples and noise are drawn from seeds that Lumina's tests draw from too; the files hold what is computed.
"""
import argparse
import json
import pathlib
import random
import warnings

import torch
from safetensors.torch import save_file

import layouts
import training
import whole_model

# Two micro-steps of one step: a single piece of an odd length, then two pieces.
MICRO_STEPS = [{"seed": 101, "items": 1, "frames": 13, "conditions": 9}, {"seed": 102, "items": 2, "frames": 10, "conditions": 7}]
DRAW_SEED = 7
STEPS, WARMUP, RATE = 20, 2, 2e-2
SCHEDULES = ["cosine", "cosine_restarts", "linear", "constant", "constant_with_warmup"]
VARIANTS = {"turbo": list(training.FAMILIES), "xl-turbo": ["lora", "lokr"]}


def data_of(step, width):
    return training.sample(step["seed"], step["items"], step["frames"], step["conditions"], width)


def gradients(name, transformer, null, weighting="none", ratio=0.4):
    adapter = training.make(name, transformer)
    adapter.randomise(torch.Generator().manual_seed(5))
    generator, dropped = torch.Generator().manual_seed(DRAW_SEED), []
    # PEFT's coft moves the values in its forward.
    result = {f"value.{key}": parameter.detach().clone() for key, parameter in adapter.parameters.items()}
    for index, step in enumerate(MICRO_STEPS):
        data = data_of(step, null.shape[-1])
        drawn = training.draw(generator, data[0].shape, ratio=ratio)
        dropped += drawn[0].tolist()
        value = training.loss(adapter.transformer, null, data, drawn, weighting)
        (value / len(MICRO_STEPS)).backward()
        result[f"loss.{index}"] = value.detach().reshape(1)
    if True not in dropped or False not in dropped:
        raise ValueError(f"the seed drops {dropped}: both cases should occur")
    for key, parameter in adapter.parameters.items():
        if parameter.grad is None:
            raise ValueError(f"{name}: {key} has no gradient")
        result[f"gradient.{key}"] = parameter.grad
    result["norm"] = torch.stack([parameter.grad.norm() for parameter in adapter.parameters.values()]).norm().reshape(1)
    return result


def trajectory(kind, transformer, null):
    """Steps of AdamW with clipping, and the moving average beside them."""
    adapter = training.make("self", transformer)
    adapter.randomise(torch.Generator().manual_seed(6))
    parameters = list(adapter.parameters.values())
    result = {f"start.{key}": value.detach().clone() for key, value in adapter.parameters.items()} if kind == SCHEDULES[0] else {}
    average = [parameter.detach().clone() for parameter in parameters]
    optimizer = torch.optim.AdamW(parameters, lr=RATE, weight_decay=0.01)
    scheduler = training.schedule(kind, optimizer, STEPS, WARMUP)
    generator, rates, losses, norms = torch.Generator().manual_seed(DRAW_SEED), [], [], []
    data = data_of(MICRO_STEPS[0], null.shape[-1])
    for _ in range(STEPS):
        value = training.loss(adapter.transformer, null, data, training.draw(generator, data[0].shape))
        optimizer.zero_grad()
        value.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(parameters, 1.0))
        rates.append(optimizer.param_groups[0]["lr"])
        losses.append(value.detach())
        optimizer.step()
        scheduler.step()
        for shadow, parameter in zip(average, parameters):
            shadow.lerp_(parameter.detach(), 1 - 0.9)
    result |= {f"{kind}.rates": torch.tensor(rates, dtype=torch.float64), f"{kind}.losses": torch.stack(losses),
               f"{kind}.norms": torch.stack(norms)}
    for (key, parameter), shadow in zip(adapter.parameters.items(), average):
        result[f"{kind}.end.{key}"] = parameter.detach()
        if kind == SCHEDULES[0]:
            result[f"{kind}.average.{key}"] = shadow
    return result


def sidestep_checkpoint(folder, transformer):
    """What Side-Step leaves of an interrupted run: PEFT's files and torch's own state, each moment told by its parameter's place."""
    folder.mkdir(exist_ok=True)
    adapter = training.make("self", transformer)
    adapter.randomise(torch.Generator().manual_seed(9))
    parameters = list(adapter.parameters.values())
    optimizer = torch.optim.AdamW(parameters, lr=1e-4)
    scheduler = training.schedule("cosine", optimizer, STEPS, WARMUP)
    for parameter in parameters:
        parameter.grad = torch.zeros_like(parameter)
    for _ in range(5):
        optimizer.step()
        scheduler.step()
    for place, parameter in enumerate(parameters):
        optimizer.state[parameter]["exp_avg"].fill_(1e3 * (place + 1))
        optimizer.state[parameter]["exp_avg_sq"].fill_(1e9 * (place + 1))
    save_file({key: value.detach().contiguous() for key, value in adapter.parameters.items()}, folder / "adapter_model.safetensors")
    (folder / "adapter_config.json").write_text(json.dumps({
        "peft_type": "LORA", "r": 2, "lora_alpha": 6, "target_modules": ["q_proj", "k_proj", "v_proj", "o_proj"], "bias": "none"}))
    (folder / "order.json").write_text(json.dumps(list(adapter.parameters)))
    torch.save({
        "epoch": 2, "global_step": 5, "optimizer_state_dict": optimizer.state_dict(), "scheduler_state_dict": scheduler.state_dict(),
        "config_meta": {"schema_version": 2, "optimizer_type": "adamw", "scheduler_type": "cosine", "scheduler_formula": "",
                        "warmup_steps": WARMUP, "learning_rate": 1e-4, "total_steps": STEPS},
        "rng_state": {"python": random.Random(1).getstate(), "torch_cpu": torch.Generator().manual_seed(1).get_state()},
        "tracker_state": {"best_loss": 0.5, "best_epoch": 2, "patience_counter": 0, "best_tracking_active": True,
                          "recent_losses": [0.5, 0.6], "cruise_ema": None},
    }, folder / "training_state.pt")


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--checkpoints", required=True, metavar="DIR", help="the committed checkpoints of the model's tests")
    arguments.add_argument("--out", required=True, metavar="DIR")
    options = arguments.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    root = pathlib.Path(options.out)
    root.mkdir(parents=True, exist_ok=True)
    for old in root.glob("*.safetensors"):
        old.unlink()
    for variant, families in VARIANTS.items():
        parts = layouts.read(options.checkpoints, variant)
        null = parts.tensors["condition_encoder"][layouts.NULL].float()
        transformer = layouts.pipeline(parts, torch.float32).transformer
        write = lambda name, tensors: save_file({key: value.contiguous() for key, value in tensors.items()},
                                                root / f"{variant}.{name}.safetensors")
        for family in families:
            write(family, gradients(family, transformer, null))
        if variant == "turbo":
            write("whole", whole_model.gradients(parts))
            write("lora.min-snr", gradients("lora", transformer, null, weighting="min_snr"))
            whole = {}
            for kind in SCHEDULES:
                whole |= trajectory(kind, transformer, null)
            write("schedules", whole)
            sidestep_checkpoint(root / "sidestep", transformer)
    print(f"{root}: {sum(file.stat().st_size for file in root.rglob('*') if file.is_file()):,} bytes")


if __name__ == "__main__":
    main()
