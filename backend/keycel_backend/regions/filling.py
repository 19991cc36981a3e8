"""Flats from coloured regions, and where each region lies on the canvas."""

from __future__ import annotations

import numpy as np

from keycel_backend.regions.arrays import Integers, Labels, Mask, Pixels, nearest_index
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


def canvas_boxes(labels: Labels, count: int) -> tuple[Integers, Integers]:
    """Boxes (left, top, right, bottom; right and bottom exclusive) and areas of regions 1..count."""
    height, width = labels.shape
    flat = labels.ravel()
    change = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    starts = np.unique(np.concatenate([[0], change, np.arange(1, height) * width]))
    ends = np.append(starts[1:], flat.size)
    label = flat[starts]
    top, left = np.divmod(starts, width)
    right = ends - top * width
    box = np.stack([np.full(count + 1, width), np.full(count + 1, height), np.zeros(count + 1), np.zeros(count + 1)])
    box = box.astype(np.int64)
    np.minimum.at(box[0], label, left)
    np.minimum.at(box[1], label, top)
    np.maximum.at(box[2], label, right)
    np.maximum.at(box[3], label, top + 1)
    area = np.bincount(label, weights=ends - starts, minlength=count + 1)
    return np.ascontiguousarray(box[:, 1:].T), area[1:].astype(np.int64)


def on_border(labels: Labels, count: int) -> Mask:
    """Which regions reach the border of the canvas (under at most one line)."""
    seen = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    touching = np.zeros(count + 1, np.bool_)
    touching[seen] = True
    return touching[1:]
