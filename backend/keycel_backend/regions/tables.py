"""Area, box and middle of every label of a map, from its horizontal runs rather than from its pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keycel_backend.regions.arrays import Floats, Integers, Labels


@dataclass(frozen=True, slots=True)
class RegionTable:
    """Rows are regions 1, 2, ..."""

    area: Integers
    """Pixels; 0 for a label that does not occur."""
    box: Integers
    """(n, 4) left, top, right, bottom; right and bottom exclusive. Zeros for a label that does not occur."""
    centroid: Floats
    """(n, 2) x, y of the pixel centres' mean."""


def region_table(labels: Labels, count: int) -> RegionTable:
    height, width = labels.shape
    flat = labels.ravel()
    changes = flat[1:] != flat[:-1]
    changes[width - 1 :: width] = True
    starts = np.concatenate([[0], np.flatnonzero(changes) + 1])
    length = np.diff(np.append(starts, flat.size))
    label = flat[starts]
    top, left = np.divmod(starts, width)
    area = np.bincount(label, weights=length, minlength=count + 1)[1:]
    safe = np.maximum(area, 1)
    x = np.bincount(label, weights=length * (left + (length - 1) / 2.0), minlength=count + 1)[1:] / safe
    y = np.bincount(label, weights=length * top, minlength=count + 1)[1:] / safe
    low = np.full((2, count + 1), max(height, width), np.int64)
    high = np.zeros((2, count + 1), np.int64)
    np.minimum.at(low[0], label, left)
    np.minimum.at(low[1], label, top)
    np.maximum.at(high[0], label, left + length)
    np.maximum.at(high[1], label, top + 1)
    box = np.concatenate([low, high])[:, 1:].T
    box[area == 0] = 0
    return RegionTable(area.astype(np.int64), np.ascontiguousarray(box), np.stack([x, y], axis=1))
