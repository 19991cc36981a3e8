"""Coroutines on Qt's event loop: order, cancelling, and no exception that escapes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from keycel_plugin.slots import guarded
from keycel_plugin.tasks import Inbox, Task, TaskCancelled, pause

RunUntil = Callable[..., None]


def test_work_goes_on_one_step_per_event(run_until: RunUntil) -> None:
    steps: list[str] = []
    ends: list[BaseException | None] = []

    async def work(name: str) -> None:
        for number in range(3):
            steps.append(f"{name}{number}")
            await pause()

    Task(work("a"), ends.append)
    Task(work("b"), ends.append)
    assert steps == []
    run_until(lambda: len(ends) == 2)
    assert steps == ["a0", "b0", "a1", "b1", "a2", "b2"]
    assert ends == [None, None]


def test_an_inbox_keeps_the_order_and_wakes_its_reader(run_until: RunUntil) -> None:
    inbox: Inbox[int] = Inbox()
    got: list[int] = []
    ends: list[BaseException | None] = []

    async def read() -> None:
        while len(got) < 4:
            got.append(await inbox.get())

    inbox.put(1)
    inbox.put(2)
    Task(read(), ends.append)
    run_until(lambda: len(got) == 2)
    inbox.put(3)
    inbox.put(4)
    run_until(lambda: ends == [None])
    assert got == [1, 2, 3, 4]


def test_cancel_cleans_up_at_once_and_ends_once(run_until: RunUntil) -> None:
    log: list[str] = []
    ends: list[BaseException | None] = []
    inbox: Inbox[int] = Inbox()

    async def work() -> None:
        try:
            log.append("waiting")
            await inbox.get()
        finally:
            log.append("cleaned up")

    task = Task(work(), ends.append)
    run_until(lambda: log == ["waiting"])
    task.cancel()
    task.cancel()
    assert log == ["waiting", "cleaned up"]
    assert [type(end) for end in ends] == [TaskCancelled]
    inbox.put(1)
    run_until(lambda: not task.running)


@pytest.mark.parametrize("waits", [True, False])
def test_cancel_in_the_middle_of_a_step_takes_effect_where_the_work_waits_next(
    run_until: RunUntil, waits: bool
) -> None:
    """As when Krita, called by the work, closes the window whose docker cancels the work."""
    log: list[str] = []
    ends: list[BaseException | None] = []

    async def work() -> None:
        try:
            task.cancel()
            log.append("the step goes on")
            if waits:
                await pause()
                log.append("never")
        finally:
            log.append("cleaned up")

    task = Task(work(), ends.append)
    run_until(lambda: not task.running)
    assert log == ["the step goes on", "cleaned up"]
    assert [type(end) for end in ends] == [TaskCancelled if waits else type(None)]


def test_a_task_cancelled_before_its_first_step_never_runs() -> None:
    ends: list[BaseException | None] = []

    async def work() -> None:
        raise AssertionError("must not run")

    Task(work(), ends.append).cancel()
    assert [type(end) for end in ends] == [TaskCancelled]


def test_an_exception_goes_to_the_end(run_until: RunUntil) -> None:
    ends: list[BaseException | None] = []

    async def work() -> None:
        await pause(1)
        raise ZeroDivisionError

    Task(work(), ends.append)
    run_until(lambda: bool(ends))
    assert isinstance(ends[0], ZeroDivisionError)


def test_a_guarded_slot_swallows_arguments_and_errors(capsys: pytest.CaptureFixture[str]) -> None:
    def broken() -> None:
        raise ZeroDivisionError("for the log")

    guarded(broken)(True, "whatever a signal sends")
    assert "for the log" in capsys.readouterr().err
