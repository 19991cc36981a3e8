"""Which device torch can use here, and how fast it is."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

import torch

from keycel_backend.diffusion.device import Device, processor
from keycel_shared.errors import ErrorCode, KeycelError

log = logging.getLogger(__name__)

_USABLE = 0.4
"""Share of the speed of large products that whole networks keep up: an assumption."""
_SIDE = 4096
_REPEATS = 4
_FIRST_WITH_HALVES = (7, 0)
"""Compute capability of CUDA from which halves are faster than single precision. ROCm's are all above."""


def find_device(wanted: str = "") -> Device:
    """The device called `wanted`, or for "" or "auto" the fastest that works.

    Raises:
        KeycelError: DOC_BAD_OPTION where torch cannot use the one that is wanted.
    """
    if wanted not in ("", "auto"):
        return _described(usable(wanted))
    kind = fastest_kind()
    try:
        return _described(usable(kind))
    except KeycelError as error:
        log.warning("%s; using the processor", error)
        return processor()


def fastest_kind() -> str:
    """CUDA or ROCm, Intel's, Apple's, else the processor; by what torch says is there."""
    kinds: tuple[tuple[str, Callable[[], bool]], ...] = (
        ("cuda", torch.cuda.is_available),
        ("xpu", torch.xpu.is_available),
        ("mps", torch.backends.mps.is_available),
    )
    return next((kind for kind, is_available in kinds if is_available()), "cpu")


def usable(name: str) -> torch.device:
    """The device of that name, if it can hold a number. Raises like `find_device`."""
    try:
        device = torch.device(name)
        torch.ones(1, device=device).add_(1.0).cpu()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise KeycelError(
            ErrorCode.DOC_BAD_OPTION,
            f"There is no device {name!r} here that torch can use.",
            "Choose cpu, or install the build of torch for your graphics card.",
            str(error).split("\n", 1)[0],
        ) from error
    return device


def device_module(device: torch.device) -> Any:
    """torch's functions for a kind of device, such as `torch.cuda`; None for the processor."""
    return {"cuda": torch.cuda, "xpu": torch.xpu, "mps": torch.mps}.get(device.type)


def _described(device: torch.device) -> Device:
    if device.type == "cpu":
        return processor()
    if device.type == "mps":
        name, memory = "Apple graphics", torch.mps.recommended_max_memory()
    else:
        module = device_module(device)
        name, memory = module.get_device_name(device), module.get_device_properties(device).total_memory
    precision = _precision(device)
    speed = _USABLE * _product_speed(device, precision)
    return Device(str(device), name, str(precision).removeprefix("torch."), memory, speed)


def _precision(device: torch.device) -> torch.dtype:
    """Halves, in which the authors sample; single precision on cards that are slow at them."""
    if device.type == "cuda" and torch.cuda.get_device_capability(device) < _FIRST_WITH_HALVES:
        return torch.float32
    return torch.float16


def _product_speed(device: torch.device, precision: torch.dtype) -> float:
    """Operations per second in products of large matrices; takes a fraction of a second."""
    factor = torch.ones(_SIDE, _SIDE, device=device, dtype=precision)
    module = device_module(device)
    seconds: list[float] = []
    for _ in range(_REPEATS):
        began = time.perf_counter()
        torch.mm(factor, factor)
        module.synchronize()
        seconds.append(time.perf_counter() - began)
    return 2.0 * _SIDE**3 / max(min(seconds), 1e-9)
