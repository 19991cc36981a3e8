"""What a frame has to wait for: not the whole stretch, and not twice for the same sweep."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from support.drawn_shots import all_targets, draw, figure, shot_from

from keycel_backend.engines.base import FrameResult, Keyframe, Request, Shot
from keycel_backend.engines.flat.engine import FlatEngine
from keycel_backend.engines.flat.recent import RecentSweeps
from keycel_backend.regions.arrays import Pixels


def walk(count: int) -> tuple[Shot, list[Pixels]]:
    """A figure that moves to the right; first and last drawing painted."""
    pairs = [draw(figure(moved=(3.0 * number, 0.0))) for number in range(count)]
    last = count - 1
    return shot_from([line for line, _ in pairs], {0: pairs[0][1], last: pairs[last][1]}), [
        flats for _, flats in pairs
    ]


def watched(shot: Shot, loaded: list[str]) -> Shot:
    """The same shot; `loaded` hears which drawings are read."""

    def load(digest: str) -> Pixels:
        loaded.append(digest)
        return shot.load(digest)

    return replace(shot, load=load)


def run(engine: FlatEngine, request: Request) -> dict[int, FrameResult]:
    return {result.time: result for result in engine.run(request, lambda _share, _doing: None, lambda: False)}


def test_the_first_in_between_does_not_wait_for_the_whole_stretch() -> None:
    shot, _ = walk(14)
    loaded: list[str] = []
    request = Request(watched(shot, loaded), (1, 2, 12))
    assert next(FlatEngine().run(request, lambda _share, _doing: None, lambda: False)).time == 1
    assert {name for name in loaded if name.startswith("line")} == {"line0", "line1", "line13"}


def test_another_take_does_not_sweep_the_stretch_again() -> None:
    shot, _ = walk(6)
    loaded: list[str] = []
    engine = FlatEngine()
    first = run(engine, Request(watched(shot, loaded), all_targets(shot)))
    assert "line2" in loaded
    loaded.clear()
    take = run(engine, Request(watched(shot, loaded), (2,), seed=3, redraw=frozenset({2})))
    again = run(engine, Request(watched(shot, loaded), (3,)))
    assert "line2" not in loaded
    assert set(take) == {2}
    assert np.array_equal(again[3].flats, first[3].flats)


def test_a_corrected_keyframe_is_not_answered_from_memory() -> None:
    shot, flats = walk(6)
    engine = FlatEngine()
    before = run(engine, Request(shot, (4,)))
    corrected = np.where(flats[5][..., 3:] > 0, np.array([1, 2, 3, 255], np.uint8), 0).astype(np.uint8)
    both = replace(
        shot,
        keyframes=(Keyframe(0, "corrected 0"), Keyframe(5, "corrected 5")),
        load=lambda digest: corrected if digest.startswith("corrected") else shot.load(digest),
    )
    after = run(engine, Request(both, (4,)))
    assert (1, 2, 3, 255) not in {region.color for region in before[4].regions}
    assert (1, 2, 3, 255) in {region.color for region in after[4].regions}


def test_what_is_kept_is_bounded_and_only_whole_sweeps_are() -> None:
    shot, _ = walk(4)
    engine = FlatEngine()
    collected = RecentSweeps(kept_bytes=0)
    engine._recent = collected
    run(engine, Request(shot, (1, 2)))
    assert not collected._kept, "nothing fits into nothing"
    engine._recent = RecentSweeps()
    unfinished = engine.run(Request(shot, (1, 2)), lambda _share, _doing: None, lambda: False)
    next(unfinished)
    assert not engine._recent._kept
    list(unfinished)
    assert len(engine._recent._kept) == 1
