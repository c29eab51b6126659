# SPDX-License-Identifier: Apache-2.0
"""Writes the fixtures beside this file with PyTorch 2.11 and safetensors 0.8. Run: python make.py"""

import os
import random
from collections import OrderedDict

import numpy
import torch
from safetensors.torch import save_file

os.chdir(os.path.dirname(os.path.abspath(__file__)))
random.seed(0)
torch.manual_seed(0)

TYPES = [
    "bool", "uint8", "int8", "float8_e5m2", "float8_e4m3fn", "int16", "uint16", "float16", "bfloat16",
    "int32", "uint32", "float32", "float64", "int64", "uint64",
]  # fmt: skip

# Every type, in a shape that shows the order of rows and columns.
values = torch.tensor([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]])
save_file({name: values.to(getattr(torch, name)) for name in TYPES}, "types.safetensors")

# Scalars, empty tensors, names and metadata that need escapes. One metadata key: the library's order is by chance.
save_file(
    {
        "scalar": torch.tensor(1.5),
        "empty": torch.zeros(0, 4),
        "half": torch.ones(3, dtype=torch.float16),
        "quote\" back\\slash tab\t \u00e9 \u4e2d": torch.tensor([7], dtype=torch.int64),
    },
    "odd.safetensors",
    metadata={"network \u266a": "line\nquote\" \\ \x01 /"},
)
save_file({}, "none.safetensors")

torch.save(values, "tensor.pt")
torch.save(values.t(), "transposed.pt")
torch.save(torch.arange(24, dtype=torch.int16).reshape(2, 3, 4)[:, 1:, ::2].permute(2, 0, 1), "strided.pt")
torch.save(torch.ones(1).expand(4, 3), "expanded.pt")
torch.save({name: values.to(getattr(torch, name)) for name in TYPES}, "types.pt")
torch.save(values, "protocol4.pt", pickle_protocol=4)
torch.save(values, "legacy.pt", _use_new_zipfile_serialization=False)
torch.save({"array": numpy.zeros(2)}, "numpy.pt")
torch.save({"complex": torch.zeros(2, dtype=torch.complex64)}, "complex.pt")

model = torch.nn.Linear(3, 2)
torch.save(model.state_dict(), "state_dict.pt")

# What a trainer leaves behind for its resumption.
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
schedule = torch.optim.lr_scheduler
scheduler = schedule.SequentialLR(
    optimizer, [schedule.LinearLR(optimizer, 0.1, total_iters=3), schedule.CosineAnnealingLR(optimizer, 10)], [3]
)
model(torch.ones(1, 3)).sum().backward()
optimizer.step()
scheduler.step()
torch.save(
    {
        "epoch": 3,
        "global_step": 300_000,
        "optimizer_state_dict": optimizer.state_dict(),
        "scheduler_state_dict": scheduler.state_dict(),
        "rng_state": {"python": random.getstate(), "torch_cpu": torch.get_rng_state()},
        "plain": OrderedDict(
            none=None, true=True, false=False, negative=-7, long=-(2**40), float=-2.5, text="\u00e9", bytes=b"\x00\xff",
            tuple=(), size=torch.Size([2, 3]), dtype=torch.bfloat16, parameter=torch.nn.Parameter(values[0]),
        ),
    },
    "training_state.pt",
)
