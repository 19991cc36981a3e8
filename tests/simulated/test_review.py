"""Accepting, locking, finding the next unsure frame, remembering a choice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from support.colored_shot import HAIR, SKIN, ColoredShot, bgra, two_halves
from support.memory_host import MemoryDocument, MemoryLayer, flat_picture

from keycel_plugin.flow.review import accept, lock, next_unsure, set_choice
from keycel_plugin.state.records import Choice, Scope, TakeOrigin
from keycel_plugin.state.review import Cell, Review
from keycel_shared.errors import ErrorCode, KeycelError
from keycel_shared.pixels import digest_of
from keycel_shared.states import FrameState

OWN = flat_picture(123)


@pytest.fixture
def shot(run_until: Callable[..., None]) -> ColoredShot:
    return ColoredShot(run_until)


def state(shot: ColoredShot, time: int) -> FrameState:
    shown = shot.shown(time)
    digest = digest_of(shown) if any(shown[3::4]) else ""
    return shot.ours.frame(time).state_given(digest, shot.drawing(time))


def accepted(shot: ColoredShot, *times: int) -> str:
    return shot.run(accept(shot.document, times))


def test_accept_and_take_it_back(shot: ColoredShot) -> None:
    assert accepted(shot, 3, 4) == "2 frames accepted."
    assert [state(shot, time) for time in (0, 3, 4)] == [
        FrameState.PROPOSED,
        FrameState.ACCEPTED,
        FrameState.ACCEPTED,
    ]
    assert shot.document.modified
    assert accepted(shot, 3) == "1 frame is a proposal again."
    assert state(shot, 3) is FrameState.PROPOSED
    assert state(shot, 4) is FrameState.ACCEPTED


def test_some_accepted_already_means_accept_the_rest(shot: ColoredShot) -> None:
    accepted(shot, 3)
    assert accepted(shot, 0, 3, 4) == "2 frames accepted."
    assert {state(shot, time) for time in (0, 3, 4)} == {FrameState.ACCEPTED}


def test_nothing_is_written_into_the_layer(shot: ColoredShot) -> None:
    before = [shot.shown(time) for time in (0, 3, 4, 7, 9)]
    accepted(shot, 0, 3)
    shot.run(lock(shot.document, [0, 3]))
    assert [shot.shown(time) for time in (0, 3, 4, 7, 9)] == before
    assert shot.document.undo_stack == []


def test_an_edited_frame_becomes_accepted_and_its_picture_a_take(shot: ColoredShot) -> None:
    shot.document.paint(shot.layer, 3, OWN)
    assert state(shot, 3) is FrameState.EDITED
    assert accepted(shot, 3) == "1 frame accepted."
    assert state(shot, 3) is FrameState.ACCEPTED
    frame = shot.ours.frame(3)
    assert [take.origin for take in frame.takes] == [TakeOrigin.ENGINE, TakeOrigin.ARTIST]
    assert shot.run(shot.memory.take_pixels(frame.takes[-1].digest)) == OWN
    accepted(shot, 3)
    assert state(shot, 3) is FrameState.EDITED
    shot.document.undo()
    assert state(shot, 3) is FrameState.PROPOSED


def test_painting_over_an_accepted_frame_makes_it_edited(shot: ColoredShot) -> None:
    accepted(shot, 3)
    shot.document.paint(shot.layer, 3, OWN)
    assert state(shot, 3) is FrameState.EDITED
    shot.document.undo()
    assert state(shot, 3) is FrameState.ACCEPTED


def test_a_stale_frame_can_be_accepted_for_its_new_lines(shot: ColoredShot) -> None:
    shot.document.paint("lines", 3, flat_picture(77))
    assert state(shot, 3) is FrameState.STALE
    accepted(shot, 3)
    assert state(shot, 3) is FrameState.ACCEPTED
    shot.document.paint("lines", 3, flat_picture(78))
    assert state(shot, 3) is FrameState.STALE


def test_frames_without_colours_are_left_out(shot: ColoredShot) -> None:
    assert accepted(shot, 7) == "There are no colours to accept there."
    assert accepted(shot, 3, 7) == "1 frame accepted."
    assert shot.ours.frame(7).accepted == ""


def test_a_stroke_in_the_middle_of_accepting_is_not_accepted(shot: ColoredShot) -> None:
    shot.document.paint(shot.layer, 3, OWN)
    read = shot.document.picture_now
    looks: list[int] = []

    async def picture_at(layer: str, time: int) -> bytes:
        looks.append(time)
        return read(layer, time) if len(looks) == 1 else bgra(SKIN) * 12

    shot.document.__dict__["picture_at"] = picture_at
    assert accepted(shot, 3) == "0 frames accepted."
    del shot.document.__dict__["picture_at"]
    assert state(shot, 3) is FrameState.EDITED


@pytest.mark.parametrize("gone", ["lines", "keys"])
def test_accepting_works_while_a_source_layer_is_gone(shot: ColoredShot, gone: str) -> None:
    shot.document.stack.remove(shot.document.layer(gone))
    shot.document.paint(shot.layer, 3, OWN)
    assert accepted(shot, 3, 4) == "2 frames accepted."
    assert shot.ours.frame(4).accepted == digest_of(two_halves(HAIR, SKIN))


def test_lock_and_unlock(shot: ColoredShot) -> None:
    assert shot.run(lock(shot.document, [3, 4])) == "2 frames locked."
    assert shot.run(lock(shot.document, [0, 3])) == "2 frames locked."
    assert [shot.ours.frame(time).locked for time in (0, 3, 4, 9)] == [True, True, True, False]
    assert shot.run(lock(shot.document, [0, 3])) == "2 frames unlocked."
    assert [shot.ours.frame(time).locked for time in (0, 3, 4, 9)] == [False, False, True, False]
    assert shot.document.modified


def test_a_document_without_colours_says_so(shot: ColoredShot) -> None:
    empty = MemoryDocument(MemoryLayer("lines", "Lines", {0: flat_picture(1)}))
    for work in (accept(empty, [0]), lock(empty, [0])):
        with pytest.raises(KeycelError) as caught:
            shot.run(work)
        assert caught.value.value.code is ErrorCode.DOC_NOT_OURS


def test_the_record_survives_saving_and_opening(shot: ColoredShot) -> None:
    accepted(shot, 3)
    shot.document.paint(shot.layer, 4, OWN)
    shot.document = shot.document.reopened()
    shot.memory = type(shot.memory)(shot.document)
    assert [state(shot, time) for time in (0, 3, 4)] == [
        FrameState.PROPOSED,
        FrameState.ACCEPTED,
        FrameState.EDITED,
    ]


def review_at(current: int) -> Review:
    review = Review()
    review.show_cells([Cell(0, 3), Cell(3, 4, unsure=2), Cell(4, 9), Cell(9, 12, unsure=1)])
    review.show_current(current)
    return review


@pytest.mark.parametrize(
    ("current", "direction", "expected"),
    [(-1, 1, 3), (0, 1, 3), (3, 1, 9), (9, 1, 3), (0, -1, 9), (9, -1, 3), (3, -1, 9), (4, -1, 3)],
)
def test_the_next_unsure_frame(current: int, direction: int, expected: int) -> None:
    assert next_unsure(review_at(current), direction) == expected


def test_no_unsure_frame_at_all() -> None:
    review = review_at(0)
    review.show_cells([replace(cell, unsure=0) for cell in review.cells])
    assert next_unsure(review, 1) is None


def test_a_choice_is_remembered(shot: ColoredShot) -> None:
    choice = Choice("lines", "keys", engine="other", scope=Scope.CURRENT, palette=(HAIR,))
    set_choice(shot.document, choice)
    assert shot.record.choice == choice
    assert shot.ours.frames
    assert shot.document.modified
