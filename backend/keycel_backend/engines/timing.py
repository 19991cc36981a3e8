"""What the timings of engines' networks share, for `keycel bench --random-weights`."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import torch

from keycel_backend.diffusion.probing import fastest_kind
from keycel_backend.diffusion.svd.benchmark import StretchSpeed
from keycel_backend.diffusion.timing import Speed
from keycel_shared.errors import ErrorCode, KeycelError


def default_device() -> str:
    """The device that is measured where none is named."""
    return fastest_kind()


def circumstances(engine: str, small: bool, device: torch.device, precision: torch.dtype) -> dict[str, Any]:
    """What was timed where, for JSON."""
    return {
        "engine": engine,
        "networks": "small" if small else "full",
        "device": _device_title(device),
        "precision": str(precision).removeprefix("torch."),
        "torch": torch.__version__,
    }


def figures_of(speed: Speed) -> dict[str, Any]:
    """What is said of the parts of any engine, for JSON."""
    return {
        "tera_operations_per_second": speed.operations / speed.seconds / 1e12,
        "peak_memory_bytes": speed.peak_memory_bytes,
        "parts": [
            asdict(part)
            | {
                "share": part.seconds * part.times / speed.seconds,
                "tera_operations_per_second": part.tera_operations_per_second,
            }
            for part in speed.parts
        ],
    }


def stretch_figures(speed: StretchSpeed, per: str) -> dict[str, Any]:
    """Of an engine that colours long shots in stretches, called `per`; for JSON."""
    return {
        "width": speed.width,
        "height": speed.height,
        "steps": speed.steps,
        "seconds_per_step": speed.seconds_per_step,
        "seconds_per_frame": speed.seconds_per_frame,
        f"new_frames_per_{per}": speed.new_frames,
        "operations_per_frame": speed.operations / speed.new_frames,
        **figures_of(speed),
    }


def _device_title(device: torch.device) -> str:
    """Name of a card, for people."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "processor"
    return f"{device} ({name})"


def check_size(width: int, height: int, multiple: int, example: str) -> None:
    """Raises KeycelError (DOC_BAD_OPTION) for pictures that networks do not take."""
    if width % multiple or height % multiple or not width or not height:
        raise KeycelError(
            ErrorCode.DOC_BAD_OPTION,
            f"The networks do not take pictures of {width}x{height}.",
            f"Give sides that are multiples of {multiple}, such as {example}.",
        )


@contextmanager
def memory_told(device: torch.device, width: int, height: int) -> Generator[None]:
    """Raises KeycelError (RES_OUT_OF_MEMORY) where the work inside runs out of memory."""
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise KeycelError(
            ErrorCode.RES_OUT_OF_MEMORY,
            f"There is not enough memory on {device} for {width}x{height}.",
            "Choose a smaller size or another device.",
            str(error).split("\n", 1)[0],
        ) from error
