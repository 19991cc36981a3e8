"""Tries work again with less effort when memory runs out."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import TypeVar

import torch

from keycel_backend.diffusion.fallback import Effort, Stage, describe, next_effort
from keycel_shared.errors import ErrorCode, KeycelError

Result = TypeVar("Result")

FallbackCallback = Callable[[str], None]
"""Called with what is given up, a short plain phrase."""

_OUT_OF_MEMORY = (
    "can't allocate memory",  # main memory
    "out of memory",  # Apple's graphics, and CUDA's own calls
    "OUT_OF_DEVICE_MEMORY",  # Intel's graphics
    "CUBLAS_STATUS_ALLOC_FAILED",
)
"""How torch says it where it has no exception of its own for that."""


def with_fallback(
    effort: Effort, stage: Stage, work: Callable[[Effort], Result], on_fallback: FallbackCallback
) -> tuple[Result, Effort]:
    """The result of `work` with the most effort that memory allows, and that effort.

    Raises:
        KeycelError: RES_OUT_OF_MEMORY where it does not even allow the least.
    """
    while True:
        try:
            return work(effort), effort
        except (torch.OutOfMemoryError, MemoryError) as error:
            reason = str(error).split("\n", 1)[0]
        except RuntimeError as error:
            if not any(words in str(error) for words in _OUT_OF_MEMORY):
                raise
            reason = str(error).split("\n", 1)[0]
        # outside of `except`, where the error's frames no longer hold on to what they had allocated
        gc.collect()
        _empty_caches()
        lower = next_effort(effort, stage)
        if lower is None:
            raise KeycelError(
                ErrorCode.RES_OUT_OF_MEMORY,
                f"There is not enough memory for {stage.value}.",
                "Close other programs, or use smaller drawings.",
                reason,
                retryable=True,
            )
        on_fallback(f"Memory ran out while {stage.value}: {describe(effort, lower)}")
        effort = lower


def _empty_caches() -> None:
    """What torch keeps for itself on graphics cards goes back to them."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if torch.xpu.is_available():
        torch.xpu.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()
