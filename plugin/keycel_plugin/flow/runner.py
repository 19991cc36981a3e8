"""Runs what the artist asks for: one long work at a time, short commands at any time."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from keycel_plugin.flow.backend import unexpected
from keycel_plugin.state.progress import Progress
from keycel_plugin.tasks import Task, TaskCancelled
from keycel_plugin.words import _
from keycel_shared.errors import ErrorValue, KeycelError

Work = Callable[[], Coroutine[Any, Any, str]]
"""Starts a use case; its result is what to tell the artist (empty: nothing)."""


class Runner:
    """Every end of a work is told in the docker; `on_end` is called after each."""

    def __init__(self, progress: Progress, on_end: Callable[[], None]) -> None:
        self._progress = progress
        self._on_end = on_end
        self._long: Task | None = None
        self._short: list[Task] = []
        self._latest: Work | None = None

    @property
    def busy(self) -> bool:
        return self._long is not None and self._long.running

    def start(self, work: Work) -> None:
        """Long work with progress and cancel; nothing happens while another is running."""
        if self.busy:
            return
        self._latest = work
        self._progress.show(_("Reading the timeline"))
        self._long = Task(self._tell(work), self._long_ended)

    def start_again(self) -> None:
        """The latest long work once more."""
        if self._latest is not None:
            self.start(self._latest)

    def run(self, command: Work) -> None:
        """A short command; it may run beside a long work."""
        self._short = [task for task in self._short if task.running]
        self._short.append(Task(self._tell_shortly(command), self._short_ended))

    def cancel(self) -> None:
        """Stop the long work; without effect in the moment in which the document is being changed."""
        if self._long is not None and self._progress.news.can_cancel:
            self._long.cancel()

    def stop(self) -> None:
        """Everything, at once."""
        for task in (*self._short, *([self._long] if self._long else [])):
            task.cancel()

    async def _tell(self, work: Work) -> None:
        self._progress.finish(await work())

    async def _tell_shortly(self, command: Work) -> None:
        told = await command()
        if told and not self.busy:
            self._progress.finish(told)

    def _long_ended(self, error: BaseException | None) -> None:
        if isinstance(error, TaskCancelled):
            self._progress.finish(
                _("Cancelled. The document is as it was; finished frames cost nothing next time.")
            )
        elif error is not None:
            self._progress.fail(_value(error))
        self._on_end()

    def _short_ended(self, error: BaseException | None) -> None:
        if error is not None and not isinstance(error, TaskCancelled) and not self.busy:
            self._progress.fail(_value(error))
        self._on_end()


def _value(error: BaseException) -> ErrorValue:
    return error.value if isinstance(error, KeycelError) else unexpected(error)
