"""Region accuracy: the share of line-bounded regions that got the right colour.

Regions are connected pieces (through edges, not corners) of paper between the lines. Where the
paint is known apart from the lines, a region also carries one true colour only and the prediction
counts by its most frequent colour. Elsewhere truth and prediction count by their median colour.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray
from skimage import measure

from keycel_backend.evaluate.color import Codes, Rgb, distinct, pack, unpack

Mask = NDArray[np.bool_]
Labels = NDArray[np.int32]

_SMALLEST_BY_MEDIAN = 40


@dataclass(frozen=True)
class TrueRegions:
    """Regions of one frame."""

    labels: Labels
    """Shape (height, width): 1 .. number of regions; 0 elsewhere."""
    colors: NDArray[np.uint8]
    """True colour of each region, shape (n, 3)."""
    areas: NDArray[np.int64]
    """Pixels of each region."""
    by_median: bool

    def __len__(self) -> int:
        return len(self.areas)

    def predicted_colors(self, predicted: Rgb) -> NDArray[np.uint8]:
        """The colour a prediction gave to each region, shape (n, 3)."""
        if self.by_median:
            return _median_colors(self.labels, len(self), predicted)
        return unpack(most_frequent(self.labels, len(self), pack(predicted)))


def regions_of_paint(paint: Rgb, ink: Mask, smallest: int) -> TrueRegions:
    """Regions from the paint under the lines; those under `smallest` pixels are left out."""
    codes = np.where(ink, 0, pack(paint) + 1)
    pieces, areas = _large_pieces(codes, smallest)
    first = _first_pixels(pieces, len(areas))
    colors = unpack(np.reshape(codes, -1)[first] - 1)
    return TrueRegions(pieces, colors, np.array(areas, np.int64), False)


def regions_between_lines(color: Rgb, ink: Mask) -> TrueRegions:
    """Regions from the lines alone, with the median of the true colours in each."""
    labels, areas = _large_pieces((~ink).astype(np.int64), _SMALLEST_BY_MEDIAN)
    colors = _median_colors(labels, len(areas), color)
    return TrueRegions(labels, colors, np.array(areas, np.int64), True)


def _large_pieces(values: Codes, smallest: int) -> tuple[Labels, list[int]]:
    """Connected pieces of one value (0 is nothing) and at least `smallest` pixels; their areas.

    Pieces are numbered from 1.
    """
    # Connectivity 1 is the four-neighbourhood: paint does not leak through corners.
    labels = cast("Labels", measure.label(values, background=0, connectivity=1))
    areas = np.bincount(np.reshape(labels, -1))
    kept = np.flatnonzero(areas >= smallest)
    kept = kept[kept > 0]  # 0 is the background
    renumbered = np.zeros(len(areas), np.int32)
    renumbered[kept] = np.arange(1, len(kept) + 1)
    return renumbered[labels], [int(area) for area in areas[kept]]


def _first_pixels(labels: Labels, count: int) -> NDArray[np.int64]:
    """Flat index of one pixel of each label 1 .. count."""
    first = np.zeros(count + 1, np.int64)
    flat = np.reshape(labels, -1)
    first[flat] = np.arange(flat.size)
    return first[1:]


def most_frequent(labels: Labels, count: int, codes: Codes) -> Codes:
    """Most frequent code of each region; of equally frequent ones the largest."""
    inside = labels > 0
    values, index = distinct(codes[inside])
    pairs, place = distinct((labels[inside].astype(np.int64) - 1) * len(values) + index)
    frequency = np.bincount(place, minlength=len(pairs))
    region, color = pairs // max(1, len(values)), pairs % max(1, len(values))
    order = np.lexsort((color, frequency, region))
    winners = np.zeros(count, np.int64)
    # Ascending by frequency within a region: the last assignment is the one that stays.
    last = np.flatnonzero(np.diff(region[order], append=-1))
    winners[region[order][last]] = values[color[order][last]]
    return winners


def _median_colors(labels: Labels, count: int, picture: Rgb) -> NDArray[np.uint8]:
    inside = labels > 0
    by_region = np.argsort(labels[inside], kind="stable")
    values = picture[inside][by_region]
    ends = np.cumsum(np.bincount(labels[inside], minlength=count + 1)[1:])
    colors = np.zeros((count, 3), np.uint8)
    for region, pixels in enumerate(np.split(values, ends[:-1]) if count else []):
        colors[region] = np.median(pixels, axis=0).astype(np.uint8)
    return colors
