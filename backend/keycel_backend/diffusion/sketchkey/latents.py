"""A latent space that is computed instead of learned: brightness at full, colour at half resolution.

Patches of 4 x 4 pixels become 24 channels: 16 of brightness, 4 of each colour difference (ITU-R BT.601), as
in pictures with 4:2:0 subsampling. Flat colours and dark lines come back as they were; only colours within
two pixels of a border mix, where regions are not asked.
"""

from __future__ import annotations

import torch
import torch.nn.functional as functional
from torch import Tensor

from keycel_backend.diffusion.sketchkey.sizes import PATCH

LATENT_CHANNELS = 24
_LUMA = PATCH * PATCH
_MEAN, _DEVIATION = 0.35, 0.6
"""Of the brightness (-1..1) of painted procedural frames, rounded."""
_CHROMA_DEVIATION = 0.25
_RED, _GREEN, _BLUE = 0.299, 0.587, 0.114


def encode(pictures: Tensor) -> Tensor:
    """(frames, 3, 4 height, 4 width) RGB in -1..1 to (frames, 24, height, width), about unit variance."""
    red, green, blue = pictures.unbind(1)
    luma = _RED * red + _GREEN * green + _BLUE * blue
    chroma = torch.stack([blue - luma, red - luma], dim=1)
    patches = functional.pixel_unshuffle((luma[:, None] - _MEAN) / _DEVIATION, PATCH)
    halves = functional.avg_pool2d(chroma, 2) / _CHROMA_DEVIATION
    return torch.cat([patches, functional.pixel_unshuffle(halves, PATCH // 2)], dim=1)


def decode(latents: Tensor) -> Tensor:
    """Inverse of `encode`; not clamped."""
    luma = functional.pixel_shuffle(latents[:, :_LUMA], PATCH)[:, 0] * _DEVIATION + _MEAN
    halves = functional.pixel_shuffle(latents[:, _LUMA:], PATCH // 2) * _CHROMA_DEVIATION
    chroma = functional.interpolate(halves, scale_factor=2.0, mode="nearest")
    blue, red = chroma[:, 0] + luma, chroma[:, 1] + luma
    green = (luma - _RED * red - _BLUE * blue) / _GREEN
    return torch.stack([red, green, blue], dim=1)
