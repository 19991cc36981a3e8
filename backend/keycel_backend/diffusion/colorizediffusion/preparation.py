"""Pictures to tensors as the official program prepares them, and back."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, cast

import cv2
import numpy as np
import torch
import torch.nn.functional as functional
from numpy.typing import NDArray
from torch import Tensor

from keycel_backend.diffusion.colorizediffusion.sampling import BLANK

Bytes = NDArray[np.uint8]

_BLUR = 6.0
"""Pixels (standard deviation) over which paper may change its brightness."""
_FAINTEST = 8.0
_LEAST_MEDIAN = 16.0
_LINE = 127.0


class SketchPreparation(Enum):
    """How the picture of a drawing becomes what the network was trained on: bright lines on dark."""

    NONE = "none"
    """It is so already."""
    INVERT = "invert"
    """Dark lines on light paper."""
    CONTRAST = "invert-webui"
    """Dark lines on paper of uneven brightness: what is darker than its surroundings counts."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a picture lies on a canvas, in pixels."""

    left: int
    top: int
    width: int
    height: int


def to_tensor(picture: Bytes) -> Tensor:
    """(height, width, channels) to (1, channels, height, width) in -1..1."""
    return torch.as_tensor(picture).permute(2, 0, 1)[None].float() / 255.0 * 2.0 - 1.0


def to_bytes(pictures: Tensor) -> Bytes:
    """(pictures, 3, height, width) in -1..1 to (pictures, height, width, 3), truncated."""
    values = ((pictures.clamp(-1.0, 1.0) + 1.0) * 127.5).byte()
    return values.permute(0, 2, 3, 1).contiguous().cpu().numpy()


def prepare_sketch(
    picture: Bytes, preparation: SketchPreparation, height: int, width: int
) -> tuple[Tensor, Placement]:
    """(height, width, 3) RGB of any size to (1, 3, height, width), and where on it the picture lies.

    Its aspect is kept; around it there are no lines.
    """
    if preparation is SketchPreparation.CONTRAST:
        picture = _darker_than_around(picture)
    sketch = to_tensor(picture)
    if preparation is SketchPreparation.INVERT:
        sketch = -sketch
    return fit(sketch, height, width)


def fit(picture: Tensor, height: int, width: int) -> tuple[Tensor, Placement]:
    """(1, channels, any height, any width) as large as it fits, centred among `BLANK`."""
    share = min(height / picture.shape[2], width / picture.shape[3])
    inner = int(picture.shape[2] * share), int(picture.shape[3] * share)
    resized = functional.interpolate(picture, inner, mode="bicubic", antialias=True)
    top, left = (height - inner[0]) // 2, (width - inner[1]) // 2
    canvas = picture.new_full((1, picture.shape[1], height, width), BLANK)
    canvas[:, :, top : top + inner[0], left : left + inner[1]] = resized
    return canvas, Placement(left, top, inner[1], inner[0])


def with_white_margin(picture: Bytes, scale: float) -> Bytes:
    """(height, width, 3) with white at both sides, `scale` times as wide: a reference that counts less."""
    height, width, channels = picture.shape
    wide = np.full((height, int(width * scale), channels), 255, np.uint8)
    left = (wide.shape[1] - width) // 2
    wide[:, left : left + width] = picture
    return wide


def latent_mask(mask: Tensor, pixels_per_latent: int) -> Tensor:
    """(batch, 1, height, width) to the size of latents; bicubic, and its overshoot stays in."""
    size = mask.shape[2] // pixels_per_latent, mask.shape[3] // pixels_per_latent
    return functional.interpolate(mask, size, mode="bicubic")


def _darker_than_around(picture: Bytes) -> Bytes:
    """(height, width, 3): lines as bright as they are darker than what is around them in every channel."""
    values = picture.astype(np.float32)
    around = cast("NDArray[np.floating[Any]]", cv2.GaussianBlur(values, (0, 0), _BLUR))
    strength = np.min(around - values, axis=2).clip(0.0, 255.0)
    lines = strength[strength > _FAINTEST]
    typical = float(np.median(lines)) if lines.size else 0.0
    bright = (strength / max(_LEAST_MEDIAN, typical) * _LINE).clip(0.0, 255.0).astype(np.uint8)
    return np.repeat(bright[..., None], 3, axis=2)
