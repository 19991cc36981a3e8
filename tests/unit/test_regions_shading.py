"""Shades: reading them from paint, and enlarging them to the canvas."""

from __future__ import annotations

import numpy as np
import pytest

from keycel_backend.regions.arrays import Labels
from keycel_backend.regions.shading import Shade, blend_shades, constant, divide, read_shades

COUNT = 2


def two_rooms() -> Labels:
    """Two regions side by side, a line between them."""
    owner = np.ones((60, 100), np.int32)
    owner[:, 60:] = 2
    owner[:, 59:61] = 0
    return owner


def filled(owner: Labels) -> Labels:
    return np.where(np.arange(owner.shape[1]) < 60, 1, 2).astype(np.int32) * np.ones_like(owner)


def painted(owner: Labels) -> Labels:
    """The first region in colours 3 and 5 (its upper 20 rows), the second in 4."""
    paint = np.where(owner == 2, 4, 3).astype(np.int32)
    paint[:20] = np.where(owner[:20] == 1, 5, paint[:20])
    paint[owner == 0] = -1
    return paint


def read(paint: Labels, owner: Labels) -> dict[int, Shade]:
    return read_shades(paint, owner, filled(owner), COUNT)


def test_a_region_of_two_colors_has_a_shade() -> None:
    owner = two_rooms()
    shades = read(painted(owner), owner)
    assert list(shades) == [0]
    assert shades[0].entries.tolist() == [3, 5]
    winner = shades[0].entries[shades[0].depth.argmax(axis=0)]
    assert (winner[:20] == 5).all()
    assert (winner[20:] == 3).all()


@pytest.mark.parametrize("width", [1, 2])
def test_a_fringe_along_a_line_is_no_shade(width: int) -> None:
    owner = two_rooms()
    paint = np.where(owner == 2, 4, 3).astype(np.int32)
    paint[:, 59 - width : 59] = 4
    assert read(paint, owner) == {}


def test_regions_are_divided_at_canvas_size_with_a_straight_border() -> None:
    owner = two_rooms()
    shades = read(painted(owner), owner)
    # a canvas eight times as large, whose working picture is as large as the map that was read
    large = np.kron(np.pad(owner, ((0, 210), (0, 380))), np.ones((8, 8), np.int32)).astype(np.int32)
    labels, owners, entries = divide(large, COUNT, shades)
    assert owners.tolist() == [0]
    assert entries.tolist() == [3, -1, 5]
    rows = np.nonzero((labels == 3).any(axis=1))[0]
    assert rows[0] == 0
    assert rows[-1] == pytest.approx(20 * 8 - 1, abs=2)
    assert ((labels == 3) == ((large == 1) & (np.arange(len(large))[:, None] <= rows[-1]))).all()
    assert np.array_equal(labels == 2, large == 2)


def test_without_shades_nothing_is_divided() -> None:
    labels, owners, entries = divide(two_rooms(), COUNT, {})
    assert np.array_equal(labels, two_rooms())
    assert owners.size == 0
    assert (entries == -1).all()


@pytest.mark.parametrize("place", [0.0, 0.25, 0.75, 1.0])
def test_a_blend_lies_between_its_ends(place: float) -> None:
    owner = two_rooms()
    low, high = painted(owner), painted(owner)
    high[20:30] = np.where(owner[20:30] == 1, 5, high[20:30])
    entries, depth = blend_shades(read(low, owner)[0], read(high, owner)[0], place)
    top = entries[depth.argmax(axis=0)][:, 20] == 5
    assert top.sum() == pytest.approx(20 + 10 * place, abs=1)


def test_one_color_all_over_wins_where_it_is_near() -> None:
    owner = two_rooms()
    shade = read(painted(owner), owner)[0]
    entries, depth = blend_shades(shade, constant(shade, 3, 1.0), 0.9)
    assert (entries[depth.argmax(axis=0)] == 3).all()
