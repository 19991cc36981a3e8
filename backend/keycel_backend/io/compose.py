"""Laying pictures over each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from keycel_backend.engines.base import Pixels

Rgb = NDArray[np.uint8]
"""Picture without alpha, shape (height, width, 3)."""

WHITE = (255, 255, 255)


def over_color(picture: Pixels, color: tuple[int, int, int]) -> Rgb:
    """An RGBA picture over a plain colour."""
    ground = np.empty((*picture.shape[:2], 3), np.uint8)
    ground[:] = color
    return over(ground, picture)


def over(below: Rgb, above: Pixels) -> Rgb:
    """Source-over of straight alpha on an opaque picture, in the stored (sRGB) values."""
    alpha = above[..., 3:].astype(np.uint16)
    mixed = above[..., :3] * alpha + below * (255 - alpha) + 128
    # Division by 255 with rounding, exact for 16 bits and several times faster than `//`.
    return ((mixed + (mixed >> 8)) >> 8).astype(np.uint8)


def multiplied(below: Rgb, lines: Pixels, paper: tuple[int, int, int]) -> Rgb:
    """Opaque lines on `paper` multiplied over a picture, so that paint shows through all but ink."""
    result = np.empty_like(below)
    values = np.arange(256)
    for channel in range(3):
        # Relative to the paper, so that paper itself leaves the paint unchanged.
        darkening = np.minimum(255, values * 255 // max(1, paper[channel])).astype(np.uint32)
        result[..., channel] = (below[..., channel] * darkening[lines[..., channel]] + 127) // 255
    return result


def with_alpha(picture: Rgb) -> Pixels:
    """An opaque RGBA picture."""
    return np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])
