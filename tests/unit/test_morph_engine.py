"""The engine of in-betweens: exact keys, palette colours; no frame depends on which others are wanted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.drawn_shots import FIGURE_COLORS, draw, figure

from keycel_backend.engines.base import Cancelled, Drawing, FrameResult, Keyframe, Request, Shot
from keycel_backend.engines.flat.engine import FlatEngine
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


LOAD = request().shot.load


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


@pytest.mark.parametrize("painted", [(2,), (2, 6), (5,)])
def test_keys_are_coloured_from_each_other(painted: tuple[int, ...]) -> None:
    """As if there were nothing between them: a bad in-between must not spoil the key after it."""
    wanted = request(painted=painted)
    keys = tuple(Drawing((sketch.time,), sketch.digest) for sketch in wanted.shot.sketches)
    alone = replace(wanted, shot=replace(wanted.shot, drawings=keys, sketches=()), targets=tuple(MOVES))
    of_keys = {result.time: result for result in FlatEngine(match).run(alone, lambda *_: None, lambda: False)}
    made = run(wanted)
    for time in MOVES:
        assert (made[time].flats == of_keys[time].flats).all()
        assert made[time].regions == of_keys[time].regions


def test_nothing_between_keys_is_surer_than_the_keys() -> None:
    """The last two keys show another figure than the painted one."""
    strange = {
        name: draw(figure(moved=move)[3:4])[0]
        for name, move in (("a", (-110.0, -60.0)), ("b", (-104.0, -60.0)))
    }
    shot = request().shot
    sketches = (*shot.sketches, Keyframe(9, "a"), Keyframe(12, "b"))
    shot = replace(
        shot, sketches=sketches, load=lambda name: strange[name] if name in strange else LOAD(name)
    )
    made = run(replace(request((9, 10, 11, 12)), shot=shot))
    of_keys = [region.confidence for time in (9, 12) for region in made[time].regions]
    between = [region.confidence for time in (10, 11) for region in made[time].regions]
    assert between
    assert max(between) <= max(of_keys)


def test_what_is_left_unpainted_on_keys_is_a_reference_all_the_same() -> None:
    left, plain = run(replace(request(), options={"leave_unsure": True})), run(request())
    for time, result in left.items():
        sure = {region.box for region in plain[time].regions if region.palette_entry is not None}
        unsure = {region.box for region in plain[time].regions if region.reason}
        assert sure - unsure <= {region.box for region in result.regions if region.palette_entry is not None}


def test_colours_do_not_leak_at_an_outline_that_is_half_drawn() -> None:
    """The second key has another box, painted like the ground of a wall; between the keys it is open."""

    def drawing(boxes: list[tuple[int, int, int]]) -> tuple[Pixels, Pixels]:
        line, flats = np.zeros((160, 240, 4), np.uint8), np.zeros((160, 240, 4), np.uint8)
        for left, top, red in boxes:
            line[top : top + 50, left : left + 50, 3] = 255
            line[top + 2 : top + 48, left + 2 : left + 48] = 0
            flats[top + 1 : top + 49, left + 1 : left + 49] = (red, 40, 40, 255)
        return line, flats

    pictures: dict[str, Pixels] = {}
    for key, boxes in ((0, [(20, 20, 200)]), (6, [(32, 26, 200), (150, 90, 90)])):
        line, flats = drawing(boxes)
        pictures |= {f"line {key}": line, f"color {key}": flatten(flats, line)}
    keys = tuple(Keyframe(time, f"line {time}") for time in (0, 6))
    paint = tuple(Keyframe(time, f"color {time}") for time in (0, 6))
    made = run(Request(Shot(240, 160, (), paint, lambda name: pictures[name].copy(), keys), (1, 2, 3, 4, 5)))
    for time, result in made.items():
        middle = 20 + 25 + round(6 / 6 * time), 20 + 25 + round(12 / 6 * time)
        assert tuple(result.flats[middle]) == (200, 40, 40, 255)
        for corner in ((5, 5), (5, 230), (150, 5), (60, 120)):
            assert not result.flats[corner].any(), (time, corner)
    assert tuple(made[4].flats[115, 175]) == (90, 40, 40, 255)


@pytest.mark.parametrize("targets", [(5, 6), (2, 3, 4)])
def test_progress_goes_up_to_the_end_once(targets: tuple[int, ...]) -> None:
    told: list[float] = []
    list(MorphEngine(match).run(request(targets), lambda share, _: told.append(share), lambda: False))
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)


def test_it_stops_soon() -> None:
    asked: list[int] = []

    def cancelled() -> bool:
        asked.append(1)
        return len(asked) > 3

    with pytest.raises(Cancelled):
        list(MorphEngine(match).run(request(), lambda _share, _doing: None, cancelled))
