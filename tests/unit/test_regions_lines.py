from __future__ import annotations

import numpy as np
import pytest
from support.drawn_shots import as_lines

from keycel_backend.regions.lines import read_line_art


def cross(height: int = 60, width: int = 80, strength: int = 255) -> np.ndarray:
    picture = np.zeros((height, width), np.uint8)
    picture[30:33] = strength
    picture[:, 40:43] = strength
    return picture


@pytest.mark.parametrize("on_paper", [False, True])
def test_finds_the_same_ink_on_transparent_and_on_paper(on_paper: bool) -> None:
    strength = cross()
    art = read_line_art(as_lines(strength, on_paper))
    assert np.array_equal(art.ink, strength > 0)
    assert art.on_paper is on_paper
    assert art.paper == (255, 255, 255)
    assert not art.trace.any()
    assert art.line_width == pytest.approx(3.0, abs=1.0)


def test_faint_pencil_lines_on_tinted_paper_are_ink() -> None:
    picture = np.full((60, 80, 4), (240, 232, 210, 255), np.uint8)
    picture[20:22, 5:75, :3] = (214, 206, 186)
    art = read_line_art(picture)
    assert art.paper == (240, 232, 210)
    assert art.ink[20:22, 5:75].all()
    assert art.ink.sum() == 2 * 70


def test_blue_lines_beside_black_ones_are_trace_lines() -> None:
    picture = as_lines(cross(), on_paper=True)
    picture[10:12, 5:35, :3] = (0, 0, 255)
    picture[50:52, 5:35, :3] = (255, 0, 0)
    art = read_line_art(picture)
    assert art.trace[10:12, 5:35].all()
    assert art.trace[50:52, 5:35].all()
    assert art.trace.sum() == 2 * 60
    assert art.ink[10:12, 5:35].all()


def test_a_drawing_wholly_in_blue_has_no_trace_lines() -> None:
    art = read_line_art(as_lines(cross(), on_paper=True, ink=(20, 60, 220)))
    assert art.ink.any()
    assert not art.trace.any()


def test_faint_blue_lines_beside_slightly_brown_ones_are_trace_lines() -> None:
    picture = as_lines(cross(), on_paper=False, ink=(70, 40, 4))
    picture[10:12, 5:35] = (0, 0, 255, 90)
    art = read_line_art(picture)
    assert art.trace[10:12, 5:35].all()
    assert art.trace.sum() == 60


@pytest.mark.parametrize("picture", [np.zeros((20, 30, 4), np.uint8), np.full((20, 30, 4), 255, np.uint8)])
def test_a_page_without_lines_is_empty(picture: np.ndarray) -> None:
    assert read_line_art(picture).is_empty
