"""The engine of in-betweens: exact keys, palette colours; no frame depends on which others are wanted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.drawn_shots import FIGURE_COLORS, draw, figure

from keycel_backend.engines.base import Cancelled, FrameResult, Keyframe, Request, Shot
from keycel_backend.engines.morph.engine import MorphEngine
from keycel_backend.engines.morph.line_track import REASON
from keycel_backend.regions.arrays import Pixels
from keycel_backend.regions.compositing import flatten
from keycel_backend.regions.matching import match

MOVES = {2: (0.0, 0.0), 5: (20.0, 8.0), 6: (26.0, -2.0)}
LINES, FLATS = (
    {time: draw(figure(turned=2.0 * time, moved=move))[part] for time, move in MOVES.items()}
    for part in (0, 1)
)


def request(targets: tuple[int, ...] = tuple(range(2, 7)), painted: tuple[int, ...] = (2,)) -> Request:
    pictures: dict[str, Pixels] = {f"line {time}": line for time, line in LINES.items()}
    pictures |= {f"color {time}": flatten(FLATS[time], LINES[time]) for time in LINES}
    height, width = LINES[2].shape[:2]
    shot = Shot(
        width,
        height,
        (),
        tuple(Keyframe(time, f"color {time}") for time in painted),
        lambda digest: pictures[digest].copy(),
        tuple(Keyframe(time, f"line {time}") for time in LINES),
    )
    return Request(shot, targets)


def run(wanted: Request) -> dict[int, FrameResult]:
    found = MorphEngine(match).run(wanted, lambda _share, _doing: None, lambda: False)
    return {result.time: result for result in found}


def colors_in(picture: Pixels) -> set[tuple[int, ...]]:
    seen = np.unique(picture[picture[..., 3] > 0][:, :3], axis=0)
    return {tuple(color) for color in seen.tolist()}


def line_of(result: FrameResult) -> Pixels:
    assert result.line is not None
    return result.line


def test_keys_are_exact_and_colours_are_the_palettes() -> None:
    made = run(request())
    assert sorted(made) == list(range(2, 7))
    for time, line in LINES.items():
        assert (line_of(made[time]) == line).all()
    for result in made.values():
        assert colors_in(result.flats) == set(FIGURE_COLORS)
        assert result.regions
    head = made[4].flats[70 + 4, 160 + 12]
    assert tuple(head[:3]) == FIGURE_COLORS[0]


def test_a_frame_is_the_same_whichever_others_are_wanted() -> None:
    every, alone = run(request()), run(request((4,)))
    assert list(alone) == [4]
    assert (line_of(alone[4]) == line_of(every[4])).all()
    assert (alone[4].flats == every[4].flats).all()


def test_another_take_changes_only_its_own_frame() -> None:
    wanted = replace(request((3, 4), painted=()), seed=2, redraw=frozenset({4}))
    made, before = run(wanted), run(request((3, 4), painted=()))
    assert (line_of(made[3]) == line_of(before[3])).all()
    assert line_of(made[4]).any()


def test_the_reference_is_the_first_key_in_colour() -> None:
    with_reference = replace(request((4,), painted=()).shot, reference="color 2")
    made = run(replace(request((4,)), shot=with_reference))
    assert (made[4].flats == run(request((4,)))[4].flats).all()


def test_paint_between_keys_belongs_to_the_key_on_screen() -> None:
    shot = request().shot
    late = replace(shot, keyframes=(Keyframe(4, "color 2"),))
    assert (run(replace(request((4,)), shot=late))[4].flats == run(request((4,)))[4].flats).all()


def test_without_any_paint_there_are_lines_alone() -> None:
    made = run(request((3, 6), painted=()))
    assert not made[3].flats.any()
    assert (line_of(made[6]) == LINES[6]).all()
    assert made[3].regions == ()


def test_between_keys_with_little_in_common_everything_is_unsure() -> None:
    shot = request().shot
    other = draw(figure(moved=(-110.0, -60.0))[3:4])[0]
    load = shot.load
    strange = replace(shot, load=lambda digest: other.copy() if digest == "line 5" else load(digest))
    made = run(replace(request((3,)), shot=strange))
    assert all(region.confidence < 0.5 and region.reason for region in made[3].regions)
    assert any(region.reason == REASON for region in made[3].regions)


def test_it_stops_soon() -> None:
    asked: list[int] = []

    def cancelled() -> bool:
        asked.append(1)
        return len(asked) > 3

    with pytest.raises(Cancelled):
        list(MorphEngine(match).run(request(), lambda _share, _doing: None, cancelled))
