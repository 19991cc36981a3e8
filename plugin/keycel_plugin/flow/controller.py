"""What the buttons do: one job at a time, every end of it told in the docker."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from keycel_plugin.flow.backend import Backend, unexpected
from keycel_plugin.flow.collect import Source
from keycel_plugin.flow.colorize import colorize
from keycel_plugin.flow.regenerate import regenerate
from keycel_plugin.host.ports import Host
from keycel_plugin.qt import QtCore
from keycel_plugin.state.layer_choice import LayerChoice
from keycel_plugin.state.progress import Progress
from keycel_plugin.tasks import Task, TaskCancelled
from keycel_shared.errors import KeycelError


class Controller(QtCore.QObject):
    """Connects the buttons with the use cases."""

    def __init__(self, host: Host, backend: Backend, parent: QtCore.QObject | None = None) -> None:
        super().__init__(parent)
        self._host = host
        self._backend = backend
        self._task: Task | None = None
        self.choice = LayerChoice(self)
        self.progress = Progress(self)

    @property
    def busy(self) -> bool:
        return self._task is not None and self._task.running

    def refresh(self) -> None:
        """The document or its layers may have changed."""
        self.choice.refresh(self._host.active_document())

    def colorize(self) -> None:
        """Colour the shot of the active document."""
        self.refresh()
        document = self._host.active_document()
        source = Source(document, self.choice.line_layer, self.choice.color_layer)
        self._start(colorize(source, self._backend, self.progress))

    def regenerate(self) -> None:
        """Colour the drawing under the playhead anew."""
        self.refresh()
        self._start(regenerate(self._host.active_document(), self._backend, self.progress))

    def cancel(self) -> None:
        """Stop; without effect in the moment in which the document is being changed."""
        if self._task is not None and self.progress.news.can_cancel:
            self._task.cancel()

    def shut_down(self) -> None:
        """Krita is closing: stop at once and leave the backend."""
        if self._task is not None:
            self._task.cancel()
        self._backend.close()

    def _start(self, work: Coroutine[Any, Any, str]) -> None:
        if self.busy:
            work.close()
            return
        self.progress.show("Reading the timeline")
        self._task = Task(self._tell(work), self._ended)

    async def _tell(self, work: Coroutine[Any, Any, str]) -> None:
        self.progress.finish(await work)

    def _ended(self, error: BaseException | None) -> None:
        if isinstance(error, KeycelError):
            self.progress.fail(error.value)
        elif isinstance(error, TaskCancelled):
            self.progress.finish(
                "Cancelled. The document is as it was; finished frames cost nothing next time."
            )
        elif error is not None:
            self.progress.fail(unexpected(error))
        self.refresh()
