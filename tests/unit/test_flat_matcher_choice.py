"""The flat engine asks whatever matcher it is given, and only that one."""

from __future__ import annotations

import numpy as np
from support.drawn_shots import all_targets, draw, figure, shot_from

from keycel_backend.engines.base import Request, Shot
from keycel_backend.engines.flat.engine import FlatEngine
from keycel_backend.regions.features import RegionFeatures
from keycel_backend.regions.matching import Match, Matcher, match


def shot() -> Shot:
    pictures = [draw(figure(0.0, (4.0 * index, 0.0))) for index in range(4)]
    painted = {0: pictures[0][1], 3: pictures[3][1]}
    return shot_from([lines for lines, _ in pictures], painted)


def confidences(matcher: Matcher) -> dict[int, list[float]]:
    engine = FlatEngine(matcher)
    engine.load("cpu", "float32")
    request = Request(shot(), all_targets(shot()))
    return {
        result.time: [region.confidence for region in result.regions]
        for result in engine.run(request, lambda _share, _doing: None, lambda: False)
    }


def test_a_matcher_that_only_passes_on_gives_the_same_answers() -> None:
    asked: list[tuple[int, int]] = []

    def passing_on(target: RegionFeatures, source: RegionFeatures) -> Match:
        asked.append((target.count, source.count))
        return match(target, source)

    assert confidences(passing_on) == confidences(match)
    assert len(asked) == 5  # both drawings the ones before them and the end; the second also the start


def test_a_matcher_that_knows_nothing_leaves_every_in_between_unsure() -> None:
    def ignorant(target: RegionFeatures, source: RegionFeatures) -> Match:
        found = match(target, source)
        belief = np.zeros_like(found.belief)
        belief[:, -1] = 1.0
        return Match(found.source, belief)

    found = confidences(ignorant)
    assert max(found[1] + found[2]) < 0.5
    assert min(found[0] + found[3]) == 1.0
