"""Where each pixel of one drawing was in another: dense motion between line pictures."""

from __future__ import annotations

from typing import TypeVar, cast

import cv2
import numpy as np

from keycel_backend.regions.arrays import Bytes, Floats, Labels

Picture = TypeVar("Picture", Bytes, Floats)

_LEAST_SIDE = 32
"""Pixels; the pyramid of the search fails on less."""
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
    x = np.rint(np.arange(width) + flow[..., 0]).astype(np.int64)
    y = np.rint(np.arange(height)[:, None] + flow[..., 1]).astype(np.int64)
    inside = (x >= 0) & (y >= 0) & (x < width) & (y < height)
    landed = source[y[inside], x[inside]].astype(np.int64) - 1
    codes = (target[inside].astype(np.int64) - 1) * source_count + landed
    counts = np.bincount(codes, minlength=target_count * source_count)
    return counts.reshape(target_count, source_count).astype(np.float32)


def explained(target: Bytes, source: Bytes, labels: Labels, count: int, flow: Floats) -> Floats:
    """(count,) how well the lines around each region of `target` are found again in `source`, 0..1.

    1 is as well as the better part of the whole drawing, so that rough motion over a long time
    does not make everything look new. Lines of what has just entered are not found.
    """
    height, width = target.shape
    x = np.arange(width, dtype=np.float32) + flow[..., 0]
    y = np.arange(height, dtype=np.float32)[:, None] + flow[..., 1]
    found = cv2.remap(source, x, y, cv2.INTER_LINEAR, borderValue=0)
    lines = target.astype(np.float32) / 255.0
    weight = np.where(lines > _ON_LINE, lines, 0.0)
    error = weight * np.abs(lines - found.astype(np.float32) / 255.0)
    flat = labels.ravel() - 1
    total = np.bincount(flat, weights=weight.ravel(), minlength=count)
    missed = np.bincount(flat, weights=error.ravel(), minlength=count)
    share = np.where(total > 0, 1.0 - missed / np.maximum(total, 1e-6), 1.0)
    return np.clip(share / max(float(np.percentile(share, 75)), 0.3), 0.0, 1.0).astype(np.float32)
