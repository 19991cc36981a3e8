"""Which tiles cover latents: numbers only, for estimates as well."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tile:
    """In latent positions."""

    top: int
    left: int
    height: int
    width: int


def overlap_of(side: int) -> int:
    """Positions that neighbouring tiles share at least, of so many along a side."""
    return side // 4


def plan_tiles(height: int, width: int, size: tuple[int, int]) -> tuple[Tile, ...]:
    """Tiles of one size, as few as are enough, spread evenly; row by row.

    Args:
        size: (height, width) of a tile; that of the latents where they are smaller.
    """
    tile = min(size[0], height), min(size[1], width)
    rows, columns = _starts(height, tile[0]), _starts(width, tile[1])
    return tuple(Tile(top, left, *tile) for top in rows for left in columns)


def _starts(length: int, size: int) -> list[int]:
    count = 1 + math.ceil((length - size) / (size - overlap_of(size)))
    return [round(place * (length - size) / max(1, count - 1)) for place in range(count)]
