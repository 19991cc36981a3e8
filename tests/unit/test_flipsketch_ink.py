"""Line art to the small grey pictures of networks and back to clean ink."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from keycel_backend.engines.flipsketch.ink import Pen, clean_ink, sketch
from keycel_backend.regions.arrays import Pixels, distance_to
from keycel_backend.regions.lines import LineArt, read_line_art

WIDTH, HEIGHT = 480, 270
SMALL = (256, 128)


def _drawing(thickness: float, color: tuple[int, int, int] = (0, 0, 0), opacity: int = 255) -> Pixels:
    """An ellipse and a line across it, drawn at eight times the size."""
    fine = np.zeros((HEIGHT * 8, WIDTH * 8), np.uint8)
    width = round(thickness * 8)
    cv2.ellipse(fine, (WIDTH * 4, HEIGHT * 4), (150 * 8, 90 * 8), 0, 0, 360, 255, width)
    cv2.line(fine, (60 * 8, 40 * 8), (400 * 8, 240 * 8), 255, width)
    picture = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    picture[..., :3] = color
    picture[..., 3] = cv2.resize(fine, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA) * (opacity / 255.0)
    return picture


def _seen(drawing: Pixels) -> tuple[NDArray[np.uint8], Pen, LineArt]:
    """As a network would draw it again: a little soft."""
    art = read_line_art(drawing)
    pen = Pen.of(drawing, art, SMALL[0])
    soft = cv2.GaussianBlur(sketch(art, pen, *SMALL), (0, 0), 0.7)
    return soft.astype(np.uint8), pen, art


def _mass(picture: Pixels) -> float:
    return float(picture[..., 3].sum())


@pytest.mark.parametrize("thickness", [1.5, 2.0, 3.0, 5.0, 8.0])
def test_lines_keep_their_width_and_place(thickness: float) -> None:
    drawing = _drawing(thickness)
    picture, pen, art = _seen(drawing)
    assert pen.width == pytest.approx(thickness, abs=0.35)
    made = clean_ink(picture, pen, WIDTH, HEIGHT)
    assert _mass(made) == pytest.approx(_mass(drawing), rel=0.08)
    found = read_line_art(made).ink
    assert distance_to(art.ink)[found].max() <= 3.0
    assert np.percentile(distance_to(found)[art.ink], 99) <= 3.0


def test_thin_lines_are_shown_thick_enough_to_be_seen() -> None:
    drawing = _drawing(1.0)
    picture, pen, _ = _seen(drawing)
    assert pen.shown == pytest.approx(2.0 * WIDTH / SMALL[0])
    assert picture.shape == (SMALL[1], SMALL[0])
    assert picture.min() < 60, "dark enough, though the line is thinner than a pixel there"
    assert picture.max() == 255


def test_ink_keeps_its_colour_and_opacity() -> None:
    drawing = _drawing(3.0, (40, 70, 160), 120)
    picture, pen, _ = _seen(drawing)
    assert picture.min() < 60, "faint lines are shown as black ones"
    made = clean_ink(picture, pen, WIDTH, HEIGHT)
    assert pen.color == (40, 70, 160)
    assert made[..., 3].max() == pytest.approx(120, abs=2)
    assert {tuple(color) for color in made[made[..., 3] > 0][:, :3].tolist()} == {(40, 70, 160)}
    assert not made[made[..., 3] == 0].any()


def test_a_drawing_on_paper_gives_its_ink_on_transparent() -> None:
    on_transparent = _drawing(3.0)
    share = on_transparent[..., 3:] / 255.0
    on_paper = np.dstack(
        [np.repeat(np.round(240.0 * (1.0 - share) + 20.0 * share), 3, axis=2), np.full((HEIGHT, WIDTH), 255)]
    ).astype(np.uint8)
    picture, pen, _ = _seen(on_paper)
    made = clean_ink(picture, pen, WIDTH, HEIGHT)
    assert pen.color == (20, 20, 20)
    assert made[..., 3].min() == 0
    assert _mass(made) == pytest.approx(_mass(on_transparent), rel=0.1)


def test_filled_places_stay_filled_and_gaps_between_lines_open() -> None:
    drawing = _drawing(2.0)
    cv2.circle(drawing, (400, 60), 24, (0, 0, 0, 255), -1)
    for offset in (0, 9):
        cv2.line(drawing, (20, 200 + offset), (160, 200 + offset), (0, 0, 0, 255), 2)
    picture, pen, _ = _seen(drawing)
    made = clean_ink(picture, pen, WIDTH, HEIGHT)[..., 3]
    assert made[50:70, 390:410].min() == 255
    area = np.count_nonzero(made[30:90, 370:430] > 127)
    assert area == pytest.approx(np.pi * 24.0**2, rel=0.12)
    assert made[204:206, 40:140].max() < 64, "paper between two lines"
    assert (made[198:203, 40:140].max(axis=0) > 200).all()
    assert (made[207:212, 40:140].max(axis=0) > 200).all()


def test_empty_paper_stays_empty_also_if_it_is_not_quite_white() -> None:
    pen = Pen(3.0, 4.0, (0, 0, 0), 255)
    random = np.random.default_rng(1)
    for paper in (np.full((64, 64), 255), random.integers(235, 256, (64, 64)), np.full((64, 64), 240)):
        assert not clean_ink(paper.astype(np.uint8), pen, 128, 128).any()


def test_specks_go_and_dots_stay() -> None:
    picture = np.full((128, 256), 255, np.uint8)
    picture[20, 20] = 0
    picture[60:64, 60:64] = 0
    made = clean_ink(picture, Pen(4.0, 8.0, (0, 0, 0), 255), 1024, 512)[..., 3]
    assert not made[40:140, 40:140].any()
    assert made[240:256, 240:256].any()


def test_the_same_picture_gives_the_same_ink() -> None:
    picture, pen, _ = _seen(_drawing(3.0))
    first = clean_ink(picture, pen, WIDTH, HEIGHT)
    assert np.array_equal(first, clean_ink(picture.copy(), pen, WIDTH, HEIGHT))
