"""Times and counts of repeated work, for benchmarks of networks."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch

from keycel_backend.diffusion.counting import counted
from keycel_backend.diffusion.probing import device_module

Work = tuple[float, Callable[[], object]]
"""How often it is done for the whole that is timed (a segment, window, drawing or clip), and the work."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the work, done once."""

    name: str
    times: float
    """How often it is done for the whole."""
    seconds: float
    """Median of the repeats."""
    operations: int

    @property
    def tera_operations_per_second(self) -> float:
        return self.operations / self.seconds / 1e12


@dataclass(frozen=True, slots=True)
class Speed:
    """How long the whole takes, and what it is made of."""

    parts: tuple[Part, ...]
    peak_memory_bytes: int | None
    """Of the GPU; None without one."""

    @property
    def seconds(self) -> float:
        return sum(part.seconds * part.times for part in self.parts)

    @property
    def operations(self) -> float:
        return sum(part.operations * part.times for part in self.parts)


def counted_parts(
    works: Mapping[str, Work], twins: Mapping[str, Work], seconds: Mapping[str, float]
) -> tuple[Part, ...]:
    """A part for each of `works`. `twins`: the same on the meta device, where operations are counted."""
    return tuple(
        Part(name, times, seconds[name], _operations(twins[name][1])) for name, (times, _) in works.items()
    )


def median_seconds(works: Mapping[str, Work], device: torch.device, repeats: int) -> dict[str, float]:
    """Of each work, of `repeats` (1 or more) runs after one that counts for nothing.

    All are done in turn, so that whatever else keeps the machine busy meets all alike.
    """
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(repeats + 1):
        for name, (_, work) in works.items():
            seconds[name].append(_seconds(work, device))
    return {name: sorted(some[1:])[(repeats - 1) // 2] for name, some in seconds.items()}


def peak_bytes(works: Mapping[str, Work], device: torch.device) -> int | None:
    """Most memory of the GPU that was in use while each work was done once; None without a GPU."""
    if device.type != "cuda":
        return None
    torch.cuda.reset_peak_memory_stats(device)
    for _, work in works.values():
        _seconds(work, device)
    return torch.cuda.max_memory_allocated(device)


def _seconds(work: Callable[[], object], device: torch.device) -> float:
    began = time.perf_counter()
    with torch.no_grad():
        work()
    if device.type != "cpu":
        device_module(device).synchronize()
    return time.perf_counter() - began


def _operations(twin: Callable[[], object]) -> int:
    with counted() as count, torch.no_grad():
        twin()
    return count.operations
