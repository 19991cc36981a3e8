"""Area, box, middle and shape of every label of a map, from its horizontal runs rather than its pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from keycel_backend.regions.arrays import Floats, Integers, Labels

Run = tuple[int, int, int]
"""Row, first column, column after the last."""


@dataclass(frozen=True, slots=True)
class Runs:
    """Longest horizontal stretches of one label, top to bottom and left to right, shape (n,) each."""

    size: tuple[int, int]
    """Height and width of the map."""
    label: Labels
    top: Integers
    left: Integers
    length: Integers


@dataclass(frozen=True, slots=True)
class RegionTable:
    """Rows are regions 1, 2, ..."""

    area: Integers
    """Pixels; 0 for a label that does not occur."""
    box: Integers
    """(n, 4) left, top, right, bottom; right and bottom exclusive. Zeros for a label that does not occur."""
    centroid: Floats
    """(n, 2) x, y of the pixel centres' mean."""


def find_runs(labels: Labels) -> Runs:
    width = labels.shape[1]
    flat = labels.ravel()
    changes = flat[1:] != flat[:-1]
    changes[width - 1 :: width] = True
    starts = np.concatenate([[0], np.flatnonzero(changes) + 1])
    length = np.diff(np.append(starts, flat.size))
    top, left = np.divmod(starts, width)
    return Runs(labels.shape, flat[starts], top, left, length)


def region_table(labels: Labels, count: int) -> RegionTable:
    return table_of(find_runs(labels), count)


def table_of(runs: Runs, count: int) -> RegionTable:
    label, top, left, length = runs.label, runs.top, runs.left, runs.length
    area = np.bincount(label, weights=length, minlength=count + 1)[1:]
    safe = np.maximum(area, 1)
    x = np.bincount(label, weights=length * (left + (length - 1) / 2.0), minlength=count + 1)[1:] / safe
    y = np.bincount(label, weights=length * top, minlength=count + 1)[1:] / safe
    low = np.full((2, count + 1), max(runs.size), np.int64)
    high = np.zeros((2, count + 1), np.int64)
    np.minimum.at(low[0], label, left)
    np.minimum.at(low[1], label, top)
    np.maximum.at(high[0], label, left + length)
    np.maximum.at(high[1], label, top + 1)
    box = np.concatenate([low, high])[:, 1:].T
    box[area == 0] = 0
    return RegionTable(area.astype(np.int64), np.ascontiguousarray(box), np.stack([x, y], axis=1))


def runs_by_region(runs: Runs, rows: Sequence[int]) -> dict[int, tuple[Run, ...]]:
    """The runs of some regions, by their row in the region table (region 1 has row 0)."""
    if not len(rows):
        return {}
    numbers = np.asarray(rows, np.int64) + 1
    kept = np.flatnonzero(np.isin(runs.label, numbers, kind="table"))
    kept = kept[np.argsort(runs.label[kept], kind="stable")]
    label, left = runs.label[kept], runs.left[kept]
    spans = np.stack([runs.top[kept], left, left + runs.length[kept]], axis=1).tolist()
    first = np.searchsorted(label, numbers, "left").tolist()
    after = np.searchsorted(label, numbers, "right").tolist()
    return {
        row: tuple((y, x0, x1) for y, x0, x1 in spans[start:end])
        for row, start, end in zip(rows, first, after, strict=True)
    }
