"""Times of repeated work, for benchmarks of networks."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch


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
