"""Times the engine's networks with random weights, for `keycel bench`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import torch

from keycel_backend.diffusion.colorizediffusion.benchmark import ReferenceSpeed, measure_colorizediffusion
from keycel_backend.diffusion.colorizediffusion.configuration import (
    BackgroundConfiguration,
    ColorizeDiffusionConfiguration,
    DenoiserConfiguration,
)
from keycel_backend.diffusion.colorizediffusion.modes import Mode
from keycel_backend.diffusion.colorizediffusion.sampling import SamplingOptions
from keycel_backend.diffusion.probing import usable
from keycel_backend.diffusion.svd.configuration import AutoencoderConfiguration, ImageEncoderConfiguration
from keycel_backend.engines.lvcd.speed import default_device
from keycel_shared.errors import ErrorCode, KeycelError

__all__ = ["default_device", "measure"]

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
    multiple = configuration.size_multiple
    if width % multiple or height % multiple or not width or not height:
        raise KeycelError(
            ErrorCode.DOC_BAD_OPTION,
            f"The networks do not take pictures of {width}x{height}.",
            f"Give sides that are multiples of {multiple}, such as 512x512.",
        )
    target = usable(device)
    precision = torch.float16 if target.type == "cuda" else torch.float32
    options = SamplingOptions(num_steps=steps)
    try:
        speed = measure_colorizediffusion(
            configuration, options, Mode.SPLIT, height, width, target, precision, repeats
        )
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise KeycelError(
            ErrorCode.RES_OUT_OF_MEMORY,
            f"There is not enough memory on {target} for {width}x{height}.",
            "Choose a smaller size or another device.",
            str(error).split("\n", 1)[0],
        ) from error
    name = torch.cuda.get_device_name(target) if target.type == "cuda" else "processor"
    return {
        "engine": "colorizediffusion",
        "networks": "small" if small else "full",
        "device": f"{target} ({name})",
        "precision": str(precision).removeprefix("torch."),
        "torch": torch.__version__,
        "width": width,
        "height": height,
        "steps": steps,
        **_figures(speed),
    }


def _figures(speed: ReferenceSpeed) -> dict[str, Any]:
    return {
        "seconds_per_step": next(part.seconds for part in speed.parts if part.name == "UNet"),
        "seconds_per_frame": speed.seconds,
        "operations_per_frame": speed.operations,
        "tera_operations_per_second": speed.operations / speed.seconds / 1e12,
        "peak_memory_bytes": speed.peak_memory_bytes,
        "parts": [
            asdict(part)
            | {
                "share": part.seconds * part.times_per_segment / speed.seconds,
                "tera_operations_per_second": part.tera_operations_per_second,
            }
            for part in speed.parts
        ],
    }
