"""Overlapping tiles: they cover everything, and blend to what they were cut from."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch

from keycel_backend.diffusion.tile_plan import Tile, plan_tiles
from keycel_backend.diffusion.tiles import TileGrid


@pytest.mark.parametrize(("height", "width"), [(8, 8), (9, 40), (64, 23), (5, 100)])
def test_tiles_cover_everything_and_overlap(height: int, width: int) -> None:
    tiles = plan_tiles(height, width, (8, 8))
    covered = torch.zeros(height, width)
    for tile in tiles:
        assert (tile.height, tile.width) == (min(8, height), min(8, width))
        assert 0 <= tile.top <= height - tile.height
        assert 0 <= tile.left <= width - tile.width
        covered[tile.top : tile.top + tile.height, tile.left : tile.left + tile.width] += 1
    assert covered.min() >= 1
    lefts = sorted({tile.left for tile in tiles})
    assert all(left + tiles[0].width - after >= 2 for left, after in pairwise(lefts))
    assert len(lefts) == 1 if width <= 8 else len(lefts) == -(-(width - 8) // 6) + 1


def test_one_tile_is_the_whole() -> None:
    assert plan_tiles(6, 7, (8, 8)) == (Tile(0, 0, 6, 7),)
    picture = torch.randn(1, 4, 6, 7, generator=torch.Generator().manual_seed(1))
    grid = TileGrid.of(6, 7, (8, 8))
    assert torch.allclose(grid.blended(grid.cut(picture)), picture)


@pytest.mark.parametrize("unit", [1, 8])
def test_what_was_cut_blends_to_what_it_was(unit: int) -> None:
    picture = torch.randn(2, 3, unit * 13, unit * 21, generator=torch.Generator().manual_seed(1))
    grid = TileGrid.of(13, 21, (8, 12))
    assert torch.allclose(grid.blended(grid.cut(picture, unit), unit), picture, atol=1e-5)


def test_where_tiles_disagree_there_is_no_edge() -> None:
    grid = TileGrid.of(8, 20, (8, 12))
    blended = grid.blended(torch.full((1, 1, 8, 12), float(number)) for number in range(2))
    row = blended[0, 0, 4]
    assert row[0] == 0.0
    assert row[-1] == 1.0
    assert (row[1:] - row[:-1]).abs().max() < 0.3
