#!/usr/bin/env python3
# Writes Tests/TrainingRunsTests/Fixtures/schedules.json: torch's own learning rates, and Python's own values of formulas.
#
# Run it with a Python that has torch 2.11 (make reference). Its output depends on nothing else.
import json
import math
import warnings
from pathlib import Path

import torch
from torch.optim.lr_scheduler import (
    CosineAnnealingLR, CosineAnnealingWarmRestarts, ConstantLR, LinearLR, SequentialLR)

OUT = Path(__file__).resolve().parent.parent / "Tests/TrainingRunsTests/Fixtures/schedules.json"
CASES = [
    dict(kind=kind, base=base, total=total, warmup=warmup, start=0.1, floor=floor, restarts=restarts)
    for kind in ["cosine", "cosine_restarts", "linear", "constant"]
    for base, total, warmup, floor, restarts in [
        (3e-4, 1000, 100, 0.01, 4), (5e-5, 237, 10, 0.0, 3), (1e-3, 20, 2, 0.1, 1), (3e-4, 101, 0, 0.01, 4), (1e-4, 1, 0, 0.01, 4)]
]
# Each is evaluated with the variables of a few steps; "error" where Python raises or the value is no finite real number.
FORMULAS = [
    "base_lr", "base_lr * (1 - progress)", "base_lr * 0.5 ** (epoch // 10)", "-2 ** 2", "2 ** -1", "2 ** 3 ** 2", "-3 % 5", "3 % -5",
    "-3.5 // 2", "7 // -2", "5.5 % 2", "1e-4 if step < 5 else 1e-5", "1 if 0 else 2 if step else 3", "min(1, 2, 0.5)", "max(1, step)",
    "not step", "not not step", "step and 2 or 3", "step or 7", "1 < 2 < 3", "3 > 2 > 2", "1 <= step != 5", "abs(-step)", "clamp(step, 1, 3)",
    "clamp(1, 3, 2)", "pow(2, 10)", "log(e)", "log(8, 2)", "sqrt(16)", "sqrt(-1)", "log(0)", "1 / 0", "1 // 0", "1 % 0", "0 ** -1", "(-8) ** (1 / 3)",
    "exp(1000)", "10.0 ** 400", "1e308 * 10", "1e308 * 10 - 1e308 * 10", "min(base_lr, exp(1000))", "max(log(0), 1e-5)", "1_000 * 1e-7", ".5 + 1.",
    "+-+1", "- -1", "2*-3", "sin(pi / 2) + cos(0)", "exp(-progress) * base_lr", "total_epochs * steps_per_epoch + total_steps", "((1))",
    "base_lr / 2 * (1 + cos(pi * progress))", "1e-6 + (base_lr - 1e-6) / 2 * (1 + cos(pi * progress))",
    "base_lr if progress < 0.3 else base_lr / 2 * (1 + cos(pi * (progress - 0.3) / 0.7))", "max(1e-5, base_lr * (1 - progress))",
    "1 == 1.0", "0.1 + 0.2 != 0.3", "-7 // 2 * 2 + -7 % 2", "1e22 // 3", "0.3 // 0.1", "0.3 % 0.1",
]
STEPS = [0, 1, 5, 37, 99]


def schedule(optimizer, case):
    rest = max(1, case["total"] - case["warmup"])
    floor = case["base"] * case["floor"]
    if case["kind"] == "cosine":
        main = CosineAnnealingLR(optimizer, T_max=rest, eta_min=floor)
    elif case["kind"] == "cosine_restarts":
        main = CosineAnnealingWarmRestarts(optimizer, T_0=max(1, rest // case["restarts"]), T_mult=1, eta_min=floor)
    elif case["kind"] == "linear":
        main = LinearLR(optimizer, start_factor=1.0, end_factor=0.01, total_iters=rest)
    else:
        main = ConstantLR(optimizer, factor=1.0, total_iters=rest)
    if case["warmup"] == 0:
        return main
    warmup = LinearLR(optimizer, start_factor=case["start"], end_factor=1.0, total_iters=case["warmup"])
    return SequentialLR(optimizer, [warmup, main], milestones=[case["warmup"]])


def rates(case):
    optimizer = torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))], lr=case["base"])
    scheduler = schedule(optimizer, case)
    trajectory = []
    for _ in range(case["total"]):
        trajectory.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return trajectory


def variables(step):
    return dict(
        step=step, total_steps=100, progress=step / 100, epoch=step / 4, total_epochs=25, steps_per_epoch=4, base_lr=3e-4, pi=math.pi,
        e=math.e, cos=math.cos, sin=math.sin, exp=math.exp, log=math.log, sqrt=math.sqrt, pow=pow, min=min, max=max, abs=abs,
        clamp=lambda x, low, high: max(low, min(x, high)))


def value(formula, step):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = float(eval(formula, {"__builtins__": {}}, variables(step)))
    except (ArithmeticError, ValueError, TypeError):
        return "error"
    return result if math.isfinite(result) else "error"


def main():
    warnings.filterwarnings("ignore")
    document = {
        "schedules": [dict(case, rates=rates(case)) for case in CASES],
        "formulas": [dict(formula=text, values=[value(text, step) for step in STEPS]) for text in FORMULAS],
        "steps": STEPS,
    }
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(document, indent=None, separators=(",", ":")) + "\n")


main()
