"""Flats from coloured regions."""

from __future__ import annotations

import numpy as np

from keycel_backend.regions.arrays import Labels, Mask, Pixels, nearest_index
from keycel_backend.regions.palette import Codes, pixels_of


def fill(labels: Labels, codes: Codes, overlap: int) -> Pixels:
    """Hard-edged flats (height, width, 4).

    `codes`: colour of region 1, 2, ... Colour runs on under the lines to the middle between
    regions, or at most `overlap` pixels where that is not 0.
    """
    index, reach = nearest_index(labels > 0)
    table = np.concatenate([np.zeros(1, np.uint32), codes])
    filled = table[labels.ravel()[index]]
    if overlap:
        filled[reach > overlap] = 0
    return pixels_of(filled)


def on_border(labels: Labels, count: int) -> Mask:
    """Which regions reach the border of the canvas (under at most one line)."""
    seen = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    touching = np.zeros(count + 1, np.bool_)
    touching[seen] = True
    return touching[1:]
