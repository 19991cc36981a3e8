"""Region tables and runs against the plain pixel-by-pixel definition."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from keycel_backend.regions.tables import find_runs, region_table, runs_by_region

COUNT = 7


def random_map(seed: int, size: tuple[int, int]) -> NDArray[np.int32]:
    """Labels 0..5 of 7 in coarse patches with single-pixel noise; labels 6 and 7 do not occur."""
    random = np.random.default_rng(seed)
    patches = random.integers(0, 6, (size[0] // 4 + 1, size[1] // 4 + 1)).repeat(4, 0).repeat(4, 1)
    labels = patches[: size[0], : size[1]].astype(np.int32)
    noise = random.random(size) < 0.05
    labels[noise] = random.integers(0, 6, int(noise.sum()))
    return np.ascontiguousarray(labels)


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (23, 31)])
def test_the_table_agrees_with_the_pixels(size: tuple[int, int]) -> None:
    labels = random_map(sum(size), size)
    table = region_table(labels, COUNT)
    for label in range(1, COUNT + 1):
        ys, xs = np.nonzero(labels == label)
        assert table.area[label - 1] == len(xs)
        box = (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1) if len(xs) else (0, 0, 0, 0)
        assert tuple(table.box[label - 1]) == box
        if len(xs):
            assert table.centroid[label - 1] == pytest.approx((xs.mean(), ys.mean()))


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (23, 31)])
def test_runs_draw_the_regions_again(size: tuple[int, int]) -> None:
    labels = random_map(sum(size), size)
    shapes = runs_by_region(find_runs(labels), [4, 0, 6])
    assert list(shapes) == [4, 0, 6]
    assert shapes[6] == (), "a label that does not occur"
    for row in (4, 0):
        drawn = np.zeros(size, np.int32)
        for y, x0, x1 in shapes[row]:
            assert x0 < x1
            assert x0 == 0 or labels[y, x0 - 1] != row + 1, "a run is as long as it can be"
            drawn[y, x0:x1] += 1
        assert np.array_equal(drawn, labels == row + 1)


def test_no_region_has_no_runs() -> None:
    assert runs_by_region(find_runs(np.zeros((3, 4), np.int32)), []) == {}
