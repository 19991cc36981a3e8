"""Putting flats, lines and paper together for viewing. Results themselves keep flats apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from keycel_backend.engines.base import Pixels

Rgb = NDArray[np.uint8]
"""Picture without alpha, shape (height, width, 3)."""

WHITE = (255, 255, 255)


def flatten(flats: Pixels, lines: Pixels) -> Pixels:
    """Flats over paper, under the lines; opaque RGBA of the same shape.

    Drawings on transparent ground are laid over white paper. Opaque drawings bring their own paper
    (their most common border colour) and are multiplied, so that paint shows through all but ink.
    """
    if not _is_opaque(lines):
        return _with_alpha(over(over_color(flats, WHITE), lines))
    paper = paper_color(lines)
    return _with_alpha(_multiplied(over_color(flats, paper), lines, paper))


def paper_color(lines: Pixels) -> tuple[int, int, int]:
    """Most common colour along the border of an opaque drawing."""
    border = np.concatenate([lines[0], lines[-1], lines[:, 0], lines[:, -1]])[:, :3].astype(np.int64)
    codes, counts = np.unique(border[:, 0] << 16 | border[:, 1] << 8 | border[:, 2], return_counts=True)
    code = int(codes[int(np.argmax(counts))])
    return code >> 16, code >> 8 & 255, code & 255


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


def _multiplied(below: Rgb, lines: Pixels, paper: tuple[int, int, int]) -> Rgb:
    result = np.empty_like(below)
    values = np.arange(256)
    for channel in range(3):
        # Relative to the paper, so that paper itself leaves the paint unchanged.
        darkening = np.minimum(255, values * 255 // max(1, paper[channel])).astype(np.uint32)
        result[..., channel] = (below[..., channel] * darkening[lines[..., channel]] + 127) // 255
    return result


def _is_opaque(picture: Pixels) -> bool:
    return bool(np.all(picture[..., 3] == 255))


def _with_alpha(picture: Rgb) -> Pixels:
    return np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])
