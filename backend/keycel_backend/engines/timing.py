"""What the timings of engines' networks share, for `keycel bench --random-weights`."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import torch

from keycel_backend.diffusion.probing import fastest_kind
from keycel_shared.errors import ErrorCode, KeycelError


def default_device() -> str:
    """The device that is measured where none is named."""
    return fastest_kind()


def device_title(device: torch.device) -> str:
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
