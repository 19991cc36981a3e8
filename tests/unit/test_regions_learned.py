"""The learned matcher: comes with the program, finds what moved, says what is wrong with its files."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from support.drawn_shots import all_targets, draw, figure, shot_from
from support.identity_shots import drawn, features_of

from keycel_backend.engines.base import Request
from keycel_backend.engines.flat import engine as flat
from keycel_backend.engines.flat.engine import FlatEngine
from keycel_backend.regions.features import RegionFeatures
from keycel_backend.regions.learned import WEIGHTS, LearnedMatcher
from keycel_backend.regions.matching import CANDIDATES, Match, match
from keycel_shared.errors import ErrorCode, KeycelError


@pytest.fixture(scope="module")
def moved() -> tuple[RegionFeatures, RegionFeatures]:
    return features_of(drawn((9, 2))[0]), features_of(drawn((0, 0))[0])


@pytest.fixture(scope="module")
def found(moved: tuple[RegionFeatures, RegionFeatures]) -> Match:
    return LearnedMatcher()(*moved)


def test_the_networks_of_the_program_find_moved_regions(
    found: Match, moved: tuple[RegionFeatures, RegionFeatures]
) -> None:
    target, source = moved
    assert found.source.shape == (target.count, CANDIDATES)
    assert found.belief.shape == (target.count, CANDIDATES + 1)
    np.testing.assert_allclose(found.belief.sum(axis=1), 1.0, atol=1e-4)
    best = np.take_along_axis(found.source, found.belief[:, :-1].argmax(axis=1)[:, None], axis=1)[:, 0]
    step = target.centroid - source.centroid[best]
    inner = ~target.border
    np.testing.assert_allclose(np.median(step[inner], axis=0), (9, 2), atol=1.5)


def test_the_same_pair_has_the_same_answer_every_time(
    found: Match, moved: tuple[RegionFeatures, RegionFeatures]
) -> None:
    matcher = LearnedMatcher()
    for _ in range(2):  # the second time from descriptions that were kept
        again = matcher(*moved)
        np.testing.assert_array_equal(again.source, found.source)
        np.testing.assert_array_equal(again.belief, found.belief)


def test_a_drawing_of_one_region_is_left_to_the_hand_made_matcher(
    moved: tuple[RegionFeatures, RegionFeatures],
) -> None:
    empty = features_of(np.full((240, 320, 4), 255, np.uint8))
    assert empty.count == 1
    np.testing.assert_array_equal(LearnedMatcher()(empty, moved[1]).belief, match(empty, moved[1]).belief)


def test_the_engine_uses_it_unless_given_another(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    class Watched(LearnedMatcher):
        def __call__(self, target: RegionFeatures, source: RegionFeatures) -> Match:
            asked.append(target.count)
            return super().__call__(target, source)

    monkeypatch.setattr(flat, "LearnedMatcher", Watched)
    pictures = [draw(figure(0.0, (4.0 * index, 0.0))) for index in range(2)]
    shot = shot_from([lines for lines, _ in pictures], {0: pictures[0][1]})
    request = Request(shot, all_targets(shot))
    list(FlatEngine().run(request, lambda _share, _doing: None, lambda: False))
    assert len(asked) == 1
    list(FlatEngine(match).run(request, lambda _share, _doing: None, lambda: False))
    assert len(asked) == 1


@pytest.mark.parametrize("damage", ["missing", "cut short"])
def test_missing_and_damaged_networks_are_told_plainly(damage: str, tmp_path: Path) -> None:
    for name in ("describer.onnx", "judge.onnx"):
        shutil.copy(WEIGHTS / name, tmp_path)
    judge = tmp_path / "judge.onnx"
    if damage == "missing":
        judge.unlink()
    else:
        judge.write_bytes(judge.read_bytes()[:1000])
    with pytest.raises(KeycelError) as caught:
        LearnedMatcher(tmp_path)
    assert caught.value.value.code is ErrorCode.REG_NO_MODEL
    assert "judge.onnx" in caught.value.value.detail


def test_the_networks_are_small_and_described() -> None:
    assert sum(path.stat().st_size for path in WEIGHTS.iterdir()) < 60_000_000
    card = (WEIGHTS / "README.md").read_text("utf-8")
    for needed in ("Command", "Data", "updates", "minutes", "seed", "hand-made matcher", "curve.png"):
        assert needed in card
    assert (WEIGHTS / "curve.png").exists()
