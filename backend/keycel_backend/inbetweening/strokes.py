"""A line drawing as strokes: centre lines with the width and colour of the pen along them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.sparse import coo_array
from skimage.morphology import skeletonize

from keycel_backend.regions.arrays import Floats, Integers, Mask, Pixels, distance_to
from keycel_backend.regions.lines import LineArt

_STEPS = ((0, 1), (1, 0), (1, 1), (1, -1))
_SMOOTHING = 3
"""Times that points move halfway to the middle of their neighbours, to lose the stairs of the pixel grid."""
_BLOB = 1.6
"""Ink this many times as thick as the drawing's lines is a filled area and keeps its own depth."""


_CORE = 0.45
"""Ink fainter than this, as a share of the strongest next to it, is the soft flank of a line."""


@dataclass(frozen=True, slots=True)
class Strokes:
    """Points along the centre lines of a drawing's ink, about one per pixel."""

    places: Floats
    """(n, 2) x and y in pixels; (0, 0) is the middle of the first pixel."""
    half_width: Floats
    """(n,) half the width of the line in pixels."""
    color: Floats
    """(n, 4) red, green, blue, opacity, 0..255."""
    chains: tuple[Integers, ...]
    """Points in the order in which a pen would draw them. Ends are line ends or crossings, which several
    chains share; a closed line begins and ends with the same point."""

    @property
    def count(self) -> int:
        return len(self.places)


def trace(drawing: Pixels, art: LineArt) -> Strokes:
    """The strokes of a drawing whose lines are `art`. A drawing without ink has none."""
    centre = skeletonize(_cores(art))
    rows, columns = np.nonzero(centre)
    pairs = _neighbours(centre, rows, columns)
    chains = _chains(len(rows), pairs)
    depth = distance_to(~art.ink)[rows, columns]
    rows, columns, chains = _without_spurs(rows, columns, chains, depth)
    places = np.stack([columns, rows], axis=1).astype(np.float64)
    places = _smoothed(places, chains)
    color = _strongest(drawing, art, rows, columns)
    return Strokes(places, _half_widths(art, centre, rows, columns), _even(color, chains), chains)


def _cores(art: LineArt) -> Mask:
    """Ink without the grey between lines that run close together."""
    side = 2 * round(0.5 * art.line_width) + 3
    nearby = cv2.dilate(art.strength, np.ones((side, side), np.uint8))
    return art.ink & (art.strength >= _CORE * nearby)


def _strongest(drawing: Pixels, art: LineArt, rows: Integers, columns: Integers) -> Floats:
    """(n, 4) colour of the strongest pixel next to each point: thinning is up to a pixel off the middle."""
    height, width = art.ink.shape
    best = np.full(len(rows), -1, np.int64)
    color = np.zeros((len(rows), 4), np.float64)
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            row, column = np.clip(rows + down, 0, height - 1), np.clip(columns + right, 0, width - 1)
            strength = art.strength[row, column].astype(np.int64)
            better = strength > best
            best[better] = strength[better]
            color[better] = drawing[row[better], column[better]]
    return color


def _neighbours(centre: Mask, rows: Integers, columns: Integers) -> Integers:
    """(m, 2) points that follow each other; no diagonal where a step along an edge leads there, too."""
    number = np.full((centre.shape[0] + 2, centre.shape[1] + 2), -1, np.int64)
    number[rows + 1, columns + 1] = np.arange(len(rows))
    found: list[Integers] = []
    for down, right in _STEPS:
        other = number[rows + 1 + down, columns + 1 + right]
        near = other >= 0
        if down and right:
            near &= (number[rows + 1 + down, columns + 1] < 0) & (number[rows + 1, columns + 1 + right] < 0)
        found.append(np.stack([np.flatnonzero(near), other[near]], axis=1))
    return np.concatenate(found)


def _chains(count: int, pairs: Integers) -> tuple[Integers, ...]:
    """Runs of points with two neighbours each, from end or crossing to end or crossing; then closed lines."""
    ones = np.ones(len(pairs), np.int8)
    graph = (coo_array((ones, (pairs[:, 0], pairs[:, 1])), (count, count))).tocsr()
    graph = (graph + graph.T).tocsr()
    first, neighbours = graph.indptr.tolist(), graph.indices.tolist()
    degree = np.diff(graph.indptr)
    used: set[tuple[int, int]] = set()
    found: list[Integers] = []

    def walk(start: int, then: int) -> None:
        chain = [start, then]
        used.add((start, then))
        while degree[chain[-1]] == 2 and chain[-1] != start:
            here, before = chain[-1], chain[-2]
            one, two = neighbours[first[here]], neighbours[first[here] + 1]
            chain.append(two if one == before else one)
            used.add((here, chain[-1]))
        used.add((chain[-1], chain[-2]))
        found.append(np.array(chain, np.int64))

    for start in np.flatnonzero((degree > 0) & (degree != 2)).tolist():
        for then in neighbours[first[start] : first[start + 1]]:
            if (start, then) not in used:
                walk(start, then)
    seen = np.zeros(count, np.bool_)
    for chain in found:
        seen[chain] = True
    for start in np.flatnonzero((degree == 2) & ~seen).tolist():
        if not seen[start]:
            walk(start, neighbours[first[start]])
            seen[found[-1]] = True
    found += [np.array([point], np.int64) for point in np.flatnonzero(degree == 0).tolist()]
    return tuple(found)


def _without_spurs(
    rows: Integers, columns: Integers, chains: tuple[Integers, ...], depth: Floats
) -> tuple[Integers, Integers, tuple[Integers, ...]]:
    """Without the short twigs that thinning leaves at the corners of thick ink."""
    ends = np.zeros(len(rows), np.int64)
    for chain in chains:
        ends[chain[0]] += 1
        ends[chain[-1]] += 1
    kept: list[Integers] = []
    for chain in chains:
        one, two = ends[chain[0]], ends[chain[-1]]
        twig = (one == 1) != (two == 1)
        root = chain[0] if two == 1 else chain[-1]
        if not (twig and len(chain) <= 1.2 * depth[root] + 1.0):
            kept.append(chain)
    used = np.zeros(len(rows), np.bool_)
    for chain in kept:
        used[chain] = True
    number = np.cumsum(used) - 1
    return rows[used], columns[used], tuple(number[chain] for chain in kept)


def _smoothed(values: Floats, chains: tuple[Integers, ...]) -> Floats:
    """Points inside chains halfway to the middle of their neighbours, a few times; ends stay."""
    inner = [chain for chain in chains if len(chain) > 2]
    if not inner:
        return values
    here = np.concatenate([chain[1:-1] for chain in inner])
    before = np.concatenate([chain[:-2] for chain in inner])
    after = np.concatenate([chain[2:] for chain in inner])
    smooth = values.copy()
    for _ in range(_SMOOTHING):
        smooth[here] = 0.5 * smooth[here] + 0.25 * (smooth[before] + smooth[after])
    return smooth


def _even(color: Floats, chains: tuple[Integers, ...]) -> Floats:
    """Colours without the noise of single pixels."""
    for _ in range(3):
        color = _smoothed(color, chains)
    return color


def _half_widths(art: LineArt, centre: Mask, rows: Integers, columns: Integers) -> Floats:
    """From the amount of ink around each point, which knows fractions of pixels; else their depth."""
    depth = np.maximum(distance_to(~art.ink)[rows, columns] - 0.5, 0.5).astype(np.float64)
    strength = art.strength.astype(np.float32)
    side = 2 * round(1.5 * art.line_width) + 5
    ink = cv2.boxFilter(strength, -1, (side, side))
    line = cv2.boxFilter(strength * _lengths(centre), -1, (side, side))
    width = (ink[rows, columns] / np.maximum(line[rows, columns], 1e-6)).astype(np.float64)
    half = np.clip(0.5 * width, 0.35, None)
    typical = 0.5 * art.line_width
    return np.where(depth > _BLOB * typical + 0.5, depth, np.minimum(half, depth + 1.0))


def _lengths(centre: Mask) -> Floats:
    """How much of the centre line each of its pixels stands for."""
    half = np.zeros(centre.shape, np.float32)
    for down, right in _STEPS:
        step = np.float32(0.5 * np.hypot(down, right))
        near = np.zeros(centre.shape, np.bool_)
        bottom = centre.shape[0] - down
        if right >= 0:
            end = centre.shape[1] - right
            near[:bottom, :end] = centre[:bottom, :end] & centre[down:, right:]
        else:
            near[:bottom, 1:] = centre[:bottom, 1:] & centre[down:, :-1]
        if down and right:  # as in `_neighbours`
            beneath = np.zeros_like(near)
            beneath[:-1] = centre[1:]
            beside = np.roll(centre, -right, axis=1)
            near &= ~beneath & ~beside
        half += step * near
        other = np.zeros(centre.shape, np.bool_)
        if right >= 0:
            other[down:, right:] = near[:bottom, : centre.shape[1] - right]
        else:
            other[down:, :-1] = near[:bottom, 1:]
        half += step * other
    return np.maximum(half, np.float32(0.5) * centre)
