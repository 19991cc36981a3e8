"""Times the engine's networks with random weights, for `keycel bench`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import torch

from keycel_backend.diffusion.lvcd.benchmark import LvcdSpeed, measure_lvcd
from keycel_backend.diffusion.lvcd.networks import LvcdConfiguration
from keycel_backend.diffusion.lvcd.options import SamplingOptions
from keycel_backend.diffusion.probing import fastest_kind, usable
from keycel_backend.diffusion.svd.configuration import (
    AutoencoderConfiguration,
    ImageEncoderConfiguration,
    UNetConfiguration,
)
from keycel_backend.engines.lvcd.networks import compiled_passes
from keycel_shared.errors import ErrorCode, KeycelError

FULL = LvcdConfiguration()
SMALL = LvcdConfiguration(
    UNetConfiguration(block_out_channels=(32, 64, 64, 64), num_attention_heads=(2, 4, 4, 4)),
    AutoencoderConfiguration(block_out_channels=(32, 32, 64, 64)),
    ImageEncoderConfiguration(
        hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=2
    ),
)
"""The same layers with few channels: shows on any processor that all parts run."""


def measure(
    device: str, small: bool, width: int, height: int, steps: int, repeats: int, compiled: bool = False
) -> dict[str, Any]:
    """Figures of one size, ready for JSON; halves on a GPU, single precision elsewhere.

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
            f"Give sides that are multiples of {multiple}, such as 576x320.",
        )
    target = usable(device)
    precision = torch.float16 if target.type == "cuda" else torch.float32
    options = SamplingOptions(num_steps=steps)
    try:
        speed = measure_lvcd(
            configuration,
            options,
            height,
            width,
            target,
            precision,
            repeats,
            channels_last=target.type == "cuda",
            passes=compiled_passes() if compiled else None,
        )
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise KeycelError(
            ErrorCode.RES_OUT_OF_MEMORY,
            f"There is not enough memory on {target} for {width}x{height}.",
            "Choose a smaller size or another device.",
            str(error).split("\n", 1)[0],
        ) from error
    return _figures(speed, target, precision, small) | {"compiled": compiled}


def default_device() -> str:
    """The device that is measured where none is named."""
    return fastest_kind()


def _figures(speed: LvcdSpeed, device: torch.device, precision: torch.dtype, small: bool) -> dict[str, Any]:
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "processor"
    operations = sum(part.operations * part.times_per_segment for part in speed.parts)
    return {
        "engine": "lvcd",
        "networks": "small" if small else "full",
        "device": f"{device} ({name})",
        "precision": str(precision).removeprefix("torch."),
        "torch": torch.__version__,
        "width": speed.width,
        "height": speed.height,
        "steps": speed.steps,
        "seconds_per_step": speed.seconds_per_step,
        "seconds_per_frame": speed.seconds_per_frame,
        "new_frames_per_segment": speed.new_frames,
        "operations_per_frame": operations / speed.new_frames,
        "tera_operations_per_second": operations / speed.seconds_per_segment / 1e12,
        "peak_memory_bytes": speed.peak_memory_bytes,
        "speed_up": speed.speed_up,
        "parts": [
            asdict(part)
            | {
                "share": speed.share(part),
                "tera_operations_per_second": part.tera_operations_per_second,
            }
            for part in speed.parts
        ],
        "unoptimised_parts": [asdict(part) for part in speed.unoptimised],
    }
