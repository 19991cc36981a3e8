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


def plan_tiles(height: int, width: int, side: int, overlap: int) -> tuple[Tile, ...]:
    """Tiles of one size, as few as are enough, spread evenly; row by row.

    Args:
        side: of a tile; of the latents where they are smaller.
        overlap: positions that neighbours share at least; less than `side`.
    """
    size = min(side, height), min(side, width)
    rows, columns = _starts(height, size[0], overlap), _starts(width, size[1], overlap)
    return tuple(Tile(top, left, *size) for top in rows for left in columns)


def _starts(length: int, size: int, overlap: int) -> list[int]:
    count = 1 + math.ceil((length - size) / max(1, size - overlap))
    return [round(place * (length - size) / max(1, count - 1)) for place in range(count)]
