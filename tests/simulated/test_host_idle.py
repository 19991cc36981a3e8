"""Waiting for a document that others are working on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from keycel_plugin.host import idle
from keycel_plugin.tasks import Task, TaskCancelled
from keycel_shared.errors import ErrorCode, KeycelError


class Busy:
    """As much of a Krita document as says whether it is idle; it is after `tries` tries to lock it."""

    def __init__(self, tries: int, size: int = 8) -> None:
        self._tries = tries
        self._size = size
        self.locks = 0
        self.copied_under: list[int] = []

    def tryBarrierLock(self) -> bool:  # noqa: N802 - Krita's name
        self._tries -= 1
        self.locks += self._tries < 0
        return self._tries < 0

    def unlock(self) -> None:
        self.locks -= 1

    def clone(self) -> str:
        self.copied_under.append(self.locks)
        return "a copy"

    def name(self) -> str:
        return "shot"

    def width(self) -> int:
        """Of a closed document: 0."""
        return self._size


def end_of(run_until: Callable[..., None], work: Any) -> BaseException | None:
    ends: list[BaseException | None] = []
    Task(work, ends.append)
    run_until(lambda: ends)
    return ends[0]


def test_a_copy_is_made_under_a_lock(run_until: Callable[..., None]) -> None:
    document: Any = Busy(3)
    assert end_of(run_until, idle.copy_of(document)) is None
    assert document.copied_under == [1]
    assert document.locks == 0


def test_a_document_that_stays_busy_is_told(
    run_until: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idle, "_PATIENCE", 0.05)
    document: Any = Busy(10**9)
    error = end_of(run_until, idle.copy_of(document))
    assert isinstance(error, KeycelError)
    assert error.value.code is ErrorCode.DOC_UNREADABLE_PICTURE
    assert error.value.retryable
    assert "“shot”" in error.value.title
    assert document.copied_under == []


@pytest.mark.parametrize("wait", [idle.copy_of, idle.until_idle])
def test_a_document_closed_meanwhile_is_not_waited_for(
    run_until: Callable[..., None], wait: Callable[[Any], Any]
) -> None:
    error = end_of(run_until, wait(Busy(10**9, size=0)))
    assert isinstance(error, KeycelError)
    assert error.value.code is ErrorCode.DOC_NO_SHOT


def test_waiting_can_be_cancelled(run_until: Callable[..., None]) -> None:
    document: Any = Busy(10**9)
    ends: list[BaseException | None] = []
    task = Task(idle.until_idle(document), ends.append)
    run_until(lambda: document._tries < 10**9 - 3)
    task.cancel()
    assert isinstance(ends[0], TaskCancelled)
    assert document.locks == 0
