"""Regions judged apart from colours: leaks, lost regions and fragments are told apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from keycel_backend.evaluate.clips import find_clips
from keycel_backend.evaluate.footage import Footage, load_footage
from keycel_backend.evaluate.line_reading import Reading, Splitting, ours, read_lines, trapped_ball, unclosed
from keycel_backend.io.results import frame_name, write_png
from keycel_backend.regions.arrays import Labels
from keycel_backend.regions.lines import LineArt

RED = (200, 30, 40)


@pytest.fixture
def gappy(tmp_path: Path) -> Footage:
    """One drawing: a red box of 60 x 60 whose outline has a gap of 4 pixels, and a red box of 9 x 9."""
    lines, flats = (np.zeros((160, 240, 4), np.uint8) for _ in range(2))
    for left, top, side in ((60, 50, 60), (160, 60, 9)):
        lines[top - 2 : top + side + 2, left - 2 : left + side + 2] = (0, 0, 0, 255)
        lines[top : top + side, left : left + side] = 0
        flats[top : top + side, left : left + side] = (*RED, 255)
    lines[48:50, 90:94] = 0
    for part, picture in (("line", lines), ("color", flats)):
        (tmp_path / "box" / part).mkdir(parents=True)
        write_png(tmp_path / "box" / part / frame_name(0), picture)
    return load_footage(find_clips(tmp_path)[0])


def reading(footage: Footage, splitting: Splitting, scale: int = 1) -> Reading:
    found = Reading()
    read_lines(footage, scale, splitting, found)
    return found


@pytest.mark.parametrize("scale", [1, 2, 4])
def test_a_gap_leaks_unless_it_is_closed(gappy: Footage, scale: int) -> None:
    leaky, closed = reading(gappy, unclosed, scale), reading(gappy, ours(), scale)
    assert leaky.share("count") == pytest.approx(1 / 2)
    assert leaky.share("area") == pytest.approx(81 / 3681)
    assert (closed.share("count"), closed.share("area")) == (1.0, 1.0)
    assert closed.fragments == 1.0


def test_balls_of_fixed_radii_lose_what_they_do_not_fit_into(gappy: Footage) -> None:
    drawing = gappy.lines[0]
    drawing[64:65, 158:171] = (0, 0, 0, 255)  # the small box becomes two of 9 x 4 pixels
    assert reading(gappy, trapped_ball).share("area") > 0.9
    assert reading(gappy, trapped_ball).share("count") < 1.0


def test_needless_cuts_are_counted(gappy: Footage) -> None:
    def strips(art: LineArt) -> Labels:
        rows = np.arange(art.ink.shape[0], dtype=np.int32) // 20 + 1
        return np.ascontiguousarray(np.broadcast_to(rows[:, None], art.ink.shape))

    assert reading(gappy, strips).fragments == pytest.approx(8 / 3)
