"""The layer of marks: made when first shown, kept in step with the colours, never in the artist's way."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.colored_shot import HAIR, ROBE, SKIN, ColoredShot, colors_of, report, two_halves, visible
from support.memory_host import MemoryDocument, MemoryLayer, flat_picture

from keycel_plugin.flow.overlay import show_overlay, stage_overlay
from keycel_shared.errors import ErrorCode, KeycelError
from keycel_shared.pixels import digest_of

KEYFRAMES = (0, 3, 4, 7, 9)


@pytest.fixture
def shot(run_until: Callable[..., None]) -> ColoredShot:
    return ColoredShot(run_until)


def marks(shot: ColoredShot) -> list[bytes]:
    return [shot.document.picture_now(shot.ours.overlay, time) for time in KEYFRAMES]


def show(shot: ColoredShot, shown: bool = True) -> str:
    return shot.run(show_overlay(shot.document, shown, shot.context))


def test_first_shown_it_is_made_above_the_lines_in_one_step(shot: ColoredShot) -> None:
    assert show(shot) == "2 unsure regions are marked."
    assert [layer.name for layer in shot.document.stack] == [
        "Colour keys",
        "Keycel colour",
        "Lines",
        "Keycel unsure",
    ]
    assert len(shot.document.undo_stack) == 1
    assert shot.document.keyframe_times(shot.ours.overlay) == KEYFRAMES
    assert visible(marks(shot)) == [True, True, False, False, True]
    assert shot.document.is_visible(shot.ours.overlay)
    assert shot.record.choice.show_unsure
    assert shot.document.modified


def test_marks_lie_on_the_unsure_half_in_colours_that_the_shot_does_not_have(shot: ColoredShot) -> None:
    show(shot)
    picture = marks(shot)[0]
    used = colors_of(picture) - {(0, 0, 0, 0)}
    assert used
    assert used.isdisjoint({SKIN, ROBE, HAIR})
    for row in range(3):
        left, right = picture[row * 16 : row * 16 + 8], picture[row * 16 + 8 : row * 16 + 16]
        assert not any(left)
        assert right[3] == 255


def test_hidden_and_shown_again_nothing_is_written(shot: ColoredShot) -> None:
    show(shot)
    assert show(shot, False) == "The marks of unsure regions are hidden."
    assert not shot.document.is_visible(shot.ours.overlay)
    assert not shot.record.choice.show_unsure
    show(shot)
    assert shot.document.is_visible(shot.ours.overlay)
    assert len(shot.document.undo_stack) == 1
    assert len(shot.document.our_layers()) == 2


def test_shown_again_only_frames_with_other_takes_are_written(shot: ColoredShot) -> None:
    show(shot)
    before = marks(shot)
    shot.write({3: two_halves(ROBE, SKIN)}, {3: report(ROBE, SKIN, 0.9)}, seed=1)
    shot.write({4: two_halves(ROBE, HAIR)}, {4: report(ROBE, HAIR)}, seed=1)
    show(shot)
    after = marks(shot)
    assert visible(after) == [True, False, True, False, True]
    assert [index for index, picture in enumerate(after) if picture != before[index]] == [1, 2]
    assert len(shot.document.undo_stack) == 2
    shot.document.undo()
    assert marks(shot) == before


def test_accepted_frames_have_no_marks_and_edited_ones_keep_them(shot: ColoredShot) -> None:
    shot.accept(3)
    shot.document.paint(shot.layer, 9, flat_picture(99))
    show(shot)
    assert visible(marks(shot)) == [True, False, False, False, True]


def test_the_take_that_undo_brought_back_counts(shot: ColoredShot) -> None:
    first = shot.shown(0)
    shot.write({0: two_halves(HAIR, HAIR)}, {0: report(HAIR, HAIR, 0.9)}, seed=1)
    shot.document.layer(shot.layer).keyframes[0] = first
    show(shot)
    assert visible(marks(shot))[0]


def test_after_undo_of_its_making_it_is_made_anew(shot: ColoredShot) -> None:
    show(shot)
    gone = shot.ours.overlay
    shot.document.undo()
    assert show(shot) == "2 unsure regions are marked."
    assert shot.ours.overlay != gone
    assert len(shot.document.our_layers()) == 2


def test_without_lines_it_goes_above_our_layer_under_a_free_name(shot: ColoredShot) -> None:
    shot.document.stack.remove(shot.document.layer("lines"))
    shot.document.stack.append(MemoryLayer("own", "Keycel unsure"))
    show(shot)
    names = [layer.name for layer in shot.document.stack]
    assert names == ["Colour keys", "Keycel colour", "Keycel unsure 2", "Keycel unsure"]


def test_nothing_coloured_is_said(shot: ColoredShot) -> None:
    empty = MemoryDocument(MemoryLayer("lines", "Lines", {0: flat_picture(1)}))
    with pytest.raises(KeycelError) as caught:
        shot.run(show_overlay(empty, True, shot.context))
    assert caught.value.value.code is ErrorCode.DOC_NOT_OURS
    assert shot.run(show_overlay(empty, False, shot.context))


def test_a_damaged_delivery_is_noticed(shot: ColoredShot) -> None:
    shot.document.damage = True
    with pytest.raises(KeycelError) as caught:
        show(shot)
    assert caught.value.value.code is ErrorCode.OUT_READ_BACK


def test_a_locked_layer_of_marks_is_left_alone(shot: ColoredShot) -> None:
    show(shot)
    shot.document.layer(shot.ours.overlay).locked = True
    takes = {0: digest_of(shot.shown(0))}
    assert shot.run(stage_overlay(shot.document, shot.memory, shot.ours, takes)) is None
    shot.accept(0)
    with pytest.raises(KeycelError) as caught:
        show(shot)
    assert caught.value.value.code is ErrorCode.DOC_LAYER_LOCKED


def test_no_layer_of_marks_no_work(shot: ColoredShot) -> None:
    assert shot.run(stage_overlay(shot.document, shot.memory, shot.ours, {0: ""})) is None


def test_staged_marks_fit_the_takes_to_be_written(shot: ColoredShot) -> None:
    show(shot)
    takes = {0: digest_of(shot.shown(4)), 4: digest_of(shot.shown(3)), 9: ""}
    replacement = shot.run(stage_overlay(shot.document, shot.memory, shot.ours, takes))
    assert replacement is not None
    assert (replacement.layer, replacement.times) == (shot.ours.overlay, (0, 4, 9))
    shot.run(shot.document.replace_frames([replacement]))
    replacement.staged.close()
    assert visible(marks(shot)) == [False, True, True, False, False]
