"""Times the engine's networks with random weights, for `keycel bench`."""

from __future__ import annotations

from typing import Any

import torch

from keycel_backend.diffusion.flipsketch.benchmark import measure_flipsketch
from keycel_backend.diffusion.flipsketch.configuration import (
    AutoencoderConfiguration,
    FlipsketchConfiguration,
    TextEncoderConfiguration,
    UNetConfiguration,
)
from keycel_backend.diffusion.flipsketch.options import SamplingOptions
from keycel_backend.diffusion.probing import usable
from keycel_backend.engines.flipsketch.description import FIDELITY, GUIDANCE, WINDOW
from keycel_backend.engines.timing import check_size, circumstances, figures_of, memory_told

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
    check_size(width, height, configuration.size_multiple, "256x256")
    target = usable(device)
    precision = torch.bfloat16 if target.type == "cuda" else torch.float32
    options = SamplingOptions.of(steps, float(FIDELITY.default), float(GUIDANCE.default), faithful=True)
    with memory_told(target, width, height):
        speed = measure_flipsketch(
            configuration, options, int(WINDOW.default), height, width, target, precision, repeats
        )
    return {
        **circumstances("flipsketch", small, target, precision),
        "width": speed.width,
        "height": speed.height,
        "frames": speed.frames,
        "steps": speed.steps,
        "seconds_per_step": speed.seconds_per_step,
        "seconds_per_frame": speed.seconds_per_frame,
        "seconds_per_clip": speed.seconds,
        "operations_per_frame": speed.operations / (speed.frames - 1),
        **figures_of(speed),
    }
