"""Colours as numbers: CIE Lab distances and packed codes.

Distances are CIE 1976 (`dE76`), computed by OpenCV from sRGB values scaled to 0..1.
"""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

Rgb = NDArray[np.uint8]
"""Picture, shape (height, width, 3)."""
Lab = NDArray[np.float32]
"""L, a, b in the last axis."""
Codes = NDArray[np.int64]
"""Colours packed as red << 16 | green << 8 | blue."""


def to_lab(picture: Rgb) -> Lab:
    return cast("Lab", cv2.cvtColor(picture.astype(np.float32) / np.float32(255), cv2.COLOR_RGB2LAB))


def colors_to_lab(colors: NDArray[np.uint8]) -> Lab:
    """A list of colours, shape (n, 3)."""
    if not len(colors):
        return np.zeros((0, 3), np.float32)
    return to_lab(colors[None])[0]


def distance(first: Lab, second: Lab) -> NDArray[np.float32]:
    """dE76 along the last axis."""
    return np.sqrt(np.sum((first - second) ** 2, axis=-1))


def nearest_distance(colors: Lab, others: Lab) -> NDArray[np.float32]:
    """dE76 from each colour to the nearest of `others`, which must not be empty."""
    return np.min(distance(colors[:, None], others[None]), axis=1)


def pack(picture: NDArray[np.uint8]) -> Codes:
    """Codes of the colours in the last axis."""
    wide = picture.astype(np.int64)
    return wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2]


def unpack(codes: Codes) -> NDArray[np.uint8]:
    """The inverse of `pack`: shape (..., 3)."""
    return np.stack([codes >> 16 & 255, codes >> 8 & 255, codes & 255], axis=-1).astype(np.uint8)


def distinct(codes: Codes) -> tuple[Codes, NDArray[np.int64]]:
    """The different values of a list of codes, ascending, and the place of every element among them.

    Like `numpy.unique`, but sorts runs of equal elements: pictures of flats have few of them.
    """
    if not len(codes):
        return codes, np.zeros(0, np.int64)
    starts = np.concatenate([[0], np.flatnonzero(codes[1:] != codes[:-1]) + 1])
    values, place = np.unique(codes[starts], return_inverse=True)
    return values, np.repeat(place, np.diff(np.append(starts, len(codes))))
