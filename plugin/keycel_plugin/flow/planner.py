"""Says what work would cost, a moment after the choice has changed and before anything is done."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from keycel_plugin.qt import QtCore
from keycel_plugin.slots import guarded
from keycel_plugin.state.choice import Estimate
from keycel_plugin.state.progress import Progress
from keycel_plugin.tasks import Task
from keycel_shared.errors import KeycelError

_CALM_MS = 400
"""No change for so long: the artist is not clicking through the choices any more."""

Question = Callable[[], Coroutine[Any, Any, "Estimate | None"]]
"""Asks the backend, once it is called: a task that is cancelled before its first step never calls it."""
Ask = Callable[[], "Question | None"]
"""What to ask about the work that is chosen just now; None: nothing to plan."""


class Planner(QtCore.QObject):
    """Keeps one estimate true: whoever changes what it depends on calls `plan_soon`."""

    def __init__(
        self,
        progress: Progress,
        ask: Ask,
        show: Callable[[Estimate | None], None],
        parent: QtCore.QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._progress = progress
        self._ask = ask
        self._show = show
        self._task: Task | None = None
        self._timer = QtCore.QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_CALM_MS)
        self._timer.timeout.connect(guarded(self._plan))

    def plan_soon(self, *_: object) -> None:
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()
        if self._task is not None:
            self._task.cancel()

    def _plan(self) -> None:
        if self._progress.news.busy:
            return  # the end of the work changes the cells, and so asks again
        if self._task is not None:
            self._task.cancel()
        question = self._ask()
        if question is None:
            self._show(None)
            return
        self._task = Task(self._answer(question), lambda _: None)

    async def _answer(self, question: Question) -> None:
        answer: Estimate | None = None
        try:
            answer = await question()
        except KeycelError:
            answer = None  # whoever presses the button is told what is wrong
        self._show(answer)
