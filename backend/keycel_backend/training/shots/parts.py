"""What a drawing is made of: solid parts with a skin of numbered cells, and flat cut-outs."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from keycel_backend.training.shots.geometry import Points

Cells = NDArray[np.int32]


BOTH_SIDES = -1


@dataclass(slots=True)
class Decal:
    """A closed outline painted onto its part, clipped to it."""

    outline: Points
    """(n, 3) world."""
    surface: int


@dataclass(slots=True)
class Solid:
    """A skin of grid cells; what of it is hidden is decided by depth, also against other parts."""

    points: Points
    """(rows + 1, columns + 1, 3) world."""
    surfaces: Cells
    """(rows, columns) surface number of every cell."""
    inside: int = 0
    """Surface seen from behind of an open skin (a skirt); 0: the skin is closed; `BOTH_SIDES`: thin.

    The outer side of an open skin is the one from which columns run right while rows run down.
    """
    facets: Cells | None = None
    """(rows, columns) cells of different facets have a line between them though the surface is one."""
    decals: list[Decal] = field(default_factory=list)
    strokes: list[Points] = field(default_factory=list)
    """Open lines on the part (folds, strands), (n, 3) each; drawn where they face the viewer."""
    joined: int = 0
    """Parts of the same number above 0 run into each other without a line (a hand and its arm)."""
    lift: float = 0.0
    """Moves the part towards the viewer when depth is compared, world units."""


@dataclass(slots=True)
class Flat:
    """A cut-out: one outline in the plane at one depth."""

    outline: Points
    """(n, 3) world; the mean depth counts."""
    surface: int
    decals: list[Decal] = field(default_factory=list)
    strokes: list[Points] = field(default_factory=list)


Part = Solid | Flat


def plain(points: Points, surface: int) -> Cells:
    """Every cell of a grid is `surface`."""
    return np.full((points.shape[0] - 1, points.shape[1] - 1), surface, np.int32)


def banded(points: Points, bands: list[tuple[float, int]]) -> Cells:
    """Surfaces along the rows: each (share of the rows at which it ends, surface)."""
    rows = points.shape[0] - 1
    place = (np.arange(rows) + 0.5) / rows
    ends = np.array([end for end, _ in bands])
    numbers = np.array([surface for _, surface in bands], np.int32)
    chosen = numbers[np.minimum(np.searchsorted(ends, place), len(bands) - 1)]
    return np.repeat(chosen[:, None], points.shape[1] - 1, axis=1)
