"""What may happen while a job runs: the artist goes on working, cancels, closes; Krita misbehaves."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from support.artists_desk import Desk, RunUntil
from support.memory_backend import MemoryBackend, inverted
from support.memory_host import MemoryDocument, MemoryHost, MemoryReader, MemoryStaged, flat_picture

from keycel_plugin.flow.colorize import colorize, spread
from keycel_plugin.flow.overlay import show_overlay
from keycel_plugin.flow.regenerate import regenerate
from keycel_plugin.flow.takes import choose_take
from keycel_plugin.host.ports import Replacement
from keycel_plugin.state.records import MEMO
from keycel_plugin.tasks import Suspension, TaskCancelled
from keycel_shared.errors import ErrorCode
from keycel_shared.pixels import digest_of
from keycel_shared.states import FrameState

Change = Callable[[Desk], object]
Work = Callable[[Desk], Coroutine[Any, Any, str]]


@pytest.fixture
def desk(run_until: RunUntil) -> Desk:
    """After Colorize; the engine has changed its mind since."""
    desk = Desk(run_until)
    desk.colorize()
    desk.backend.colour = changed_mind
    return desk


def changed_mind(drawing: bytes, seed: int) -> bytes:
    return flat_picture(drawing[0] + 100 + seed)


def during_the_work(desk: Desk, change: Change) -> None:
    """`change` happens to the document when the backend colours its first frame."""
    plain, pending = desk.backend.colour, [change]

    def colour(drawing: bytes, seed: int) -> bytes:
        while pending:
            pending.pop()(desk)
        return plain(drawing, seed)

    desk.backend.colour = colour


# -------------------------------------------------------------------------------- the artist goes on


def edit(desk: Desk) -> None:
    desk.paint(3, 1)


def accept(desk: Desk) -> None:
    desk.change_frame(replace(desk.frame(3), accepted=digest_of(desk.pixels[3])))


def lock(desk: Desk) -> None:
    desk.lock(3)


@pytest.mark.parametrize("change", [edit, accept, lock])
def test_frames_protected_meanwhile_are_left_out_and_named(desk: Desk, change: Change) -> None:
    before = desk.pixels
    during_the_work(desk, change)
    desk.colorize()
    expected = flat_picture(1) if change is edit else before[3]
    assert desk.pixels == {
        **before,
        0: flat_picture(110),
        3: expected,
        4: flat_picture(140),
        9: flat_picture(110),
    }
    assert "Changed by you meanwhile, so left as they are, at 3" in desk.message
    state = {edit: FrameState.EDITED, accept: FrameState.ACCEPTED, lock: FrameState.PROPOSED}[change]
    assert desk.states()[3] is state
    assert desk.frame(3).locked == (change is lock)
    missed = digest_of(flat_picture(130))
    assert desk.frame(3).find_take(missed) is not None
    desk.change_frame(replace(desk.frame(3), locked=False))
    desk.choose_take(3, missed)
    assert desk.pixels[3] == flat_picture(130)


def test_a_frame_locked_while_it_was_empty_stays_empty(run_until: RunUntil) -> None:
    desk = Desk(run_until)
    desk.colorize(0)
    during_the_work(desk, lock)
    desk.colorize()
    assert desk.states()[3] is FrameState.EMPTY
    assert desk.states()[4] is FrameState.PROPOSED


def test_an_edit_that_goes_on_during_regenerate_is_not_replaced(desk: Desk) -> None:
    """The artist agreed to replace what they saw then, not what they painted later."""
    desk.paint(3, 1)
    desk.question.changed.connect(lambda: desk.question.answer(True))
    during_the_work(desk, lambda desk: desk.paint(3, 2))
    desk.regenerate(3)
    assert desk.pixels[3] == flat_picture(2)
    assert "left as they are, at 3" in desk.message


@pytest.mark.parametrize("change", [accept, lock])
def test_an_edit_that_the_artist_stands_by_after_all_is_not_replaced(desk: Desk, change: Change) -> None:
    painted = desk.paint(3, 1)
    desk.question.changed.connect(lambda: desk.question.answer(True))
    during_the_work(desk, change)
    desk.regenerate(3)
    assert desk.pixels[3] == painted
    assert "left as they are, at 3" in desk.message


def test_paint_in_the_last_moment_is_seen(desk: Desk) -> None:
    """While all frames are looked at once more, the artist paints at the playhead."""
    desk.document.time = 3
    looked: list[str] = []

    def paint_meanwhile() -> None:
        news = desk.progress.news
        if news.text == "Looking for changes of yours" and desk.backend.requests[1:] and news.done == 2:
            looked.append(news.text)
            desk.paint(3, 1)

    desk.progress.changed.connect(paint_meanwhile)
    desk.colorize()
    assert looked
    assert desk.pixels[3] == flat_picture(1)
    assert desk.states()[3] is FrameState.EDITED


def test_undo_during_the_work(desk: Desk) -> None:
    before = desk.pixels
    desk.document.paint("lines", 3, flat_picture(33))
    during_the_work(desk, lambda desk: desk.document.undo())
    desk.colorize()
    assert desk.pixels[3] == flat_picture(133)
    assert desk.states()[3] is FrameState.STALE
    desk.document.undo()
    assert desk.pixels == before
    assert desk.states()[3] is FrameState.PROPOSED


def test_a_line_changed_while_it_is_being_sent_is_noticed(run_until: RunUntil) -> None:
    class Slow(MemoryBackend):
        document: MemoryDocument

        async def connect_for(self, *arguments: Any) -> MemoryBackend:
            self.document.paint("lines", 4, flat_picture(41))
            return await super().connect_for(*arguments)

    backend = Slow()
    desk = Desk(run_until, backend=backend)
    backend.document = desk.document
    desk.colorize()
    assert desk.error is not None
    assert desk.error.code is ErrorCode.DOC_CHANGED
    assert "4" in desk.error.title
    assert desk.document.our_layers() == []


# -------------------------------------------------------------------------------- another document


def test_a_layer_is_filled_when_its_document_is_in_front_again(desk: Desk) -> None:
    other = MemoryDocument(name="other")
    host = MemoryHost(desk.document, other)
    during_the_work(desk, lambda _: host.bring_to_front(other))
    before = desk.pixels
    work = desk.start(colorize(desk.document, desk.choice, None, desk.context))
    desk.run_until(lambda: "switch to “shot”" in desk.progress.news.text)
    assert desk.progress.news.can_cancel
    assert desk.pixels == before
    desk.paint(4, 1)  # what is edited while it waits counts, too
    host.bring_to_front(desk.document)
    desk.run_until(lambda: not work.running)
    assert desk.error is None
    assert desk.pixels[0] == flat_picture(110)
    assert desk.pixels[4] == flat_picture(1)
    assert other.undo_stack == []


def test_waiting_can_be_cancelled(desk: Desk) -> None:
    desk.document.paint("lines", 3, flat_picture(33))
    before = desk.snapshot()
    during_the_work(desk, lambda desk: setattr(desk.document, "active", False))
    work = desk.start(colorize(desk.document, desk.choice, None, desk.context))
    desk.run_until(lambda: desk.progress.news.text.startswith("Waiting"))
    work.cancel()
    assert isinstance(desk.ended, TaskCancelled)
    assert desk.snapshot() == before


def test_the_document_closed_while_waiting(desk: Desk) -> None:
    during_the_work(desk, lambda desk: setattr(desk.document, "active", False))
    work = desk.start(colorize(desk.document, desk.choice, None, desk.context))
    desk.run_until(lambda: desk.progress.news.text.startswith("Waiting"))
    desk.document.open = False
    desk.run_until(lambda: not work.running)
    assert desk.error is not None
    assert desk.error.code is ErrorCode.DOC_NO_SHOT


def test_a_switch_in_the_last_moment_is_waited_out(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another document comes to the front between the last look and the change."""
    plain, switches = MemoryDocument.replace_frames, [False]

    async def replace_frames(document: MemoryDocument, replacements: Sequence[Replacement]) -> None:
        if switches:
            document.active = switches.pop()
        await plain(document, replacements)

    def return_when_asked() -> None:
        if desk.progress.news.text.startswith("Waiting"):
            desk.document.active = True

    monkeypatch.setattr(MemoryDocument, "replace_frames", replace_frames)
    desk.progress.changed.connect(return_when_asked)
    desk.colorize()
    assert desk.error is None
    assert switches == []
    assert desk.pixels[0] == flat_picture(110)
    assert desk.undo_steps == 2


def test_a_new_layer_needs_no_document_in_front(run_until: RunUntil) -> None:
    desk = Desk(run_until)
    other = MemoryDocument(name="other")
    host = MemoryHost(desk.document, other)
    during_the_work(desk, lambda _: host.bring_to_front(other))
    desk.colorize()
    assert desk.error is None
    assert desk.pixels[3] == inverted(flat_picture(30), 0)
    assert other.stack == []


# -------------------------------------------------------------------------------- changes that end the work


def resize(desk: Desk) -> None:
    desk.document.size = (8, 8)


def close(desk: Desk) -> None:
    desk.document.open = False


def delete_ours(desk: Desk) -> None:
    desk.document.stack.remove(desk.document.layer("Keycel colour"))


def lock_ours(desk: Desk) -> None:
    desk.document.layer("Keycel colour").locked = True


def delete_lines(desk: Desk) -> None:
    desk.document.stack.remove(desk.document.layer("lines"))


def lose_backend(desk: Desk) -> None:
    desk.backend.lose()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (resize, ErrorCode.DOC_SIZE_MISMATCH),
        (close, ErrorCode.DOC_NO_SHOT),
        (delete_ours, ErrorCode.DOC_NOT_OURS),
        (lock_ours, ErrorCode.DOC_LAYER_LOCKED),
        (lose_backend, ErrorCode.LINK_LOST),
    ],
)
def test_filling_ends_without_a_trace(desk: Desk, change: Change, code: ErrorCode) -> None:
    before = desk.snapshot()
    during_the_work(desk, change)
    desk.colorize()
    assert desk.error is not None
    assert desk.error.code is code
    if change is close:
        desk.document.open = True
    if change is not delete_ours:
        assert desk.snapshot() == before


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (resize, ErrorCode.DOC_SIZE_MISMATCH),
        (close, ErrorCode.DOC_NO_SHOT),
        (delete_lines, ErrorCode.DOC_NO_SUCH_LAYER),
        (lose_backend, ErrorCode.LINK_LOST),
    ],
)
def test_a_new_layer_does_not_come(run_until: RunUntil, change: Change, code: ErrorCode) -> None:
    desk = Desk(run_until)
    during_the_work(desk, change)
    desk.colorize()
    assert desk.error is not None
    assert desk.error.code is code
    desk.document.open = True
    assert desk.document.our_layers() == []
    if change is not close:  # of a closed document nothing can be tidied up; nothing was saved either
        assert desk.document.memos == {}


# -------------------------------------------------------------------------------- damage


def test_damage_is_noticed_and_undo_and_another_try_help(desk: Desk) -> None:
    before = desk.pixels
    desk.backend.acknowledged.clear()
    desk.document.damage = True
    desk.colorize()
    assert desk.error is not None
    assert desk.error.code is ErrorCode.OUT_READ_BACK
    assert desk.error.detail == "frames [9]"
    desk.document.damage = False
    desk.document.undo()
    assert desk.pixels == before
    assert set(desk.states().values()) == {FrameState.PROPOSED}
    desk.colorize()
    assert desk.error is None
    assert desk.pixels[9] == flat_picture(110)


def test_damage_of_a_new_layer_is_noticed(run_until: RunUntil) -> None:
    desk = Desk(run_until)
    desk.document.damage = True
    desk.colorize()
    assert desk.error is not None
    assert desk.error.code is ErrorCode.OUT_READ_BACK


# -------------------------------------------------------------------------------- marks of unsure regions


def test_marks_change_in_the_same_undo_step(desk: Desk) -> None:
    desk.backend.colour = inverted
    desk.finish(show_overlay(desk.document, True, desk.context))
    overlay = desk.document.layer("Keycel unsure")
    before = dict(overlay.keyframes)
    assert any(before[3])
    assert not any(before[4])
    steps = desk.undo_steps
    desk.regenerate(3, 4)
    assert desk.error is None
    assert desk.undo_steps == steps + 1
    assert any(overlay.keyframes[4])
    assert desk.pixels[4] == inverted(flat_picture(40), 1)
    desk.document.undo()
    assert overlay.keyframes == before


def test_colours_are_delivered_without_marks_if_their_layer_is_gone(desk: Desk) -> None:
    desk.finish(show_overlay(desk.document, True, desk.context))
    desk.document.stack.remove(desk.document.layer("Keycel unsure"))
    desk.colorize()
    assert desk.error is None
    assert desk.pixels[3] == flat_picture(130)


# -------------------------------------------------------------------------------- cancelling


class CancelledAt:
    """Awaits work, and cancels it at its `stop`th wait, as `Task.cancel` does."""

    def __init__(self, work: Coroutine[Any, Any, str], stop: int, may_cancel: Callable[[], bool]) -> None:
        self.work = work
        self.stop = stop
        self.may_cancel = may_cancel
        self.reached = False
        self.cancelled = False

    def __await__(self) -> Generator[Suspension, None, str]:
        waits = 0
        try:
            suspension = self.work.send(None)
            while True:
                if waits == self.stop:
                    self.reached = True
                    if self.may_cancel():
                        self.cancelled = True
                        self.work.throw(TaskCancelled())
                waits += 1
                yield suspension
                suspension = self.work.send(None)
        except StopIteration as end:
            return str(end.value)

    async def told(self) -> str:
        return await self


def edited_before(desk: Desk) -> None:
    desk.document.paint("lines", 3, flat_picture(33))
    desk.paint(4, 1)
    desk.accept(0)
    desk.question.changed.connect(lambda: desk.question.answer(True))


def first_colorize(desk: Desk) -> Coroutine[Any, Any, str]:
    desk.choice = replace(desk.choice, new_layer=True)
    return colorize(desk.document, desk.choice, None, desk.context)


def fill(desk: Desk) -> Coroutine[Any, Any, str]:
    return colorize(desk.document, desk.choice, None, desk.context)


def spread_it(desk: Desk) -> Coroutine[Any, Any, str]:
    return spread(desk.document, desk.choice, desk.context)


def redo(desk: Desk) -> Coroutine[Any, Any, str]:
    return regenerate(desk.document, (3, 4), desk.choice, desk.context)


def take_back(desk: Desk) -> Coroutine[Any, Any, str]:
    return choose_take(desk.document, 4, desk.frame(4).takes[0].digest, desk.context)


@pytest.mark.parametrize("work", [first_colorize, fill, spread_it, redo, take_back])
def test_cancel_at_any_moment_leaves_the_document_as_it_was(run_until: RunUntil, work: Work) -> None:
    stop, cancelled = 0, 0
    while True:
        desk = Desk(run_until)
        desk.colorize()
        desk.finish(show_overlay(desk.document, True, desk.context))
        edited_before(desk)
        before = desk.snapshot()
        trial = CancelledAt(work(desk), stop, lambda desk=desk: not started_changing(desk))
        with_task = desk.start(trial.told())
        desk.run_until(lambda task=with_task: not task.running)
        if not trial.reached:
            break
        assert isinstance(desk.ended, TaskCancelled) == trial.cancelled
        if trial.cancelled:
            cancelled += 1
            assert desk.snapshot() == before
        assert MemoryReader.open_count == MemoryStaged.open_count == 0
        stop += 1
    assert desk.error is None
    assert desk.ended is None
    assert desk.snapshot() != before
    assert cancelled > 10


def started_changing(desk: Desk) -> bool:
    return desk.progress.news.busy and not desk.progress.news.can_cancel


def test_late_news_of_a_cancelled_job_is_not_shown(run_until: RunUntil) -> None:
    desk = Desk(run_until)
    desk.backend.stalls = True
    work = desk.start(colorize(desk.document, desk.choice, None, desk.context))
    desk.run_until(lambda: desk.progress.news.done == 1 and desk.progress.news.text == "Colouring")
    work.cancel()
    text = desk.progress.news.text
    desk.run_until(lambda: desk.backend.cancelled == ["job-1"])
    desk.backend.late_news("job-1")
    assert desk.progress.news.text == text
    assert desk.document.memos == {}


# -------------------------------------------------------------------------------- for hours


def test_two_hundred_jobs_leave_nothing_behind(run_until: RunUntil) -> None:
    desk = Desk(run_until)
    for number in range(100):
        desk.backend.colour = changed_mind if number % 2 else inverted
        desk.colorize()
        assert desk.error is None
        desk.regenerate(4, 9)
        assert desk.error is None
        assert MemoryReader.open_count == MemoryStaged.open_count == 0
    assert len(desk.backend.requests) == 200
    assert not any(desk.backend.has_listener(f"job-{number}") for number in range(1, 201))
    named = {f"take-{take.digest}" for frame in desk.ours.frames for take in frame.takes}
    assert named == set(desk.document.memos) - {MEMO}
