"""Keeps the page of models true while it is looked at, and does what is wished there."""

from __future__ import annotations

from keycel_plugin.flow.backend import Backend, unexpected
from keycel_plugin.qt import QtCore
from keycel_plugin.slots import guarded
from keycel_plugin.state.backend_status import Link
from keycel_plugin.state.models import Models
from keycel_plugin.tasks import Task, TaskCancelled
from keycel_shared.errors import KeycelError
from keycel_shared.messages import Body, Done
from keycel_shared.model_messages import (
    ModelInstall,
    ModelLink,
    ModelList,
    ModelListing,
    ModelOffline,
    ModelPause,
    ModelRemove,
    ModelVerify,
)

_BUSY_MS, _IDLE_MS = 400, 3000
"""How often the backend is asked, while something is being done and while nothing is."""


class ModelKeeper(QtCore.QObject):
    """Implements `ui.model_commands.ModelCommands`."""

    def __init__(self, models: Models, backend: Backend, parent: QtCore.QObject | None = None) -> None:
        super().__init__(parent)
        self._models = models
        self._backend = backend
        self._looking: Task | None = None
        self._wishes: list[Task] = []
        self._shown = 0
        """Pages in sight: each of Krita's windows has its own."""
        self._blind = False
        """The backend could not be asked how it is; that is the error which is shown."""
        self._timer = QtCore.QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(guarded(self._look))
        backend.status.changed.connect(self._look_again)

    def show(self, shown: bool) -> None:
        """Nobody looks at a hidden page: then the backend is not asked."""
        self._shown = max(0, self._shown + (1 if shown else -1))
        if shown:
            self._look()
        elif not self._shown:
            self._timer.stop()

    def install(self, name: str, accept_licence: bool) -> None:
        self._wish(ModelInstall(name, accept_licence))

    def link(self, name: str, folder: str, accept_licence: bool) -> None:
        self._wish(ModelLink(name, folder, accept_licence))

    def pause(self, name: str) -> None:
        self._wish(ModelPause(name))

    def verify(self, name: str) -> None:
        self._wish(ModelVerify(name))

    def remove(self, name: str) -> None:
        self._wish(ModelRemove(name))

    def set_offline(self, offline: bool) -> None:
        self._wish(ModelOffline(offline))

    def stop(self) -> None:
        """Krita is closing."""
        self._shown = 0
        self._timer.stop()
        for task in (*self._wishes, *([self._looking] if self._looking else [])):
            task.cancel()

    # ---------------------------------------------------------------------------- asking

    def _look(self) -> None:
        self._timer.stop()
        if self._looking is None or not self._looking.running:
            self._looking = Task(self._ask_how_it_is(), self._looked)

    def _look_again(self) -> None:
        """A backend that could not be started is not tried every few seconds, but seen when it is there."""
        if self._shown and self._blind and self._backend.status.link is Link.READY:
            self._look()

    async def _ask_how_it_is(self) -> None:
        self._models.show(await self._backend.ask(ModelList(), ModelListing))
        if self._blind:
            self._blind = False
            self._models.show_error(None)

    def _wish(self, body: Body) -> None:
        async def work() -> None:
            self._models.show_error(None)
            await self._backend.ask(body, Done)
            await self._ask_how_it_is()

        self._wishes = [task for task in self._wishes if task.running]
        self._wishes.append(Task(work(), self._wished))

    def _looked(self, error: BaseException | None) -> None:
        self._blind = error is not None
        self._wished(error)

    def _wished(self, error: BaseException | None) -> None:
        if isinstance(error, TaskCancelled):
            return
        if error is not None:
            self._models.show_error(error.value if isinstance(error, KeycelError) else unexpected(error))
        if self._shown and not self._blind:
            self._timer.start(_BUSY_MS if self._models.busy else _IDLE_MS)
