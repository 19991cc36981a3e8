"""Draws strokes: crisp anti-aliased lines of their own width and colour."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from keycel_backend.regions.arrays import Floats, Integers, Pixels

_STEP = 0.5
"""Pixels between the dots a line is made of."""
_SMALL = 4.0
"""Dots up to this radius are drawn together."""


Stamp = tuple[Integers, Integers, Floats]


@dataclass(frozen=True, slots=True)
class Dots:
    """Round dots, in pixels."""

    places: Floats
    radius: Floats
    color: Floats
    """(n, 4) red, green, blue, opacity, 0..255."""


def lines_between(places: Floats, radius: Floats, color: Floats, pairs: Integers) -> Dots:
    """Dots so close together that they look like lines from point to point of each of the pairs."""
    one, two = places[pairs[:, 0]], places[pairs[:, 1]]
    number = np.maximum(1, np.ceil(np.linalg.norm(two - one, axis=1) / _STEP)).astype(np.int64)
    which = np.repeat(np.arange(len(pairs)), number)
    place = (np.arange(len(which)) - np.repeat(np.cumsum(number) - number, number)) / number[which]
    share = place[:, None]
    a, b = pairs[which, 0], pairs[which, 1]
    return Dots(
        (1.0 - share) * places[a] + share * places[b],
        (1.0 - place) * radius[a] + place * radius[b],
        (1.0 - share) * color[a] + share * color[b],
    )


def draw(dots: Dots, width: int, height: int, paper: tuple[int, int, int] | None) -> Pixels:
    """(height, width, 4) RGBA; on opaque `paper`, or on transparent.

    Where lines of different colours meet, each pixel has the colour of the dot that covers it best.
    """
    cover = np.zeros(width * height, np.float32)
    best = np.full(width * height, -1, np.int64)
    for dot, pixel, covered in _stamps(dots, width, height):
        better = covered > cover[pixel]
        index, place, amount = dot[better], pixel[better], covered[better]
        order = np.argsort(amount, kind="stable")  # of several on one pixel the last one counts
        cover[place[order]] = amount[order]
        best[place[order]] = index[order]
    drawn = np.flatnonzero(best >= 0)
    color = dots.color[best[drawn]]
    share = cover[drawn] * color[:, 3] / 255.0
    picture = np.zeros((height * width, 4), np.uint8)
    if paper is None:
        picture[drawn, :3] = np.rint(color[:, :3])
        picture[drawn, 3] = np.rint(255.0 * share)
        picture[picture[:, 3] == 0] = 0
    else:
        ground = np.array(paper, np.float64)
        picture[:] = (*paper, 255)
        picture[drawn, :3] = np.rint(ground + share[:, None] * (color[:, :3] - ground))
    return picture.reshape(height, width, 4)


def _stamps(dots: Dots, width: int, height: int) -> Iterator[Stamp]:
    """(dot, pixel, coverage 0..1) for all pixels that dots touch, in handy portions."""
    small = np.flatnonzero(dots.radius <= _SMALL)
    large = np.flatnonzero(dots.radius > _SMALL)
    for size in range(1, int(_SMALL) + 1):
        group = small[(dots.radius[small] > size - 1) & (dots.radius[small] <= size)]
        if len(group):
            yield from _stamp(dots, group, size + 1, width, height)
    for size in np.unique(np.ceil(dots.radius[large])):
        group = large[np.ceil(dots.radius[large]) == size]
        for start in range(0, len(group), 256):
            yield from _stamp(dots, group[start : start + 256], int(size) + 1, width, height)


def _stamp(dots: Dots, group: Integers, reach: int, width: int, height: int) -> Iterator[Stamp]:
    steps = np.arange(-reach, reach + 1)
    corner = np.rint(dots.places[group]).astype(np.int64)
    x = corner[:, 0, None, None] + steps[None, None, :]
    y = corner[:, 1, None, None] + steps[None, :, None]
    away = np.hypot(x - dots.places[group, 0, None, None], y - dots.places[group, 1, None, None])
    amount = np.clip(dots.radius[group, None, None] + 0.5 - away, 0.0, 1.0)
    seen = (amount > 0) & (x >= 0) & (y >= 0) & (x < width) & (y < height)
    index = np.broadcast_to(group[:, None, None], seen.shape)
    yield index[seen], (y * width + x)[seen], amount[seen].astype(np.float32)
