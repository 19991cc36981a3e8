"""What benchmarks of networks share: weights that are random, and times of repeated work."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch import nn


def fill_at_random(component: nn.Module, device: torch.device, dtype: torch.dtype) -> None:
    """Gives a component that was built on the meta device weights on `device`, without a detour."""
    generator = torch.Generator(device).manual_seed(0)
    for module in component.modules():
        for key, parameter in list(module.named_parameters(recurse=False)):
            values = torch.empty(parameter.shape, device=device, dtype=dtype)
            fan_in = max(1, parameter[0].numel()) if parameter.dim() > 1 else 1
            values.normal_(std=fan_in**-0.5, generator=generator)
            setattr(module, key, nn.Parameter(values, requires_grad=False))
    component.to(device)  # buffers


def median_seconds(work: Callable[[], object], device: torch.device, repeats: int) -> float:
    """Of `repeats` (1 or more) runs, after one that counts for nothing."""
    seconds: list[float] = []
    for _ in range(repeats + 1):
        began = time.perf_counter()
        with torch.no_grad():
            work()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        seconds.append(time.perf_counter() - began)
    return sorted(seconds[1:])[(repeats - 1) // 2]
