"""Suggestions with flickers, beside the drawings before and after."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.drawn_shots import FIGURE_COLORS, draw, figure

from keycel_backend.regions.arrays import Bytes, Mask
from keycel_backend.regions.compositing import flatten
from keycel_backend.regions.confidence import UNSURE
from keycel_backend.regions.features import RegionFeatures, measure
from keycel_backend.regions.flicker import FLICKER, Neighbour, steadied
from keycel_backend.regions.lines import read_line_art
from keycel_backend.regions.matching import CANDIDATES, Match, match
from keycel_backend.regions.palette import Palette
from keycel_backend.regions.proposal import Votes, count_votes
from keycel_backend.regions.segmentation import segment

PALETTE = Palette(((0, 0, 0, 0), *((*color, 255) for color in FIGURE_COLORS)))


def _seen(moved: float, recolored: int | None = None) -> tuple[RegionFeatures, Votes]:
    """A moved drawing with a clean suggestion for it; one region may have another palette colour."""
    line, flats = draw(figure(moved=(moved, 0.0)))
    art = read_line_art(line)
    segmentation = segment(art.ink, 3.0)
    suggestion: Bytes = flatten(flats, line)[..., :3].copy()
    if recolored is not None:
        inside = segmentation.labels == recolored
        suggestion[segmentation.filled == recolored] = next(
            color for color in FIGURE_COLORS if _differs(suggestion, inside, color)
        )
    return measure(art.ink, segmentation), count_votes(
        suggestion, segmentation, PALETTE, 5.0, (255, 255, 255)
    )


def _differs(picture: Bytes, where: Mask, color: tuple[int, int, int]) -> bool:
    return bool(np.abs(np.median(picture[where], axis=0) - color).max() > 60)


def _beside(target: RegionFeatures, seen: tuple[RegionFeatures, Votes]) -> Neighbour:
    features, votes = seen
    return Neighbour(match(target, features), votes.entries, votes.confidence)


@pytest.fixture(scope="module")
def neighbours() -> list[tuple[RegionFeatures, Votes]]:
    return [_seen(0.0), _seen(8.0)]


def _largest_inner(votes: Votes, features: RegionFeatures) -> list[int]:
    """Regions (from 1) that are painted, large ones first."""
    rows = np.argsort(-features.area, kind="stable")
    return [int(row) + 1 for row in rows if votes.entries[row] != 0]


def test_a_colour_of_one_drawing_gives_way_to_that_of_both_neighbours(
    neighbours: list[tuple[RegionFeatures, Votes]],
) -> None:
    features, right = _seen(4.0)
    flickers = _largest_inner(right, features)[:3]
    for region in flickers:
        target, votes = _seen(4.0, recolored=region)
        assert votes.entries[region - 1] != right.entries[region - 1]
        steady = steadied(
            replace(votes, confidence=votes.confidence * 0.5), [_beside(target, one) for one in neighbours]
        )
        assert steady.entries.tolist() == right.entries.tolist()
        assert steady.confidence[region - 1] >= UNSURE
        assert steady.reasons[region - 1] == FLICKER


def test_without_flicker_nothing_changes(neighbours: list[tuple[RegionFeatures, Votes]]) -> None:
    target, votes = _seen(4.0)
    steady = steadied(votes, [_beside(target, one) for one in neighbours])
    assert steady.entries.tolist() == votes.entries.tolist()
    assert steady.confidence.tolist() == votes.confidence.tolist()
    assert steady.reasons == votes.reasons


def test_a_colour_that_stays_is_no_flicker(neighbours: list[tuple[RegionFeatures, Votes]]) -> None:
    """The drawing after has it as well, or there is none."""
    features, right = _seen(4.0)
    region = _largest_inner(right, features)[0]
    target, votes = _seen(4.0, recolored=region)
    before = _beside(target, neighbours[0])
    for after in ([_beside(target, (target, votes))], []):
        steady = steadied(votes, [before, *after])
        assert steady.entries[region - 1] == votes.entries[region - 1]
        assert steady.confidence[region - 1] == votes.confidence[region - 1]


def _one_region(entry: int, confidence: float, belief: float) -> Neighbour:
    shares = np.zeros((1, CANDIDATES + 1), np.float32)
    shares[0, 0], shares[0, -1] = belief, 1.0 - belief
    found = Match(np.zeros((1, CANDIDATES), np.int64), shares)
    return Neighbour(found, np.array([entry]), np.array([confidence], np.float32))


@pytest.mark.parametrize(
    ("neighbour", "belief", "entry", "confidence"),
    [
        (0.9, 1.0, 2, 0.9),  # surer than the region itself: theirs
        (0.6, 1.0, 1, 0.4),  # less sure: its own, but marked
        (0.9, 0.3, 1, 0.8),  # not found again: its own
    ],
)
def test_the_surer_side_wins(neighbour: float, belief: float, entry: int, confidence: float) -> None:
    votes = Votes(np.array([1]), np.array([0.8], np.float32), ("",), np.zeros((1, 3), np.uint8))
    steady = steadied(votes, [_one_region(2, neighbour, belief)] * 2)
    assert steady.entries.tolist() == [entry]
    assert steady.confidence[0] == pytest.approx(confidence)
    assert steady.reasons == ((FLICKER,) if belief == 1.0 else ("",))
