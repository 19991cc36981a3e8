"""Says what the work would cost, a moment after the choice has changed and before anything is done."""

from __future__ import annotations

from collections.abc import Callable

from keycel_plugin.flow.backend import Backend
from keycel_plugin.flow.estimate import estimate, estimate_inbetweens
from keycel_plugin.host.ports import ShotDocument
from keycel_plugin.qt import QtCore
from keycel_plugin.slots import guarded
from keycel_plugin.state.choice import Estimate
from keycel_plugin.state.model import Model
from keycel_plugin.tasks import Task
from keycel_shared.errors import KeycelError

_CALM_MS = 400
"""No change for so long: the artist is not clicking through the choices any more."""

Wanted = Callable[[], tuple[ShotDocument, "tuple[int, ...] | None"] | None]
"""The document in front and the frames that Colorize would be for (None: all); None: nothing to plan."""


class Planner(QtCore.QObject):
    """Keeps the estimates of `model.choice` true."""

    def __init__(
        self, model: Model, backend: Backend, wanted: Wanted, parent: QtCore.QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._model = model
        self._backend = backend
        self._wanted = wanted
        self._task: Task | None = None
        self._timer = QtCore.QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_CALM_MS)
        self._timer.timeout.connect(guarded(self._plan))
        model.choice.changed.connect(self.plan_soon)
        model.review.cells_changed.connect(self.plan_soon)

    def plan_soon(self, *_: object) -> None:
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()
        if self._task is not None:
            self._task.cancel()

    def _plan(self) -> None:
        wanted = self._wanted()
        if self._model.progress.news.busy:
            return  # the end of the work changes the cells, and so asks again
        if self._task is not None:
            self._task.cancel()
        if wanted is None:
            self._model.choice.show_estimates(None, None)
            return
        self._task = Task(self._ask(*wanted), lambda _: None)

    async def _ask(self, document: ShotDocument, times: tuple[int, ...] | None) -> None:
        choice = self._model.choice.choice
        answers: list[Estimate | None] = []
        for ask in (estimate, estimate_inbetweens):
            try:
                answers.append(await ask(document, choice, times, self._backend))
            except KeycelError:
                answers.append(None)  # whoever presses the button is told what is wrong
        self._model.choice.show_estimates(*answers)
