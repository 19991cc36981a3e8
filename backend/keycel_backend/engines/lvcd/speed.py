"""Times the engine's networks with random weights, for `keycel bench`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import torch

from keycel_backend.diffusion.lvcd.benchmark import LvcdSpeed, measure_lvcd
from keycel_backend.diffusion.lvcd.networks import LvcdConfiguration
from keycel_backend.diffusion.lvcd.options import SamplingOptions
from keycel_backend.diffusion.probing import usable
from keycel_backend.diffusion.svd.configuration import (
    AutoencoderConfiguration,
    ImageEncoderConfiguration,
    UNetConfiguration,
)
from keycel_backend.engines.lvcd.networks import compiled_passes
from keycel_backend.engines.timing import check_size, device_title, memory_told

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
    check_size(width, height, configuration.size_multiple, "576x320")
    target = usable(device)
    precision = torch.float16 if target.type == "cuda" else torch.float32
    options = SamplingOptions(num_steps=steps)
    with memory_told(target, width, height):
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
    return _figures(speed, target, precision, small) | {"compiled": compiled}


def _figures(speed: LvcdSpeed, device: torch.device, precision: torch.dtype, small: bool) -> dict[str, Any]:
    operations = sum(part.operations * part.times_per_segment for part in speed.parts)
    return {
        "engine": "lvcd",
        "networks": "small" if small else "full",
        "device": device_title(device),
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
