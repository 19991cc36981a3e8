"""Takes what is painted in a key along with its moving strokes."""

from __future__ import annotations

import cv2
import numpy as np
from scipy.spatial import KDTree

from keycel_backend.regions.arrays import Floats, Labels

OUTSIDE = -1
_OUTSIDE = 65535
_NEIGHBOURS = 12
_FINEST, _COARSEST, _STEPS = 2, 6, 300
"""Pixels between the places for which the motion is worked out; about so many along the longer side."""


def carried(entries: Labels, start: Floats, now: Floats) -> Labels:
    """`entries` (height, width) of a key, 0..65534, where its strokes have moved from `start` to `now`.

    Both are (n, 2), x and y in pixels. The paper between strokes moves with the strokes around it, by the
    inverse square of their distance (Shepard 1968, "A two-dimensional interpolation function for
    irregularly-spaced data"). What comes from beyond the key's border is `OUTSIDE`.
    """
    height, width = entries.shape
    step = int(np.clip(max(height, width) / _STEPS, _FINEST, _COARSEST))
    columns, rows = np.arange(0, width + step, step), np.arange(0, height + step, step)
    places = np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2)
    count = min(_NEIGHBOURS, len(now))
    found = KDTree(now).query(places, k=count)
    away, near = (np.asarray(part).reshape(len(places), count) for part in found)
    weight = 1.0 / (away + 1.0) ** 2
    back = np.einsum("pn,pnd->pd", weight, (start - now)[near]) / weight.sum(axis=1, keepdims=True)
    back = back.reshape(len(rows), len(columns), 2).astype(np.float32)
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    move = cv2.remap(back, x / step, y / step, cv2.INTER_LINEAR)
    moved = cv2.remap(
        entries.astype(np.uint16),
        x + move[..., 0],
        y + move[..., 1],
        cv2.INTER_NEAREST,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=_OUTSIDE,
    )
    return np.where(moved == _OUTSIDE, np.int32(OUTSIDE), moved.astype(np.int32))
