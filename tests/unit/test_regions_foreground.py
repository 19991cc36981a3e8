"""Foreground of drawings, masks and painted pictures, and palettes of pictures that are no keyframes."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from support.drawn_shots import BODY, draw, figure

from keycel_backend.io.reference_picture import as_reference, load_image
from keycel_backend.regions.arrays import Pixels
from keycel_backend.regions.foreground import drawn_foreground, marked, pictured_foreground
from keycel_backend.regions.lines import read_line_art
from keycel_backend.regions.reference_palette import reference_palette
from keycel_backend.regions.segmentation import segment
from keycel_shared.errors import ErrorCode, KeycelError


def test_what_lies_around_a_figure_is_background() -> None:
    lines, flats = draw(figure())
    foreground = drawn_foreground(segment(read_line_art(lines).ink, 4.0))
    wrong = (foreground != (flats[..., 3] > 0)) & (lines[..., 3] == 0)
    assert wrong.mean() < 0.01


def test_a_figure_cropped_by_the_lower_edge_stays_foreground() -> None:
    lines, flats = draw(figure(moved=(0.0, 60.0)))
    foreground = drawn_foreground(segment(read_line_art(lines).ink, 4.0))
    body = (flats[..., :3] == BODY).all(axis=2) & (flats[..., 3] > 0)
    assert body[-1].any(), "the shape runs out of the picture"
    assert foreground[body].mean() > 0.99
    assert not foreground[0].any()


def test_a_drawing_without_an_inside_is_all_foreground() -> None:
    ink = np.zeros((60, 80), np.bool_)
    ink[30] = True
    assert drawn_foreground(segment(ink, 2.0))[40:].all()
    assert drawn_foreground(segment(np.zeros((60, 80), np.bool_), 2.0)).all()


def _picture(*shape: int, color: tuple[int, int, int] = (255, 255, 255), alpha: int = 255) -> Pixels:
    picture = np.zeros((*shape, 4), np.uint8)
    picture[..., :3], picture[..., 3] = color, alpha
    return picture


def test_masks_are_strokes_or_white() -> None:
    strokes = _picture(10, 10, color=(0, 0, 0), alpha=0)
    strokes[2:4, 2:4] = (10, 10, 10, 255)
    white = _picture(10, 10, color=(0, 0, 0))
    white[2:4, 2:4] = 255
    for mask in (strokes, white):
        assert np.argwhere(marked(mask)).tolist() == [[2, 2], [2, 3], [3, 2], [3, 3]]


def test_foreground_of_a_painted_picture() -> None:
    _, flats = draw(figure())
    cut_out = pictured_foreground(flats)
    assert cut_out is not None
    assert np.array_equal(cut_out, flats[..., 3] > 0)
    on_paper = flats.copy()
    on_paper[flats[..., 3] == 0] = (250, 250, 240, 255)
    plain = pictured_foreground(on_paper)
    assert plain is not None
    assert np.array_equal(plain, cut_out)
    noise = np.random.default_rng(0).integers(0, 256, (40, 50, 4), np.uint8)
    noise[..., 3] = 255
    assert pictured_foreground(noise) is None, "nothing tells its background"
    assert pictured_foreground(_picture(5, 5)) is None


def test_flat_colors_stay_exact_and_others_are_quantised() -> None:
    _, flats = draw(figure())
    painted = {tuple(color) for color in np.unique(flats[flats[..., 3] > 0], axis=0).tolist()}
    palette = reference_palette(flats, 24)
    assert set(palette.colors[1:]) == painted
    assert len(reference_palette(flats, 2)) == 3, "no more than asked for"
    gradient = _picture(64, 64)
    gradient[..., 0] = np.linspace(0, 255, 64, dtype=np.uint8)
    gradient[:3, :3, :3] = (0, 255, 0)  # a small bright patch
    palette = reference_palette(gradient, 6)
    occurring = {tuple(color) for color in np.unique(gradient.reshape(-1, 4), axis=0).tolist()}
    assert 3 <= len(palette) <= 7
    assert set(palette.colors[1:]) <= occurring
    assert (0, 255, 0, 255) in palette.colors
    assert palette == reference_palette(gradient, 6)
    assert len(reference_palette(_picture(4, 4, alpha=0), 6)) == 1


def test_references_are_brought_to_the_canvas_with_exact_colors() -> None:
    _, flats = draw(figure())
    flats[0, 0] = (9, 9, 9, 20)
    carried = as_reference(flats, None, 500, 200)
    assert carried.shape == (200, 500, 4)
    assert not carried[carried[..., 3] == 0].any(), "nothing where nothing is"
    assert set(map(tuple, carried.reshape(-1, 4).tolist())) <= set(map(tuple, flats.reshape(-1, 4).tolist()))
    night = _picture(20, 20, color=(0, 0, 0))
    mask = _picture(10, 10, color=(0, 0, 0))
    mask[5:] = 255
    carried = as_reference(night, mask, 20, 20)
    assert (carried[:10, :, 3] == 0).all()
    assert carried[:10, :, :3].any(axis=2).all(), "black behind a mask is a colour"
    assert (carried[10:, :, 3] == 255).all()


@pytest.mark.parametrize("suffix", ["jpg", "webp", "bmp", "png"])
def test_references_of_many_kinds(tmp_path_factory: pytest.TempPathFactory, suffix: str) -> None:
    path = tmp_path_factory.mktemp("kinds") / f"image.{suffix}"
    Image.new("RGB", (7, 5), (200, 30, 40)).save(path)
    picture = load_image(path)
    assert picture.shape == (5, 7, 4)
    assert np.abs(picture[..., :3].astype(int) - (200, 30, 40)).max() < 12
    path.write_bytes(path.read_bytes()[:40])
    for wrong in (path, path.with_name("missing.jpg")):
        with pytest.raises(KeycelError) as caught:
            load_image(wrong)
        assert caught.value.value.code is ErrorCode.DOC_UNREADABLE_PICTURE
