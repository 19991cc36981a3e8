"""Paint moves with the strokes around it."""

from __future__ import annotations

import numpy as np

from keycel_backend.inbetweening.carrying import OUTSIDE, carried
from keycel_backend.regions.arrays import Floats

SIZE = (120, 160)


def square(left: int, top: int, side: int = 40) -> Floats:
    """Points along the outline."""
    along = np.arange(side, dtype=np.float64)
    edges = [(along, 0 * along), (along, 0 * along + side), (0 * along, along), (0 * along + side, along)]
    return np.concatenate([np.stack([left + x, top + y], axis=1) for x, y in edges])


def test_paint_stays_within_its_moving_outline() -> None:
    entries = np.zeros(SIZE, np.int32)
    entries[30:70, 20:60] = 7
    still = square(110, 60)
    start, now = np.concatenate([square(20, 30), still]), np.concatenate([square(45, 42), still])
    found = carried(entries, start, now)
    assert (found[44:80, 47:83] == 7).all()
    assert (found[:, :43] <= 0).all()
    assert (found[62:98, 112:148] == 0).all()


def test_paint_grows_with_its_outline() -> None:
    entries = np.zeros(SIZE, np.int32)
    entries[30:60, 20:50] = 3
    found = carried(entries, square(20, 30, 30), square(20, 30, 30) * 1.5 - np.array([10.0, 15.0]))
    inside = found[33:72, 23:62]
    assert (inside == 3).mean() > 0.99


def test_strokes_that_do_not_move_leave_the_paint_alone() -> None:
    entries = np.random.default_rng(0).integers(0, 9, SIZE).astype(np.int32)
    assert (carried(entries, square(20, 30), square(20, 30)) == entries).all()


def test_a_single_point_moves_everything() -> None:
    entries = np.zeros(SIZE, np.int32)
    entries[50, 60] = 1
    found = carried(entries, np.array([[10.0, 10.0]]), np.array([[13.0, 14.0]]))
    assert np.argwhere(found == 1).tolist() == [[54, 63]]


def test_what_comes_from_beyond_the_border_is_told() -> None:
    found = carried(np.ones(SIZE, np.int32), square(20, 30), square(20, 30) + np.array([6.0, 0.0]))
    assert (found[:, :5] == OUTSIDE).all()
    assert (found[:, 7:] == 1).all()
