"""Times the engine's networks with random weights, for `keycel bench`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from keycel_backend.diffusion.anidoc.benchmark import measure_anidoc
from keycel_backend.diffusion.anidoc.networks import AniDocConfiguration
from keycel_backend.diffusion.anidoc.options import SamplingOptions
from keycel_backend.diffusion.probing import usable
from keycel_backend.engines.lvcd import speed as lvcd
from keycel_backend.engines.timing import check_size, circumstances, memory_told, stretch_figures

FULL = AniDocConfiguration()
SMALL = AniDocConfiguration(
    replace(lvcd.SMALL.unet, residual_eps=None),
    FULL.hint_widths,
    lvcd.SMALL.autoencoder,
    lvcd.SMALL.image_encoder,
)
"""The same layers with few channels: shows on any processor that all parts run."""


def measure(device: str, small: bool, width: int, height: int, steps: int, repeats: int) -> dict[str, Any]:
    """Figures of one size, ready for JSON; halves on a GPU, single precision elsewhere.

    Raises:
        KeycelError: DOC_BAD_OPTION for a device that is not here or a size that the networks do not
            take; RES_OUT_OF_MEMORY.
    """
    configuration = SMALL if small else FULL
    check_size(width, height, configuration.size_multiple, "512x320")
    target = usable(device)
    on_card = target.type == "cuda"
    precision = torch.float16 if on_card else torch.float32
    options = SamplingOptions(num_steps=steps)
    with memory_told(target, width, height):
        speed = measure_anidoc(
            configuration, options, height, width, target, precision, repeats, channels_last=on_card
        )
    return {**circumstances("anidoc", small, target, precision), **stretch_figures(speed, "window")}
