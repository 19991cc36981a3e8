"""Pieces of paper that appear one after another as a flood falls from wide open places into narrow ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from keycel_backend.regions.arrays import Floats, Integers, Labels, connected_pieces

_LEVELS = 6
_GROWTH = 3


@dataclass(frozen=True, slots=True)
class Pieces:
    """Paper cut wherever it is narrow."""

    labels: Labels
    """1..count on paper, 0 on ink."""
    peak: Floats
    """(count + 1,) greatest distance to ink inside each piece, in pixels; 0 for label 0."""


def flood(depth: Floats, gap: float, checkpoint: Callable[[], None]) -> Pieces:
    """Pieces that appear while the level falls from half of `gap` to nothing; grown as it falls.

    `depth`: distance of every pixel to the nearest ink, whose outermost pixels are all ink. Only the narrow
    shell of pixels along the lines is visited after the first level, by index: most of a canvas is wide open.
    """
    top = (gap + 1.0) / 2.0
    levels = np.linspace(top, 0.0, max(1, min(_LEVELS, round(top))) + 1)
    count, labels = connected_pieces(depth > levels[0])
    peaks = [_peaks(labels, depth, count)]
    flat, stride = labels.ravel(), depth.shape[1]
    shell = np.flatnonzero((depth > 0) & (depth <= levels[0]))
    shell_depth = depth.ravel()[shell]
    for upper, level in pairwise(levels):
        checkpoint()
        reached = (shell_depth > level) & (shell_depth <= upper)
        rest = _grow(flat, shell[reached], stride, _GROWTH + int(np.ceil(upper - level)))
        if len(rest):
            alone = np.zeros(depth.shape, np.bool_)
            alone.ravel()[rest] = True
            found, pieces = connected_pieces(alone)
            number = pieces.ravel()[rest]
            flat[rest] = number + count
            peak = np.zeros(found + 1, np.float32)
            np.maximum.at(peak, number, depth.ravel()[rest])
            peaks.append(peak[1:])
            count += found
    return Pieces(labels, np.concatenate(peaks))


def _peaks(labels: Labels, depth: Floats, count: int) -> Floats:
    """Greatest depth of each label, from horizontal runs: what a piece claims later is never deeper."""
    flat = labels.ravel()
    starts = np.concatenate([[0], np.flatnonzero(flat[1:] != flat[:-1]) + 1])
    peak = np.zeros(count + 1, np.float32)
    np.maximum.at(peak, flat[starts], np.maximum.reduceat(depth.ravel(), starts))
    peak[0] = 0.0
    return peak


def _grow(labels: Labels, free: Integers, stride: int, steps: int) -> Integers:
    """Labels claim the empty pixels `free`, one ring of 4-neighbours a step; returns those left over.

    `labels` is flat and changed in place; rows are `stride` apart and no free pixel lies on the border.
    """
    for _ in range(steps):
        sides = np.maximum(labels[free - 1], labels[free + 1])
        claim = np.maximum(sides, np.maximum(labels[free - stride], labels[free + stride]))
        claimed = claim > 0
        if not claimed.any():
            break
        labels[free[claimed]] = claim[claimed]
        free = free[~claimed]
    return free
