"""Gaps between line ends: found by where the ends point, at any size, and no drawn opening is closed."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from keycel_backend.regions.arrays import Mask, connected_pieces
from keycel_backend.regions.line_ends import find_ends, joined
from keycel_backend.regions.segmentation import automatic_gap, segment


def strokes(*lines: tuple[tuple[float, float], tuple[float, float]], width: int, scale: float = 1.0) -> Mask:
    ink = np.zeros((round(200 * scale), round(300 * scale)), np.uint8)
    for start, end in lines:
        one, two = ((round(x * scale), round(y * scale)) for x, y in (start, end))
        cv2.line(ink, one, two, 1, max(1, round(width * scale)))
    return ink > 0


def pieces(ink: Mask, width: float, reach: float, across: float) -> int:
    return connected_pieces(~(ink | joined(ink, width, reach, across)))[0]


@pytest.mark.parametrize(("width", "scale"), [(1, 1.0), (3, 1.0), (6, 1.0), (3, 4.0), (8, 3.0)])
def test_ends_are_found_where_strokes_end_and_point_outward(width: int, scale: float) -> None:
    ends = find_ends(strokes(((60, 50), (220, 150)), width=width, scale=scale), width * scale)
    assert len(ends.place) == 2
    assert np.allclose(np.sort(ends.place[:, 0]), [60 * scale, 220 * scale], atol=2 + 1.2 * width * scale)
    outward = ends.place - np.array([140, 100]) * scale
    cosine = (outward * ends.direction).sum(axis=1) / np.linalg.norm(outward, axis=1)
    assert (cosine > 0.9).all()


def test_a_closed_outline_has_no_ends() -> None:
    ink = np.zeros((200, 300), np.uint8)
    cv2.circle(ink, (150, 100), 60, 1, 4)
    cv2.rectangle(ink, (20, 20), (60, 60), 1, 3)
    assert len(find_ends(ink > 0, 3.5).place) == 0
    assert not joined(ink > 0, 3.5, 30.0, 10.0).any()


def test_ends_that_face_each_other_are_joined_and_others_are_not() -> None:
    across = ((0, 100), (140, 100)), ((160, 100), (299, 100))
    assert pieces(strokes(*across, width=3), 3.0, 30.0, 0.0) == 2
    assert pieces(strokes(*across, width=3), 3.0, 10.0, 0.0) == 1
    beside = ((0, 90), (140, 90)), ((0, 104), (140, 104))
    assert not joined(strokes(*beside, width=3), 3.0, 30.0, 0.0).any()


@pytest.mark.parametrize(("gap", "closed"), [(6, True), (20, False)])
def test_an_end_that_stops_short_of_a_line_reaches_it(gap: int, closed: bool) -> None:
    ink = strokes(((150, 0), (150, 199)), ((0, 100), (147 - gap, 100)), width=3)
    assert (pieces(ink, 3.0, 0.0, 10.0) == 3) == closed


@pytest.mark.parametrize("scale", [0.75, 1.0, 2.0, 4.0])
def test_a_gap_is_closed_at_every_size_of_the_canvas(scale: float) -> None:
    """A box whose upper line is interrupted for five times the line's width."""
    corners = ((60, 40), (240, 40), (240, 160), (60, 160))
    lines = [(corners[at], corners[at + 1]) for at in (1, 2)] + [(corners[3], corners[0])]
    lines += [((60, 40), (141, 40)), ((159, 40), (240, 40))]
    ink = strokes(*lines, width=3, scale=scale)
    found = segment(ink, automatic_gap(ink.shape[1], ink.shape[0], 3 * scale))
    middle = round(100 * scale), round(150 * scale)
    assert found.count == 2
    assert found.labels[middle] != found.labels[2, 2]
    assert found.openings.tolist() == [[1, 2]]


def test_thousands_of_ends_are_joined_the_same_way_every_time() -> None:
    rng = np.random.default_rng(3)
    ink = np.zeros((300, 400), np.uint8)
    for x, y, angle in zip(
        rng.integers(0, 400, 900), rng.integers(0, 300, 900), rng.random(900) * 6, strict=True
    ):
        end = round(x + 8 * np.cos(angle)), round(y + 8 * np.sin(angle))
        cv2.line(ink, (int(x), int(y)), end, 1, 1)
    first, second = (joined(ink > 0, 1.0, 12.0, 6.0) for _ in range(2))
    assert first.any()
    assert np.array_equal(first, second)


def test_nothing_to_join() -> None:
    assert not joined(np.zeros((5, 7), np.bool_), 1.0, 9.0, 3.0).any()
    assert not joined(np.ones((5, 7), np.bool_), 3.0, 9.0, 3.0).any()
    assert not joined(np.ones((1, 1), np.bool_), 1.0, 9.0, 3.0).any()
