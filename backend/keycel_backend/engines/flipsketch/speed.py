"""Times the engine's networks with random weights, for `keycel bench`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import torch

from keycel_backend.diffusion.flipsketch.benchmark import FlipsketchSpeed, measure_flipsketch
from keycel_backend.diffusion.flipsketch.configuration import (
    AutoencoderConfiguration,
    FlipsketchConfiguration,
    TextEncoderConfiguration,
    UNetConfiguration,
)
from keycel_backend.diffusion.flipsketch.options import SamplingOptions
from keycel_backend.diffusion.probing import usable
from keycel_backend.engines.flipsketch.description import FIDELITY, GUIDANCE, WINDOW
from keycel_backend.engines.lvcd.speed import default_device
from keycel_shared.errors import ErrorCode, KeycelError

__all__ = ["default_device", "measure"]

FULL = FlipsketchConfiguration()
SMALL = FlipsketchConfiguration(
    UNetConfiguration((32, 64, 64), 1, cross_attention_dim=64, attention_head_dim=16),
    AutoencoderConfiguration((32, 32, 64, 64), 1),
    TextEncoderConfiguration(1000, 64, 128, 2, 4),
)
"""The same layers with few channels: shows on any processor that all parts run."""


def measure(device: str, small: bool, width: int, height: int, steps: int, repeats: int) -> dict[str, Any]:
    """Figures of one size in faithful mode, ready for JSON; bfloat16 on a GPU, single precision elsewhere.

    Raises:
        KeycelError: DOC_BAD_OPTION for a device that is not here or a size that the networks do not
            take; RES_OUT_OF_MEMORY.
    """
    configuration = SMALL if small else FULL
    multiple = configuration.size_multiple
    if width % multiple or height % multiple or not width or not height:
        raise KeycelError(
            ErrorCode.DOC_BAD_OPTION,
            f"The networks do not take pictures of {width}x{height}.",
            f"Give sides that are multiples of {multiple}, such as 256x256.",
        )
    target = usable(device)
    precision = torch.bfloat16 if target.type == "cuda" else torch.float32
    options = SamplingOptions.of(steps, float(FIDELITY.default), float(GUIDANCE.default), faithful=True)
    try:
        speed = measure_flipsketch(
            configuration, options, int(WINDOW.default), height, width, target, precision, repeats
        )
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise KeycelError(
            ErrorCode.RES_OUT_OF_MEMORY,
            f"There is not enough memory on {target} for {width}x{height}.",
            "Choose a smaller size or another device.",
            str(error).split("\n", 1)[0],
        ) from error
    return _figures(speed, target, precision, small)


def _figures(
    speed: FlipsketchSpeed, device: torch.device, precision: torch.dtype, small: bool
) -> dict[str, Any]:
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "processor"
    operations = sum(part.operations * part.times_per_clip for part in speed.parts)
    return {
        "engine": "flipsketch",
        "networks": "small" if small else "full",
        "device": f"{device} ({name})",
        "precision": str(precision).removeprefix("torch."),
        "torch": torch.__version__,
        "width": speed.width,
        "height": speed.height,
        "frames": speed.frames,
        "steps": speed.steps,
        "seconds_per_step": speed.seconds_per_step,
        "seconds_per_frame": speed.seconds_per_frame,
        "seconds_per_clip": speed.seconds_per_clip,
        "operations_per_frame": operations / (speed.frames - 1),
        "tera_operations_per_second": operations / speed.seconds_per_clip / 1e12,
        "peak_memory_bytes": speed.peak_memory_bytes,
        "parts": [
            asdict(part)
            | {
                "share": speed.share(part),
                "tera_operations_per_second": part.tera_operations_per_second,
            }
            for part in speed.parts
        ],
    }
