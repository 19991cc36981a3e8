"""Colours replaced and renamed: every free frame at once, protected ones never, regions kept."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.colored_shot import HAIR, ROBE, SKIN, ColoredShot, report, two_halves
from support.memory_host import flat_picture

from keycel_plugin.flow.palette import rename_color, replace_color
from keycel_plugin.state.records import PaletteEntry, Rgba
from keycel_shared.errors import ErrorCode, KeycelError
from keycel_shared.pixels import digest_of
from keycel_shared.states import FrameState

PINK, TEAL = (240, 120, 160, 255), (0, 128, 128, 255)


@pytest.fixture
def shot(run_until: Callable[..., None]) -> ColoredShot:
    return ColoredShot(run_until)


def replaced(shot: ColoredShot, original: Rgba, color: Rgba) -> str:
    return shot.run(replace_color(shot.document, original, color, shot.context))


def state(shot: ColoredShot, time: int) -> FrameState:
    shown = shot.shown(time)
    digest = digest_of(shown) if any(shown[3::4]) else ""
    return shot.ours.frame(time).state_given(digest, shot.drawing(time))


def test_every_free_frame_changes_in_one_step_and_undo_brings_it_back(shot: ColoredShot) -> None:
    before = {time: shot.shown(time) for time in (0, 3, 4, 7, 9)}
    assert replaced(shot, HAIR, PINK) == "3 frames have the new colour."
    assert shot.shown(0) == before[0]
    assert shot.shown(3) == shot.shown(9) == two_halves(SKIN, PINK)
    assert shot.shown(4) == two_halves(PINK, SKIN)
    assert len(shot.document.undo_stack) == 1
    assert [state(shot, time) for time in (0, 3, 4, 9)] == [FrameState.PROPOSED] * 4
    shot.document.undo()
    assert {time: shot.shown(time) for time in before} == before
    assert state(shot, 3) is FrameState.PROPOSED


def test_takes_stay_in_the_engines_colours_so_a_colour_can_be_replaced_again(shot: ColoredShot) -> None:
    replaced(shot, HAIR, SKIN)
    assert shot.shown(3) == two_halves(SKIN, SKIN)
    replaced(shot, HAIR, TEAL)
    assert shot.shown(3) == two_halves(SKIN, TEAL)
    replaced(shot, HAIR, HAIR)
    assert shot.shown(3) == two_halves(SKIN, HAIR)
    assert shot.record.palette == ()


def test_two_colours_swap(shot: ColoredShot) -> None:
    replaced(shot, SKIN, HAIR)
    replaced(shot, HAIR, SKIN)
    assert shot.shown(3) == two_halves(HAIR, SKIN)


def test_protected_frames_are_left_and_named(shot: ColoredShot) -> None:
    shot.accept(3)
    shot.change_frame(4, locked=True)
    shot.document.paint(shot.layer, 9, flat_picture(7))
    before = {time: shot.shown(time) for time in (0, 3, 4, 9)}
    told = replaced(shot, HAIR, PINK)
    assert told == "0 frames have the new colour. Left as they are: accepted at 3; locked at 4."
    assert {time: shot.shown(time) for time in before} == before
    assert shot.document.undo_stack[-1].label == "Freehand Brush"
    assert shot.record.entry(HAIR).color == PINK
    assert shot.document.modified


def test_a_stale_frame_changes_and_stays_stale(shot: ColoredShot) -> None:
    shot.document.paint("lines", 3, flat_picture(77))
    assert state(shot, 3) is FrameState.STALE
    replaced(shot, HAIR, PINK)
    assert shot.shown(3) == two_halves(SKIN, PINK)
    assert state(shot, 3) is FrameState.STALE


def test_the_name_survives_a_replacement_and_goes_when_taken_away(shot: ColoredShot) -> None:
    rename_color(shot.document, HAIR, "Hair")
    replaced(shot, HAIR, PINK)
    assert shot.record.palette == (PaletteEntry(HAIR, PINK, "Hair"),)
    replaced(shot, HAIR, HAIR)
    assert shot.record.palette == (PaletteEntry(HAIR, HAIR, "Hair"),)
    rename_color(shot.document, HAIR, "")
    assert shot.record.palette == ()
    assert shot.document.modified


def test_before_anything_is_coloured_the_wish_is_kept(shot: ColoredShot) -> None:
    shot.document.stack.remove(shot.document.layer(shot.layer))
    assert replaced(shot, HAIR, PINK) == "0 frames have the new colour."
    assert shot.record.entry(HAIR).color == PINK


def test_a_locked_layer_is_refused_and_nothing_is_changed(shot: ColoredShot) -> None:
    shot.document.layer(shot.layer).locked = True
    with pytest.raises(KeycelError) as caught:
        replaced(shot, HAIR, PINK)
    assert caught.value.value.code is ErrorCode.DOC_LAYER_LOCKED
    assert shot.record.palette == ()


def test_a_take_that_is_lost_is_named(shot: ColoredShot) -> None:
    shot.memory.drop_take(digest_of(shot.shown(4)))
    told = replaced(shot, HAIR, PINK)
    assert shot.shown(4) == two_halves(HAIR, SKIN)
    assert told.startswith("2 frames have the new colour.")


def test_a_take_without_regions_is_looked_at_itself(shot: ColoredShot) -> None:
    shot.write({4: two_halves(ROBE, HAIR)}, {4: {"regions": []}}, seed=1)
    replaced(shot, HAIR, PINK)
    assert shot.shown(4) == two_halves(ROBE, PINK)


def test_a_damaged_delivery_is_noticed_and_the_palette_stays(shot: ColoredShot) -> None:
    shot.document.damage = True
    with pytest.raises(KeycelError) as caught:
        replaced(shot, HAIR, PINK)
    assert caught.value.value.code is ErrorCode.OUT_READ_BACK
    assert shot.record.palette == ()


def test_the_same_take_on_several_frames_is_recoloured_once(shot: ColoredShot) -> None:
    shot.write({4: two_halves(SKIN, HAIR)}, {4: report(SKIN, HAIR)}, seed=1)
    assert replaced(shot, HAIR, TEAL) == "3 frames have the new colour."
    assert {shot.shown(time) for time in (3, 4, 9)} == {two_halves(SKIN, TEAL)}
