"""Times the engine's networks with random weights, for `keycel bench`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import torch

from keycel_backend.diffusion.lvcd.benchmark import measure_lvcd
from keycel_backend.diffusion.lvcd.networks import LvcdConfiguration
from keycel_backend.diffusion.lvcd.options import SamplingOptions
from keycel_backend.diffusion.probing import usable
from keycel_backend.diffusion.svd.configuration import (
    AutoencoderConfiguration,
    ImageEncoderConfiguration,
    UNetConfiguration,
)
from keycel_backend.engines.lvcd.networks import compiled_passes
from keycel_backend.engines.timing import check_size, circumstances, memory_told, stretch_figures

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
    return {
        **circumstances("lvcd", small, target, precision),
        "compiled": compiled,
        **stretch_figures(speed, "segment"),
        "speed_up": speed.speed_up,
        "unoptimised_parts": [asdict(part) for part in speed.unoptimised],
    }
