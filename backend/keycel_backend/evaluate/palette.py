"""Colours outside the palette, away from the lines (where anti-aliasing mixes them)."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from keycel_backend.evaluate.color import Rgb, colors_to_lab, distinct, nearest_distance, pack, unpack
from keycel_backend.evaluate.regions import Mask

_SAME_COLOR = 1.0
_FEWEST_PIXELS = 10
_MOST_COLORS = 20_000
_CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)


def off_palette(predicted: Rgb, near_ink: Mask, palette: NDArray[np.uint8]) -> tuple[int, float]:
    """Number of foreign colours of at least 10 pixels, and the share of foreign pixels.

    Foreign is more than dE76 1 from every colour of `palette` (shape (n, 3)). Pixels within one
    pixel of a line do not count.
    """
    grown = cast("NDArray[np.uint8]", cv2.dilate(near_ink.astype(np.uint8), _CROSS))
    codes, place = distinct(pack(predicted)[grown == 0])
    counts = np.bincount(place, minlength=len(codes))
    if len(codes) < _MOST_COLORS:
        foreign = nearest_distance(colors_to_lab(unpack(codes)), colors_to_lab(palette)) > _SAME_COLOR
    else:
        foreign = np.ones(len(codes), bool)  # a continuous-tone picture, not flats
    pixels = int(np.sum(counts))
    share = float(np.sum(counts[foreign])) / max(1, pixels)
    return int(np.sum(foreign & (counts >= _FEWEST_PIXELS))), share
