"""Pictures too large for a network at once: worked on in overlapping tiles, whose answers are blended.

The blending in every step of a sampler is that of MultiDiffusion (arXiv 2302.08113), with weights that
fall off towards the edges of a tile.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from keycel_backend.diffusion.tile_plan import Tile, overlap_of, plan_tiles


@dataclass(frozen=True, slots=True)
class TileGrid:
    """Tiles of one size that cover latents of `height` and `width`."""

    height: int
    width: int
    tiles: tuple[Tile, ...]

    @classmethod
    def of(cls, height: int, width: int, size: tuple[int, int]) -> TileGrid:
        """See `plan_tiles`."""
        return cls(height, width, plan_tiles(height, width, size))

    def cut(self, picture: Tensor, unit: int = 1) -> Iterator[Tensor]:
        """Each tile of (batch, channels, unit * height, unit * width)."""
        for tile in self.tiles:
            yield _part(picture, tile, unit)

    def blended(self, parts: Iterable[Tensor], unit: int = 1) -> Tensor:
        """(batch, channels, unit * height, unit * width) from what was made of each tile, in order."""
        total = weights = None
        for tile, part in zip(self.tiles, parts, strict=True):
            if total is None or weights is None:
                total = part.new_zeros(*part.shape[:2], unit * self.height, unit * self.width)
                weights = part.new_zeros(total.shape[2:])
            weight = _weight(tile, unit).to(part)
            _part(total, tile, unit).add_(part * weight)
            _part(weights[None, None], tile, unit).add_(weight)
        assert total is not None
        assert weights is not None
        return total / weights


def _part(picture: Tensor, tile: Tile, unit: int) -> Tensor:
    rows = slice(unit * tile.top, unit * (tile.top + tile.height))
    columns = slice(unit * tile.left, unit * (tile.left + tile.width))
    return picture[:, :, rows, columns]


def _weight(tile: Tile, unit: int) -> Tensor:
    """(height, width): 1 inside, less towards the edges. Nowhere 0, so that every position has some."""
    rows, columns = (_ramp(unit * side, unit * overlap_of(side)) for side in (tile.height, tile.width))
    return rows[:, None] * columns


def _ramp(length: int, overlap: int) -> Tensor:
    places = torch.arange(length) + 0.5
    return (torch.minimum(places, length - places) / max(overlap, 1)).clamp(max=1.0)
