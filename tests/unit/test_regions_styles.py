"""One figure drawn in many ways and at many sizes: always the same regions, none lost, none leaking."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from support.drawn_shots import BODY, BUTTON, HEAD, Shape, as_lines, draw, ellipse, figure

from keycel_backend.regions.arrays import Pixels
from keycel_backend.regions.lines import read_line_art
from keycel_backend.regions.segmentation import Segmentation, automatic_gap, segment

HEIGHTS = (256, 480, 1080)
REGIONS = 7
"""Ground, head, body, two buttons, two shoes."""
BLUE = (0, 60, 255)


def scaled(shapes: list[Shape], scale: float) -> list[Shape]:
    return [Shape(shape.outline * scale, shape.color) for shape in shapes]


def drawn(height: int, shapes: list[Shape] | None = None, thickness: float = 2.0) -> tuple[Pixels, Pixels]:
    scale = height / 240
    return draw(
        scaled(shapes or figure(), scale), round(320 * scale), height, max(1, round(thickness * scale))
    )


def split(line: Pixels) -> Segmentation:
    art = read_line_art(line)
    return segment(art.ink, automatic_gap(line.shape[1], line.shape[0], art.line_width))


def pure(found: Segmentation, line: Pixels, flats: Pixels) -> float:
    """Share of the figure's pixels off the lines that have the colour most frequent in their region."""
    codes = flats.astype(np.int64) @ np.array([1, 1 << 8, 1 << 16, 0])
    seen = (line[..., 3] < 12) if line[..., 3].min() < 12 else (line[..., :3].min(axis=2) > 243)
    seen &= flats[..., 3] > 0
    right = 0
    for region in range(1, found.count + 1):
        inside = codes[seen & (found.filled == region)]
        right += int(np.unique(inside, return_counts=True)[1].max()) if len(inside) else 0
    return right / int(seen.sum())


def textured(line: Pixels) -> Pixels:
    """Pencil: the grain of the paper shows through the line."""
    grain = np.random.default_rng(5).random(line.shape[:2], np.float32)
    out = line.copy()
    out[..., 3] = (line[..., 3] * (0.35 + 0.65 * cv2.GaussianBlur(grain, (0, 0), 0.7))).astype(np.uint8)
    return out


def faint(line: Pixels) -> Pixels:
    return as_lines((line[..., 3] * 0.3).astype(np.uint8))


def hard(line: Pixels) -> Pixels:
    return as_lines(np.where(line[..., 3] >= 128, 255, 0).astype(np.uint8))


def soft(line: Pixels) -> Pixels:
    return as_lines(np.asarray(cv2.GaussianBlur(line[..., 3], (0, 0), 0.004 * line.shape[0]), np.uint8))


def interrupted(line: Pixels) -> Pixels:
    """Five gaps of a fortieth of the height."""
    out, scale = line.copy(), line.shape[0] / 240
    for x, y in ((160, 32), (126, 70), (195, 150), (125, 160), (120, 212)):
        cv2.circle(out, (round(x * scale), round(y * scale)), max(1, round(3 * scale)), (0, 0, 0, 0), -1)
    return out


def on_paper(line: Pixels) -> Pixels:
    return as_lines(np.ascontiguousarray(line[..., 3]), on_paper=True)


def unchanged(line: Pixels) -> Pixels:
    return line


@pytest.mark.parametrize("height", HEIGHTS)
@pytest.mark.parametrize("style", [unchanged, textured, faint, hard, soft, interrupted, on_paper])
def test_every_way_of_drawing_gives_the_same_regions(style: Callable[[Pixels], Pixels], height: int) -> None:
    line, flats = drawn(height)
    found = split(style(line))
    assert found.count == REGIONS
    assert pure(found, line, flats) > 0.99


@pytest.mark.parametrize("height", HEIGHTS)
def test_coloured_separation_lines_part_like_others_and_are_known(height: int) -> None:
    scale = height / 240
    shadow = ellipse(160, 72, 18, 12)
    line, flats = drawn(height, [*figure(), Shape(shadow, (200, 160, 140))])
    outline = [np.round(shadow * scale * 8).astype(np.int32)]
    traced = np.zeros(line.shape[:2], np.uint8)
    cv2.polylines(traced, outline, True, 255, max(2, round(3 * scale)), cv2.LINE_AA, 3)
    line[traced > 128, :3] = BLUE
    found, art = split(line), read_line_art(line)
    assert found.count == REGIONS + 1
    assert pure(found, line, flats) > 0.99
    assert art.trace[(traced > 128) & (line[..., 3] > 200)].mean() > 0.95
    assert not art.trace[traced == 0].any()


@pytest.mark.parametrize("height", HEIGHTS)
def test_solid_black_is_ink_and_joins_nothing_across_it(height: int) -> None:
    """Two buttons are inked solid; their colour is never seen, and what lies around them stays whole."""
    line, flats = drawn(height)
    for at in (130, 165):
        button = np.round(ellipse(160, at, 7, 7) * height / 240).astype(np.int32)
        cv2.fillPoly(line, [button], (0, 0, 0, 255))
    found = split(line)
    assert found.count == REGIONS - 2
    assert pure(found, line, flats) > 0.99
    assert not np.isin(found.labels[read_line_art(line).ink], range(1, REGIONS)).any()


@pytest.mark.parametrize("height", HEIGHTS)
def test_regions_of_few_pixels_are_kept(height: int) -> None:
    """A highlight in an eye: some ten pixels at 256."""
    eye, light = ellipse(150, 65, 9, 11), ellipse(150, 63, 3.2, 3.2)
    line, flats = drawn(height, [*figure(), Shape(eye, BUTTON), Shape(light, (255, 255, 255))], 1.0)
    found = split(line)
    assert found.count == REGIONS + 2
    scale = height / 240
    labels = [int(found.filled[round(y * scale), round(150 * scale)]) for y in (63, 71, 40)]
    assert len(set(labels)) == 3
    assert pure(found, line, flats) > 0.99


def test_what_is_drawn_open_is_not_cut_up() -> None:
    """Wrinkles and strands: strokes that end in the middle of a region."""
    line, flats = drawn(480)
    for x in (135, 150, 170, 185):
        cv2.line(line, (2 * x, 2 * 180), (2 * x + 6, 2 * 150), (0, 0, 0, 255), 3, cv2.LINE_AA)
    found = split(line)
    assert found.count == REGIONS
    assert pure(found, line, flats) > 0.99
    colors = {(*HEAD, 255), (*BODY, 255)}
    assert colors <= {tuple(color) for color in np.unique(flats.reshape(-1, 4), axis=0).tolist()}
