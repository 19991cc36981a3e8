"""Times the engine's networks with random weights, for `keycel bench`."""

from __future__ import annotations

from typing import Any

import torch

from keycel_backend.diffusion.colorizediffusion.benchmark import measure_colorizediffusion
from keycel_backend.diffusion.colorizediffusion.configuration import (
    BackgroundConfiguration,
    ColorizeDiffusionConfiguration,
    DenoiserConfiguration,
)
from keycel_backend.diffusion.colorizediffusion.modes import Mode
from keycel_backend.diffusion.colorizediffusion.sampling import SamplingOptions
from keycel_backend.diffusion.probing import usable
from keycel_backend.diffusion.svd.configuration import AutoencoderConfiguration, ImageEncoderConfiguration
from keycel_backend.engines.timing import check_size, circumstances, figures_of, memory_told

FULL = ColorizeDiffusionConfiguration()
SMALL = ColorizeDiffusionConfiguration(
    DenoiserConfiguration(
        block_out_channels=(32, 64, 64, 64), num_attention_heads=(2, 4, 4, 4), cross_attention_dim=64
    ),
    BackgroundConfiguration(num_layers=1),
    AutoencoderConfiguration(block_out_channels=(32, 32, 64, 64)),
    ImageEncoderConfiguration(
        hidden_size=64, intermediate_size=128, projection_dim=64, num_hidden_layers=2, num_attention_heads=2
    ),
)
"""The same layers with few channels: shows on any processor that all parts run."""


def measure(device: str, small: bool, width: int, height: int, steps: int, repeats: int) -> dict[str, Any]:
    """Figures of one drawing in the mode "split", for JSON; halves on a GPU, single precision elsewhere.

    Raises:
        KeycelError: DOC_BAD_OPTION for a device that is not here or a size that the networks do not
            take; RES_OUT_OF_MEMORY.
    """
    configuration = SMALL if small else FULL
    check_size(width, height, configuration.size_multiple, "512x512")
    target = usable(device)
    precision = torch.float16 if target.type == "cuda" else torch.float32
    options = SamplingOptions(num_steps=steps)
    with memory_told(target, width, height):
        speed = measure_colorizediffusion(
            configuration, options, Mode.SPLIT, height, width, target, precision, repeats
        )
    return {
        **circumstances("colorizediffusion", small, target, precision),
        "width": width,
        "height": height,
        "steps": steps,
        "seconds_per_step": next(part.seconds for part in speed.parts if part.name == "UNet"),
        "seconds_per_frame": speed.seconds,
        "operations_per_frame": speed.operations,
        **figures_of(speed),
    }
