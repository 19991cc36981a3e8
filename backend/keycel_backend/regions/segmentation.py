"""Closed regions of a drawing at canvas size, with gaps in the lines closed.

Flooding of the distance map from wide to narrow (the multi-radius idea of trapped-ball segmentation,
Zhang et al. 2009, "Vectorizing cartoon animations", section 4.1), followed by a merge of neighbours
whose opening is not clearly narrower than the smaller of them. Unlike a trapped ball it
loses no narrow tip or small region, because every pixel that is not ink ends in exactly one region.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from keycel_backend.regions.arrays import (
    Floats,
    Integers,
    Labels,
    Mask,
    connected_pieces,
    distance_to,
    grow,
    nearest_index,
)

_LEVELS = 6
_NECK_RATIO = 1.7
"""Two pieces belong together when the smaller one is at most this many times as wide as the opening."""
_GROWTH = 3
MOST_REGIONS = 3000
"""Of a drawing. Hatching and grain can make tens of thousands; matching needs memory for every pair."""


@dataclass(frozen=True, slots=True)
class Segmentation:
    """Regions of one drawing."""

    labels: Labels
    """1..count on paper, 0 on ink and specks."""
    filled: Labels
    """The same, every pixel given to its nearest region; all 1 for an empty drawing."""
    reach: Floats
    """Distance of each pixel to the region that `filled` gives it to; 0 inside."""
    count: int
    openings: Integers
    """Pairs of regions that meet at an unclosed gap, shape (n, 2), smaller label first."""


def automatic_gap(width: int, height: int, line_width: float) -> float:
    """Largest opening in px that is taken for a slip of the pen rather than for drawn openness."""
    return float(np.clip(0.004 * max(width, height) + 1.5 * line_width, 2.0, 40.0))


def segment(
    ink: Mask, gap: float, smallest: int = 4, checkpoint: Callable[[], None] | None = None
) -> Segmentation:
    """Split the paper into regions that do not leak through openings up to `gap` pixels.

    Regions smaller than `smallest` pixels, and the smallest of more than `MOST_REGIONS`, are given to
    their neighbours. A drawing without ink is
    one region. `checkpoint` is called now and then and may raise to stop the work.
    """
    if not ink.any():
        whole = np.ones(ink.shape, np.int32)
        return Segmentation(whole, whole, np.zeros(ink.shape, np.float32), 1, np.zeros((0, 2), np.int64))
    depth = _depth_with_border(ink)
    labels = _flood(depth, gap, checkpoint or _go_on)
    labels, openings = _merge_necks(labels, depth)
    labels, openings = _drop_specks(labels, openings, smallest)
    if not labels.any():
        labels = np.ones(ink.shape, np.int32)
    index, reach = nearest_index(labels > 0)
    return Segmentation(labels, labels.ravel()[index], reach, int(labels.max()), openings)


def _depth_with_border(ink: Mask) -> Floats:
    """Distance to ink, the canvas border counting as ink: an opening at the border is an opening too."""
    padded = np.pad(ink, 1, constant_values=True)
    return np.ascontiguousarray(distance_to(padded)[1:-1, 1:-1])


def _go_on() -> None:
    """The checkpoint of callers that never stop."""


def _flood(depth: Floats, gap: float, checkpoint: Callable[[], None]) -> Labels:
    """Pieces that appear while the level falls from half the gap to nothing; grown as it falls."""
    top = (gap + 1.0) / 2.0
    count = max(1, min(_LEVELS, round(top)))
    levels = np.linspace(top, 0.0, count + 1)
    seeds, first = connected_pieces(depth > levels[0])
    labels = first.astype(np.float32)
    for upper, level in pairwise(levels):
        checkpoint()
        within = depth > level
        labels = grow(labels, within, _GROWTH + int(np.ceil(upper - level)))
        rest = within & (labels == 0)
        found, pieces = connected_pieces(rest)
        labels += np.where(pieces > 0, pieces + seeds, 0).astype(np.float32)
        seeds += found
    return labels.astype(np.int32)


def _touching(labels: Labels, depth: Floats) -> tuple[Integers, Floats]:
    """Pairs of different labels side by side (smaller first), and how wide the way between them is (half)."""
    pairs: list[Integers] = []
    widths: list[Floats] = []
    for near, far in (
        ((slice(None), slice(None, -1)), (slice(None), slice(1, None))),
        ((slice(None, -1), slice(None)), (slice(1, None), slice(None))),
    ):
        one, two = labels[near], labels[far]
        different = (one != two) & (one > 0) & (two > 0)
        a, b = one[different].astype(np.int64), two[different].astype(np.int64)
        pairs.append(np.stack([np.minimum(a, b), np.maximum(a, b)], axis=1))
        widths.append(np.minimum(depth[near][different], depth[far][different]))
    return np.concatenate(pairs), np.concatenate(widths)


def _merge_necks(labels: Labels, depth: Floats) -> tuple[Labels, Integers]:
    """Join pieces whose opening is wide compared with the smaller piece; widest openings first."""
    count = int(labels.max())
    peak = np.zeros(count + 1, np.float32)
    np.maximum.at(peak, labels.ravel(), depth.ravel())
    pixel_pairs, widths = _touching(labels, depth)
    codes, inverse = np.unique(pixel_pairs[:, 0] * (count + 1) + pixel_pairs[:, 1], return_inverse=True)
    saddle = np.zeros(len(codes), np.float32)
    np.maximum.at(saddle, inverse, widths)
    pairs = np.stack([codes // (count + 1), codes % (count + 1)], axis=1)
    parent = np.arange(count + 1)

    def root(label: int) -> int:
        while parent[label] != label:
            parent[label] = parent[parent[label]]
            label = int(parent[label])
        return label

    for position in np.argsort(-saddle, kind="stable"):
        one, two = root(int(pairs[position, 0])), root(int(pairs[position, 1]))
        if one != two and min(peak[one], peak[two]) <= _NECK_RATIO * saddle[position]:
            parent[two] = one
            peak[one] = max(peak[one], peak[two])
    roots = np.array([root(label) for label in range(count + 1)])
    return _renumber(labels, roots, pairs)


def _renumber(labels: Labels, roots: Integers, pairs: Integers) -> tuple[Labels, Integers]:
    """Labels counted 1..n again after old label i became `roots[i]`; pairs translated and made unique."""
    kept = np.unique(roots[roots > 0])
    number = np.zeros(len(roots), np.int64)
    number[kept] = np.arange(1, len(kept) + 1)
    table = number[roots]
    translated = np.sort(table[pairs], axis=1) if len(pairs) else pairs.reshape(0, 2)
    open_pairs = translated[(translated[:, 0] > 0) & (translated[:, 0] != translated[:, 1])]
    return table.astype(np.int32)[labels], np.unique(open_pairs, axis=0)


def _drop_specks(labels: Labels, openings: Integers, smallest: int) -> tuple[Labels, Integers]:
    area = np.bincount(labels.ravel())
    roots = np.arange(len(area))
    roots[area < smallest] = 0
    by_area = 1 + np.argsort(-area[1:], kind="stable")
    roots[by_area[MOST_REGIONS:]] = 0
    return _renumber(labels, roots, openings)
