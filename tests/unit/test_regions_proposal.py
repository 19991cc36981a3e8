"""The region stage on made-up proposals: noise, gradients, blur along lines, foreign colours."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from support.drawn_shots import BODY, BUTTON, FIGURE_COLORS, HEAD, SHOE, Shape, box, draw, ellipse, figure

from keycel_backend.regions.arrays import Bytes, Pixels
from keycel_backend.regions.compositing import flatten
from keycel_backend.regions.confidence import UNSURE
from keycel_backend.regions.lines import read_line_art
from keycel_backend.regions.palette import Palette
from keycel_backend.regions.proposal import Votes, count_votes, own_shading
from keycel_backend.regions.segmentation import Segmentation, segment

PALETTE = Palette(((0, 0, 0, 0), *((*color, 255) for color in FIGURE_COLORS)))
WHITE = (255, 255, 255)
BLUR = 5.0


def _drawn(shapes: list[Shape]) -> tuple[Segmentation, Pixels, Bytes]:
    """Regions, true flats, and the finished picture with its lines."""
    line, flats = draw(shapes)
    return segment(read_line_art(line).ink, 3.0), flats, flatten(flats, line)[..., :3]


def _votes(proposal: Bytes, segmentation: Segmentation, palette: Palette = PALETTE) -> Votes:
    return count_votes(proposal, segmentation, palette, BLUR, WHITE)


def _true_entries(segmentation: Segmentation, flats: Pixels) -> list[int]:
    entries = []
    for region in range(1, segmentation.count + 1):
        colors, counts = np.unique(flats[segmentation.labels == region], axis=0, return_counts=True)
        color = tuple(int(value) for value in colors[counts.argmax()])
        entries.append(PALETTE.colors.index((color[0], color[1], color[2], color[3])))
    return entries


def _noisy(picture: Bytes, strength: float) -> Bytes:
    noise = np.random.default_rng(1).normal(0.0, strength, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def _small_and_back(picture: Bytes) -> Bytes:
    """As if the engine worked at a third of the size."""
    height, width = picture.shape[:2]
    small = cv2.resize(picture, (width // 3, height // 3), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.uint8)


def _shaded(picture: Bytes) -> Bytes:
    """Darker towards the bottom, by a quarter."""
    share = np.linspace(1.0, 0.75, picture.shape[0])[:, None, None]
    return (picture * share).astype(np.uint8)


def _tinted(picture: Bytes) -> Bytes:
    return np.clip(picture.astype(np.int32) + np.array([8, -6, 4]), 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    "spoil", [lambda picture: picture, lambda picture: _noisy(picture, 25.0), _small_and_back, _tinted]
)
def test_spoilt_pictures_are_still_understood(spoil: object) -> None:
    assert callable(spoil)
    segmentation, flats, picture = _drawn(figure())
    votes = _votes(spoil(picture), segmentation)
    assert votes.entries.tolist() == _true_entries(segmentation, flats)
    assert (votes.confidence >= UNSURE).all()


def test_a_gradient_is_understood_as_its_main_color() -> None:
    segmentation, flats, picture = _drawn(figure())
    votes = _votes(_shaded(picture), segmentation)
    assert votes.entries.tolist() == _true_entries(segmentation, flats)


def test_shading_lowers_confidence() -> None:
    segmentation, _, picture = _drawn(figure())
    clean, shaded = (_votes(one, segmentation) for one in (picture, _shaded(picture)))
    assert (shaded.confidence <= clean.confidence + 1e-6).all()
    assert shaded.confidence.mean() < clean.confidence.mean()


def test_a_foreign_color_is_unsure() -> None:
    segmentation, _, picture = _drawn(figure())
    foreign = picture.copy()
    body = (picture == BODY).all(axis=2)
    foreign[body] = (30, 230, 60)
    votes = _votes(foreign, segmentation)
    region = int(segmentation.labels[180, 150]) - 1
    assert votes.confidence[region] < UNSURE
    assert "far from every palette colour" in votes.reasons[region]
    head = int(segmentation.labels[70, 160]) - 1
    assert votes.confidence[head] >= UNSURE


def test_a_color_between_two_is_unsure() -> None:
    shades = Palette(((0, 0, 0, 0), (100, 100, 100, 255), (120, 120, 120, 255)))
    segmentation, _, picture = _drawn([Shape(ellipse(160, 120, 60, 60), (110, 110, 110))])
    votes = _votes(picture, segmentation, shades)
    region = int(segmentation.labels[120, 160]) - 1
    assert votes.confidence[region] < UNSURE
    assert "about as near" in votes.reasons[region]


def test_two_colors_in_one_region_are_unsure_but_the_larger_wins() -> None:
    segmentation, _, picture = _drawn([Shape(box(60, 60, 260, 180), HEAD)])
    split = picture.copy()
    split[:, 60:170][(picture == HEAD).all(axis=2)[:, 60:170]] = BODY
    votes = _votes(split, segmentation)
    region = int(segmentation.labels[120, 160]) - 1
    assert PALETTE.colors[votes.entries[region]][:3] == BODY
    assert votes.confidence[region] < UNSURE


def test_what_is_too_small_to_be_seen_follows_its_neighbours() -> None:
    shapes = [Shape(box(60, 60, 260, 180), BODY), Shape(ellipse(160, 120, 4.5, 4.5), BODY)]
    segmentation, _, picture = _drawn(shapes)
    region = int(segmentation.labels[120, 160]) - 1
    assert (segmentation.labels == region + 1).sum() < 40
    spoilt = picture.copy()
    mixed = (np.array(BODY) * 0.5 + np.array(SHOE) * 0.5).astype(np.uint8)
    spoilt[segmentation.labels == region + 1] = mixed
    votes = _votes(spoilt, segmentation)
    assert PALETTE.colors[votes.entries[region]][:3] == BODY
    assert votes.confidence[region] < 0.75


def test_ground_at_the_border_stays_unpainted_and_white_inside_is_paint() -> None:
    palette = Palette((*PALETTE.colors, (250, 250, 250, 255)))
    segmentation, _, picture = _drawn([*figure(), Shape(ellipse(145, 60, 6, 6), (250, 250, 250))])
    votes = _votes(picture, segmentation, palette)
    assert votes.entries[segmentation.labels[2, 2] - 1] == 0
    assert palette.colors[votes.entries[segmentation.labels[60, 145] - 1]][:3] == (250, 250, 250)


def test_where_nothing_may_stay_unpainted_nothing_does() -> None:
    segmentation, _, picture = _drawn(figure())
    votes = count_votes(picture, segmentation, PALETTE, BLUR, None)
    assert (votes.entries > 0).all()


def test_own_shading_keeps_gradients_and_loses_lines() -> None:
    segmentation, flats, picture = _drawn(figure())
    shaded = _shaded(picture)
    soft = own_shading(shaded, segmentation, _votes(shaded, segmentation), BLUR)
    inside = (picture == BODY).all(axis=2) & (segmentation.labels == segmentation.labels[180, 150])
    truth = _shaded(flats[..., :3])
    assert np.abs(soft[inside].astype(int) - truth[inside]).max() <= 12
    assert soft[180, 150].tolist() == truth[180, 150].tolist()
    line = flatten(flats, draw(figure())[0])[..., :3].max(axis=2) < 40
    assert soft[line].max(axis=1).min() > 40, "no black is left where lines were"


def test_the_same_picture_gives_the_same_votes() -> None:
    segmentation, _, picture = _drawn(figure())
    noisy = _noisy(picture, 30.0)
    first, second = _votes(noisy, segmentation), _votes(noisy, segmentation)
    assert np.array_equal(first.confidence, second.confidence)
    assert np.array_equal(first.entries, second.entries)


def test_buttons_keep_their_color_beside_a_larger_neighbour() -> None:
    segmentation, _, picture = _drawn(figure())
    votes = _votes(_small_and_back(picture), segmentation)
    assert PALETTE.colors[votes.entries[segmentation.labels[130, 160] - 1]][:3] == BUTTON
