"""Where each pixel of one drawing was in another: dense motion between line pictures."""

from __future__ import annotations

from typing import TypeVar, cast

import cv2
import numpy as np

from keycel_backend.regions.arrays import Bytes, Floats, Labels

Picture = TypeVar("Picture", Bytes, Floats)

_LEAST_SIDE = 32
"""Pixels; the pyramid of the search fails on less."""
_SAMPLES = 1024
"""Places in a row of a list that OpenCV samples at: it takes no picture of more than 32767 pixels a side."""
_ON_LINE = 0.6
"""Brightness of a line picture within about half a line width of a line."""


def dense_motion(target: Bytes, source: Bytes, start: Floats | None = None) -> Floats:
    """Flow (height, width, 2) that leads from pixels of `target` to their places in `source`.

    Dense inverse search (Kroeger et al. 2016) on pictures whose lines have soft flanks.
    `start`: a first guess to refine.
    """
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    height, width = target.shape
    guess = None if start is None else _padded(start)
    flow = search.calc(_padded(target), _padded(source), cast(Floats, guess))
    return cast(Floats, np.ascontiguousarray(flow[:height, :width]))


def _padded(picture: Picture) -> Picture:
    """A copy, with empty ground where the picture is smaller than the search can work on."""
    height, width = picture.shape[:2]
    margin = [(0, max(0, _LEAST_SIDE - height)), (0, max(0, _LEAST_SIDE - width)), (0, 0)]
    return cast(Picture, np.pad(picture, margin[: picture.ndim]))


def overlap(target: Labels, target_count: int, source: Labels, source_count: int, flow: Floats) -> Floats:
    """Pixels of each target region (rows) that land in each source region (columns).

    Pixels that land outside the picture do not count.
    """
    height, width = target.shape
    x = np.rint(np.arange(width) + flow[..., 0])
    y = np.rint(np.arange(height)[:, None] + flow[..., 1])
    inside = (x >= 0) & (y >= 0) & (x < width) & (y < height)
    place = (y * width + x)[inside].astype(np.int64)
    codes = (target[inside] - 1) * source_count + (source.ravel()[place] - 1)
    counts = np.bincount(codes, minlength=target_count * source_count)
    return counts.reshape(target_count, source_count).astype(np.float32)


def explained(target: Bytes, source: Bytes, labels: Labels, count: int, flow: Floats) -> Floats:
    """(count,) how well the lines around each region of `target` are found again in `source`, 0..1.

    1 is as well as the better part of the whole drawing, so that rough motion over a long time
    does not make everything look new. Lines of what has just entered are not found.
    """
    lines = target.astype(np.float32) / 255.0
    row, column = np.nonzero(lines > _ON_LINE)
    step = flow[row, column]
    x, y = column.astype(np.float32) + step[:, 0], row.astype(np.float32) + step[:, 1]
    found = _sampled(source, x, y).astype(np.float32) / 255.0
    weight = lines[row, column]
    error = weight * np.abs(weight - found)
    region = labels[row, column] - 1
    total = np.bincount(region, weights=weight, minlength=count)
    missed = np.bincount(region, weights=error, minlength=count)
    share = np.where(total > 0, 1.0 - missed / np.maximum(total, 1e-6), 1.0)
    return np.clip(share / max(float(np.percentile(share, 75)), 0.3), 0.0, 1.0).astype(np.float32)


def _sampled(picture: Bytes, x: Floats, y: Floats) -> Bytes:
    """(n,) values of `picture` between its pixels, 0 outside."""
    if not len(x):
        return np.zeros(0, np.uint8)
    rows = -(-len(x) // _SAMPLES)
    size = (rows, _SAMPLES)
    found = cv2.remap(picture, np.resize(x, size), np.resize(y, size), cv2.INTER_LINEAR, borderValue=0)
    return cast(Bytes, found).ravel()[: len(x)]
