"""Closed regions of a drawing at canvas size, with gaps in the lines closed.

Line ends that face each other are joined first. Then the distance map is flooded from wide to narrow (the
multi-radius idea of trapped-ball segmentation, Zhang et al. 2009, "Vectorizing cartoon animations", section
4.1), and neighbours are merged whose opening is not clearly narrower than the smaller of them. Unlike a
trapped ball that loses no narrow tip or small region: every pixel that is not ink ends in exactly one region.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from keycel_backend.regions.arrays import Floats, Integers, Labels, Mask, distance_to, nearest_value
from keycel_backend.regions.flooding import Pieces, flood
from keycel_backend.regions.line_ends import joined
from keycel_backend.regions.lines import typical_width

_NECK_RATIO = 1.7
"""Two pieces belong together when the smaller one is at most this many times as wide as the opening."""
FACING = 3.0
"""Gaps between two line ends that point at each other are closed up to this many times as wide as others."""
MOST_REGIONS = 3000
"""Of a drawing. Hatching and grain can make tens of thousands; matching needs memory for every pair."""


@dataclass(frozen=True, slots=True)
class Segmentation:
    """Regions of one drawing."""

    labels: Labels
    """1..count on paper, 0 on ink and specks."""
    filled: Labels
    """The same, every pixel given to its nearest region; all 1 for an empty drawing."""
    count: int
    openings: Integers
    """Pairs of regions that meet at an unclosed gap, shape (n, 2), smaller label first."""


def automatic_gap(width: int, height: int, line_width: float) -> float:
    """Largest opening in px that is taken for a slip of the pen rather than for drawn openness."""
    return float(np.clip(0.004 * max(width, height) + 1.5 * line_width, 2.0, 40.0))


def segment(
    ink: Mask,
    gap: float,
    smallest: int = 4,
    checkpoint: Callable[[], None] | None = None,
    facing: float = FACING,
) -> Segmentation:
    """Split the paper into regions that do not leak through openings up to `gap` pixels, or `facing`
    times that between two line ends that point at each other; 0 joins no line ends.

    Regions smaller than `smallest` pixels, and the smallest of more than `MOST_REGIONS`, are given to
    their neighbours. A drawing without ink is
    one region. `checkpoint` is called now and then and may raise to stop the work.
    """
    whole = np.ones(ink.shape, np.int32)
    if not ink.any():
        return Segmentation(whole, whole, 1, np.zeros((0, 2), np.int64))
    missing = np.zeros_like(ink)
    if facing:
        missing = joined(ink, typical_width(ink), facing * gap, gap)
    # the canvas border counts as ink: an opening at the border is an opening too
    depth = distance_to(np.pad(ink | missing, 1, constant_values=True))
    pieces = flood(depth, gap, checkpoint or _go_on)
    roots, pairs = _merge_necks(pieces, depth)
    number, openings = _renumber(_without_specks(roots, pieces.labels, smallest), pairs)
    labels = number[pieces.labels[1:-1, 1:-1]]
    if not number.any():
        return Segmentation(whole, whole, 1, openings)
    openings = np.unique(np.concatenate([openings, _on_both_sides(labels, missing)]), axis=0)
    filled = nearest_value(labels)
    labels[missing] = filled[missing]
    return Segmentation(labels, filled, int(number.max()), openings)


def _go_on() -> None:
    """The checkpoint of callers that never stop."""


def _touching(labels: Labels, depth: Floats) -> tuple[Integers, Floats]:
    """Pairs of different labels side by side (smaller first), and how wide the way between them is (half)."""
    pairs: list[Integers] = []
    widths: list[Floats] = []
    flat, level = labels.ravel(), depth.ravel()
    for step in (1, labels.shape[1]):  # the outermost pixels are ink: no pair reaches around a border
        near = np.flatnonzero(flat[:-step] != flat[step:])
        one, two = flat[near], flat[near + step]
        both = (one > 0) & (two > 0)
        near, one, two = near[both], one[both].astype(np.int64), two[both].astype(np.int64)
        pairs.append(np.stack([np.minimum(one, two), np.maximum(one, two)], axis=1))
        widths.append(np.minimum(level[near], level[near + step]))
    return np.concatenate(pairs), np.concatenate(widths)


def _on_both_sides(labels: Labels, missing: Mask) -> Integers:
    """Pairs of different regions (smaller first) that a stroke of `missing` parts."""
    rows, columns = np.nonzero(missing[1:-1, 1:-1])
    pairs = [
        np.stack([labels[rows + 1 - down, columns + 1 - right], labels[rows + 1 + down, columns + 1 + right]])
        for down, right in ((0, 1), (1, 0))
    ]
    met = np.sort(np.concatenate(pairs, axis=1).T.astype(np.int64), axis=1)
    return met[(met[:, 0] > 0) & (met[:, 0] != met[:, 1])]


def _merge_necks(pieces: Pieces, depth: Floats) -> tuple[Integers, Integers]:
    """Join pieces whose opening is wide compared with the smaller piece; widest openings first.

    Returns the piece that stands for each piece, and the pairs of pieces that touch.
    """
    peak = pieces.peak.copy()
    count = len(peak) - 1
    pixel_pairs, widths = _touching(pieces.labels, depth)
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
    return np.array([root(label) for label in range(count + 1)]), pairs


def _without_specks(roots: Integers, labels: Labels, smallest: int) -> Integers:
    """`roots` with 0 for regions that are too small or too many."""
    area = np.bincount(roots, weights=np.bincount(labels.ravel(), minlength=len(roots)), minlength=len(roots))
    area[0] = 0
    kept = np.argsort(-area, kind="stable")[:MOST_REGIONS]
    kept = kept[area[kept] >= max(smallest, 1)]
    return np.where(np.isin(roots, kept), roots, 0)


def _renumber(roots: Integers, pairs: Integers) -> tuple[Labels, Integers]:
    """The region 1..n (0: none) of each piece, and the pairs of regions among `pairs` of pieces."""
    number = np.zeros(len(roots), np.int32)
    kept = np.unique(roots[roots > 0])
    number[kept] = np.arange(1, len(kept) + 1)
    region = number[roots]
    met = np.sort(region[pairs], axis=1).astype(np.int64)
    return region, np.unique(met[(met[:, 0] > 0) & (met[:, 0] != met[:, 1])], axis=0)
