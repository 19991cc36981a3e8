"""Joins line ends that face each other across a gap, and ends that stop just short of another line.

A gap in a drawn line leaves two ends that point at each other; where a stroke should have met another one it
points at that. So direction tells a slip of the pen from drawn openness at distances at which width alone
cannot. Joining end points by distance and direction is the idea of Fourey, Tschumperle and Revoy 2018, "A
fast and efficient semi-guided algorithm for flat coloring line-arts"; here ends come from the medial axis.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from scipy.spatial import KDTree
from skimage.morphology import skeletonize

from keycel_backend.regions.arrays import Bytes, Floats, Integers, Mask

_THIN = 3.0
"""Pixels of line width to which a drawing is reduced before its medial axis is taken: it costs the less."""
_BACK = 5
"""Steps along the medial axis, in reduced pixels, over which the direction of an end is taken."""
_SPUR = 4
"""Branches of fewer steps are frills of a thick line, not ends."""
_FACING = 0.5
"""Least cosine between an end's direction and the way to what it is joined to."""
_RAYS = (0.0, -0.35, 0.35)
"""Radians off an end's direction in which another line is looked for, the likeliest first."""
_EIGHT = ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1))


@dataclass(frozen=True, slots=True)
class LineEnds:
    """Ends of strokes, (n, 2) x and y on the canvas: where, and unit vectors of where they point."""

    place: Floats
    direction: Floats


def joined(ink: Mask, line_width: float, reach: float, across: float) -> Mask:
    """The strokes that are missing, a mask of their pixels (thin, but no 4-connected way leads through).

    Args:
        reach: longest gap between two ends, in pixels.
        across: longest gap between an end and the line it points at.
    """
    missing = np.zeros(ink.shape, np.uint8)
    ends = find_ends(ink, line_width)
    if len(ends.place):
        pairs = _facing_pairs(ends, reach + line_width)
        for one, two in pairs.tolist():
            _stroke(missing, ends.place[one], ends.place[two])
        alone = np.setdiff1d(np.arange(len(ends.place)), pairs)
        for start, hit in _hits(ink, ends, alone, line_width, across):
            _stroke(missing, start, hit)
    return missing.view(np.bool_) & ~ink


def find_ends(ink: Mask, line_width: float) -> LineEnds:
    """Ends of all strokes that are longer than they are wide."""
    factor = max(1.0, line_width / _THIN)
    axis = np.pad(skeletonize(_reduced(ink, factor)), 1)
    number = np.asarray(cv2.filter2D(axis.astype(np.uint8), -1, np.ones((3, 3), np.uint8)), np.int64) - 1
    rows, columns = np.nonzero(axis & (number == 1))
    here = np.stack([rows, columns], axis=1)
    back, steps = _walked(axis, number, here)
    long = steps >= _SPUR
    way = (here - back)[long][:, ::-1].astype(np.float32)
    place = (here[long][:, ::-1] - 0.5).astype(np.float32) * np.float32(factor)
    return LineEnds(place, way / np.linalg.norm(way, axis=1, keepdims=True))


def _reduced(ink: Mask, factor: float) -> Mask:
    if factor == 1.0:
        return ink
    size = (max(1, round(ink.shape[1] / factor)), max(1, round(ink.shape[0] / factor)))
    small = cv2.resize(ink.astype(np.uint8) * 255, size, interpolation=cv2.INTER_AREA)
    return np.asarray(small) >= 96


def _walked(axis: Mask, number: Integers, here: Integers) -> tuple[Integers, Integers]:
    """From each end along its branch: where one is after `_BACK` steps or at a junction; how many it were."""
    place, before = here.copy(), here.copy()
    steps = np.zeros(len(here), np.int64)
    going = np.ones(len(here), np.bool_)
    for _ in range(_BACK):
        best = np.full(len(here), -1, np.int64)
        following = place.copy()
        for row, column in _EIGHT:
            there = place + np.array([row, column])
            away = np.abs(there - before).max(axis=1) * 4 + np.abs(there - before).sum(axis=1)
            away[(there == before).all(axis=1)] = -1
            better = axis[there[:, 0], there[:, 1]] & (away > best)
            best[better] = away[better]
            following[better] = there[better]
        going &= best >= 0
        before[going], place[going] = place[going], following[going]
        steps[going] += 1
        going &= number[place[:, 0], place[:, 1]] <= 2
    return place, steps


def _facing_pairs(ends: LineEnds, reach: float) -> Integers:
    """(n, 2) ends that point at each other, the nearest and straightest first; every end at most once."""
    pairs = KDTree(ends.place).query_pairs(reach, output_type="ndarray").astype(np.int64)
    way = ends.place[pairs[:, 1]] - ends.place[pairs[:, 0]]
    length = np.maximum(np.linalg.norm(way, axis=1), 1e-6)
    there = (ends.direction[pairs[:, 0]] * way).sum(axis=1) / length
    back = -(ends.direction[pairs[:, 1]] * way).sum(axis=1) / length
    facing = (there >= _FACING) & (back >= _FACING)
    cost = length * (3.0 - there - back)
    taken: set[int] = set()
    kept: list[tuple[int, int]] = []
    for at in np.lexsort((pairs[:, 1], pairs[:, 0], cost)).tolist():
        one, two = (int(end) for end in pairs[at])
        if facing[at] and one not in taken and two not in taken:
            taken |= {one, two}
            kept.append((one, two))
    return np.array(kept, np.int64).reshape(-1, 2)


def _hits(ink: Mask, ends: LineEnds, alone: Integers, line_width: float, across: float) -> list[Floats]:
    """(2, 2) from and to: ends that point at a line within `across`, and where it is."""
    height, width = ink.shape
    steps = np.arange(1.0, across + line_width + 1.0, dtype=np.float32)
    turned = np.array([[[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]] for turn in _RAYS])
    ways = np.einsum("rij,nj->nri", turned, ends.direction[alone])
    points = ends.place[alone][:, None, None] + ways[:, :, None] * steps[:, None]
    column = np.clip(np.round(points[..., 0]), 0, width - 1).astype(np.int64)
    row = np.clip(np.round(points[..., 1]), 0, height - 1).astype(np.int64)
    dark = ink[row, column]
    off = np.logical_or.accumulate(~dark, axis=2)  # from the first point off the end's own ink on
    again = dark & off
    at = again.argmax(axis=2)
    found = again.any(axis=2) & (at - off.argmax(axis=2) <= across)
    ray = found.argmax(axis=1)
    hits: list[Floats] = []
    for number in np.flatnonzero(found.any(axis=1)).tolist():
        hit = points[number, ray[number], at[number, ray[number]]]
        hits.append(np.stack([ends.place[alone[number]], hit]))
    return hits


def _stroke(missing: Bytes, start: Floats, end: Floats) -> None:
    one, two = (tuple(int(value) for value in np.round(point)) for point in (start, end))
    cv2.line(missing, cast("tuple[int, int]", one), cast("tuple[int, int]", two), 1, 1, cv2.LINE_4)
