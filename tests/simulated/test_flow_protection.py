"""Every state, locked or not, under every kind of work: who may change it, and what is kept."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.artists_desk import Desk, RunUntil
from support.memory_backend import inverted
from support.memory_host import flat_picture

from keycel_shared.errors import ErrorCode, KeycelError
from keycel_shared.pixels import digest_of
from keycel_shared.states import FrameState

TIME = 4
LINE = flat_picture(40)
FREE = (FrameState.EMPTY, FrameState.FAILED, FrameState.PROPOSED, FrameState.STALE)


def new_colors(drawing: bytes, seed: int) -> bytes:
    return flat_picture(drawing[0] + 100 + seed)


def empty(desk: Desk) -> None:
    desk.colorize(0)


def failed(desk: Desk) -> None:
    def fail(drawing: bytes, seed: int) -> bytes:
        if drawing == LINE:
            raise KeycelError(ErrorCode.RUN_FAILED, "It failed.", "Press again.")
        return inverted(drawing, seed)

    desk.backend.colour = fail
    desk.colorize()


def proposed(desk: Desk) -> None:
    desk.colorize()


def stale(desk: Desk) -> None:
    desk.colorize()
    desk.document.paint("lines", TIME, flat_picture(44))


def accepted(desk: Desk) -> None:
    desk.colorize()
    desk.accept(TIME)


def edited(desk: Desk) -> None:
    desk.colorize()
    desk.paint(TIME, 1)


def own_version_chosen(desk: Desk) -> None:
    desk.colorize()
    painted = desk.paint(TIME, 1)
    desk.choose_take(TIME, desk.frame(TIME).takes[0].digest)
    desk.choose_take(TIME, digest_of(painted))


CASES: list[tuple[Callable[[Desk], None], FrameState]] = [
    (empty, FrameState.EMPTY),
    (failed, FrameState.FAILED),
    (proposed, FrameState.PROPOSED),
    (stale, FrameState.STALE),
    (accepted, FrameState.ACCEPTED),
    (edited, FrameState.EDITED),
    (own_version_chosen, FrameState.EDITED),
]


@pytest.fixture(params=CASES, ids=lambda case: case[0].__name__)
def case(request: pytest.FixtureRequest, run_until: RunUntil) -> tuple[Desk, FrameState]:
    """A desk with the frame at `TIME` in a state; another frame is accepted, so that Spread has work."""
    prepare, state = request.param
    desk = Desk(run_until)
    prepare(desk)
    desk.accept(0)
    desk.backend.colour = new_colors
    assert desk.states()[TIME] is state
    return desk, state


def wanted(desk: Desk, seed: int) -> bytes:
    return new_colors(desk.document.layer("lines").keyframes[TIME], seed)


@pytest.mark.parametrize("locked", [False, True])
@pytest.mark.parametrize("work", ["colorize", "spread"])
def test_colorize_and_spread(case: tuple[Desk, FrameState], work: str, locked: bool) -> None:
    desk, state = case
    if locked:
        desk.lock(TIME)
    before = desk.pixels
    getattr(desk, work)()
    assert desk.error is None
    if locked or state not in FREE:
        assert desk.pixels[TIME] == before[TIME]
        assert desk.states()[TIME] is state
        assert f"{'locked' if locked else state.value} at" in desk.message
    else:
        assert desk.pixels[TIME] == wanted(desk, 0)
        assert desk.states()[TIME] is FrameState.PROPOSED
        desk.document.undo()
        assert desk.pixels == before
        expected = FrameState.EMPTY if state is FrameState.FAILED else state
        assert desk.states()[TIME] is expected


@pytest.mark.parametrize("agreed", [False, True])
def test_regenerate(case: tuple[Desk, FrameState], agreed: bool) -> None:
    desk, state = case
    asked: list[str] = []

    def listen() -> None:
        if desk.question.asked is not None:
            asked.append(desk.question.asked.text)
            desk.question.answer(agreed)

    desk.question.changed.connect(listen)
    before = desk.pixels
    seed = desk.frame(TIME).next_seed()
    desk.regenerate(TIME)
    assert desk.error is None
    assert len(asked) == (state not in FREE)
    if asked and not agreed:
        assert desk.pixels == before
        return
    assert desk.pixels == {**before, TIME: wanted(desk, seed)}
    assert desk.states()[TIME] is FrameState.PROPOSED
    if any(before[TIME]):
        desk.choose_take(TIME, digest_of(before[TIME]))
        assert desk.pixels == before
        assert desk.states()[TIME] is state


def test_nothing_touches_a_locked_frame(case: tuple[Desk, FrameState]) -> None:
    desk, _ = case
    desk.lock(TIME)
    before = desk.snapshot()
    desk.regenerate(TIME)
    assert desk.error is not None
    assert desk.error.code is ErrorCode.DOC_FRAME_LOCKED
    for take in desk.frame(TIME).takes:
        desk.choose_take(TIME, take.digest)
        assert desk.error is not None
        assert desk.error.code is ErrorCode.DOC_FRAME_LOCKED
    assert desk.snapshot() == before
