from __future__ import annotations

import numpy as np
import pytest
from support.drawn_shots import BODY, FIGURE_COLORS, HEAD, draw, figure

from keycel_backend.regions.compositing import flatten
from keycel_backend.regions.lines import read_line_art
from keycel_backend.regions.painting import own_flats, read_painting
from keycel_backend.regions.palette import Palette, color_codes, flat_colors, palette_from, pixels_of
from keycel_backend.regions.segmentation import segment


def test_colors_survive_the_way_through_codes() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (7, 9, 4), np.uint8)
    picture[..., 3] = 255
    assert np.array_equal(pixels_of(color_codes(picture)), picture)


@pytest.mark.parametrize("ground", ["transparent", "white"])
@pytest.mark.parametrize("lines", [False, True])
def test_the_palette_of_a_keyframe_holds_its_paints_and_no_blends(ground: str, lines: bool) -> None:
    line, flats = draw(figure())
    keyframe = flats
    if ground == "white":
        keyframe = flatten(flats, line if lines else np.zeros_like(line))
    elif lines:
        keyframe = flatten(flats, line)
        keyframe[..., 3] = np.maximum(flats[..., 3], line[..., 3])
    painting = read_painting(keyframe, read_line_art(line))
    found = palette_from([flat_colors(painting.codes, painting.clean)])
    assert painting.lines_in is lines
    assert set(found.colors) == {(0, 0, 0, 0), *((*color, 255) for color in FIGURE_COLORS)}


@pytest.mark.parametrize("ground", ["transparent", "white"])
def test_flats_without_lines_come_back_bit_for_bit(ground: str) -> None:
    line, flats = draw(figure())
    keyframe = flats if ground == "transparent" else flatten(flats, np.zeros_like(line))
    art = read_line_art(line)
    painting = read_painting(keyframe, art)
    palette = palette_from([flat_colors(painting.codes, painting.clean)])
    assert np.array_equal(pixels_of(own_flats(painting, segment(art.ink, 3), palette)), flats)


def test_composited_lines_are_taken_out_of_a_keyframe() -> None:
    line, flats = draw(figure(), on_paper=True)
    art = read_line_art(line)
    keyframe = flatten(flats, line)
    painting = read_painting(keyframe, art)
    palette = palette_from([flat_colors(painting.codes, painting.clean)])
    own = pixels_of(own_flats(painting, segment(art.ink, 3), palette))
    assert set(map(tuple, own.reshape(-1, 4).tolist())) == set(palette.colors)
    assert np.array_equal(flatten(own, line), keyframe)


def test_a_ground_painted_in_a_color_is_paint_and_white_is_paper() -> None:
    line, flats = draw(figure(), on_paper=True)
    art = read_line_art(line)
    blue = flatten(flats, np.zeros_like(line), paper=(120, 180, 250))
    assert read_painting(blue, art).paper == 0
    assert read_painting(flatten(flats, np.zeros_like(line)), art).paper != 0


def test_other_colors_snap_to_the_nearest_legal_one() -> None:
    palette = palette_from([], legal=[(*HEAD, 255), (*BODY, 255)])
    near = np.array([[[BODY[0] + 4, BODY[1], BODY[2] - 3, 255], [0, 0, 0, 0]]], np.uint8)
    assert palette.entries_of(color_codes(near)).tolist() == [[2, 0]]


def test_an_empty_palette_leaves_everything_unpainted() -> None:
    assert Palette(((0, 0, 0, 0),)).entries_of(np.array([[5]], np.uint32)).tolist() == [[0]]


def test_flatten_hides_trace_lines_unless_told_otherwise() -> None:
    line, flats = draw(figure(), on_paper=True)
    line[150:152, 130:190, :3] = (0, 0, 255)
    hidden, shown = flatten(flats, line), flatten(flats, line, show_trace_lines=True)
    assert (hidden[150:152, 135:150, :3] == BODY).all()
    assert (shown[150:152, 135:150, :3] != BODY).any()
    assert (hidden[..., 3] == 255).all()
