#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the bit patterns that RandomTests.swift and NetworkTests.swift expect. Needs torch 2.11.0 on an x86 CPU."""

import torch


def bits(tensor: torch.Tensor) -> str:
    """The elements' bit patterns in hexadecimal."""
    integer = {torch.float32: torch.int32, torch.bfloat16: torch.int16}[tensor.dtype]
    mask = (1 << 8 * tensor.element_size()) - 1
    return " ".join(f"{value & mask:0{2 * tensor.element_size()}x}" for value in tensor.flatten().view(integer).tolist())


def random_numbers() -> None:
    for seed in (0, 42, 2**63 + 7):
        for shape in ((5,), (2, 3, 4), (1, 25, 64)):
            for dtype in (torch.float32, torch.bfloat16):
                generator = torch.Generator().manual_seed(seed)
                values = torch.randn(shape, generator=generator, dtype=dtype).flatten()
                count = len(values)
                print("randn", seed, shape, dtype, bits(values[[0, 1, count // 2, count - 2, count - 1]]))
    print("rand", bits(torch.rand(3, generator=torch.Generator().manual_seed(7))))
    print("randint", torch.randint(0, 1000, (4,), generator=torch.Generator().manual_seed(7)).tolist())


def rms_norm() -> None:
    for dtype in (torch.float32, torch.bfloat16):
        generator = torch.Generator().manual_seed(1)
        x = (torch.randn((2, 24), generator=generator) * 3).to(dtype)
        weight = torch.randn((24,), generator=generator).to(dtype)
        wide = x.to(torch.float32)
        y = weight * (wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + 1e-6)).to(dtype)
        print("rmsNorm", dtype, bits(torch.cat([y.flatten()[:6], y.flatten()[-2:]])))


if __name__ == "__main__":
    torch.set_num_threads(1)
    random_numbers()
    rms_norm()
