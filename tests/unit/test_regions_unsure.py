"""Which regions the artist is asked to look at, and what is one question over several drawings."""

from __future__ import annotations

import numpy as np
import pytest
from support.drawn_shots import Shape, box, colored, draw, figure, shot_from

from keycel_backend.engines.base import Request
from keycel_backend.regions.confidence import unsure
from keycel_backend.regions.features import RegionFeatures, measure
from keycel_backend.regions.lines import read_line_art
from keycel_backend.regions.matching import CANDIDATES, Match
from keycel_backend.regions.segmentation import segment
from keycel_backend.regions.tracks import first_tracks, followed

CANVAS = 1_000_000


@pytest.mark.parametrize(
    ("sure", "area", "shown"),
    [
        (0.85, 100_000, False),
        (0.80, 100_000, True),
        (0.55, 1_000, False),
        (0.45, 1_000, True),
        (0.30, 200, False),
        (0.20, 200, True),
        (0.0, 60, False),
    ],
)
def test_the_larger_a_region_the_surer_it_has_to_be(sure: float, area: int, shown: bool) -> None:
    assert unsure(np.array([sure], np.float32), np.array([area]), CANVAS).tolist() == [shown]


def features(left: float) -> RegionFeatures:
    line, _ = draw(
        [Shape(box(left, 60, left + 60, 120), (200, 0, 0)), Shape(box(200, 60, 260, 120), (0, 0, 200))]
    )
    ink = read_line_art(line).ink
    return measure(ink, segment(ink, 4.0))


def found(*matches: tuple[int, float]) -> Match:
    source = np.zeros((len(matches), CANDIDATES), np.int64)
    belief = np.zeros((len(matches), CANDIDATES + 1), np.float32)
    for row, (to, share) in enumerate(matches):
        source[row, 0], belief[row, 0], belief[row, -1] = to, share, 1.0 - share
    return Match(source, belief)


def test_a_track_goes_on_where_the_match_is_likely_and_begins_anew_elsewhere() -> None:
    before, after = features(40.0), features(50.0)
    tracks = first_tracks(before)
    assert len(set(tracks)) == before.count == 3
    later = followed(tracks, found((0, 0.9), (2, 0.6), (1, 0.4)), after)
    assert later[:2] == [tracks[0], tracks[2]]
    assert later[2] == first_tracks(after)[2]
    assert later[2] not in tracks


def test_the_same_unknown_thing_in_several_drawings_is_one_track() -> None:
    walk = [figure(moved=(-70 + 4.0 * step, 0)) for step in range(4)]
    lines = [draw(walk[0])[0]]
    lines += [draw([*shapes, Shape(box(200, 40, 290, 180), (1, 2, 3))])[0] for shapes in walk[1:]]
    results = colored(Request(shot_from(lines, {0: draw(walk[0])[1]}), (1, 2, 3)))
    tracks = {
        time: {
            region.track
            for region in result.regions
            if region.reason and region.box[0] > 190 and region.area > 1000
        }
        for time, result in results.items()
    }
    assert tracks[1]
    assert tracks[1] == tracks[2] == tracks[3]
