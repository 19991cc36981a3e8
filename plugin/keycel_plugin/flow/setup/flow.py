"""Setting up step by step: find or install a backend, reach it, colour the test shot.

Implements `ui.setup_commands.SetupCommands`.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

from keycel_plugin.flow.backend import Backend, unexpected
from keycel_plugin.flow.setup import finding, installing
from keycel_plugin.flow.setup.trial import color_trial
from keycel_plugin.qt import QtCore
from keycel_plugin.state.backend_status import Link
from keycel_plugin.state.progress import Progress
from keycel_plugin.state.setup import FoundBackend, Setup, SetupTrouble, Stage
from keycel_plugin.tasks import Task, TaskCancelled, pause
from keycel_shared import paths
from keycel_shared.connection import read_connection
from keycel_shared.errors import ErrorCode, ErrorValue, KeycelError
from keycel_shared.launcher import is_locked
from keycel_shared.setup_report import Trouble
from keycel_shared.version import PROTOCOL

NEEDS_SETUP = (
    ErrorCode.ENV_NO_BACKEND,
    ErrorCode.ENV_BACKEND_START,
    ErrorCode.ENV_MISSING_LIBRARY,
    ErrorCode.LINK_VERSION,
)
"""Errors of connecting that only another backend mends."""

_LEAVES_WITHIN = 10.0
"""Seconds that a running backend of another version has to finish."""
_POLL_MS = 50
_WAITING = (Stage.LOOKING, Stage.OFFER, Stage.STOPPED)
"""Stages that a backend which is suddenly there makes needless."""


class SetupFlow(QtCore.QObject):
    """One work at a time. `on_ready` is called when the artist is done with the page."""

    def __init__(
        self, setup: Setup, backend: Backend, on_ready: Callable[[], None], parent: QtCore.QObject
    ) -> None:
        super().__init__(parent)
        self._setup = setup
        self._backend = backend
        self._on_ready = on_ready
        self._progress = Progress(self)
        self._task: Task | None = None
        self._python = ""
        """That can install."""
        self._declined = False
        """The artist has closed the page: it comes back when asked for only."""

    def follow_backend(self) -> None:
        """The backend's status has changed."""
        status, stage = self._backend.status, self._setup.news.stage
        if status.link is Link.READY and stage in _WAITING:
            self.close()
        elif status.link is Link.MISSING and stage is Stage.CLOSED and not self._declined:
            error = status.error
            if error is not None and error.code in NEEDS_SETUP:
                self._look(error)

    def stop(self) -> None:
        """Krita is closing: the installer ends as well, and goes on next time."""
        if self._task is not None:
            self._task.cancel()

    # ---------------------------------------------------------------------------- SetupCommands

    def open(self) -> None:
        self._declined = False
        self._look(self._backend.status.error)

    def look_again(self) -> None:
        self._look(self._setup.news.reason)

    def use(self, python: str) -> None:
        for backend in self._setup.news.found:
            if backend.python == python:
                self._start(self._use(backend))

    def point_at(self, path: str) -> None:
        self._start(self._point_at(Path(path)))

    def install(self, with_diffusion: bool) -> None:
        if self._python:
            self._start(self._install(with_diffusion))

    def cancel(self) -> None:
        if self._setup.news.stage is Stage.INSTALLING:
            self._setup.show(Stage.INSTALLING, cancelling=True)

    def connect(self) -> None:
        self._start(self._connect())

    def color_trial(self) -> None:
        self._start(self._color_trial())

    def close(self) -> None:
        self._declined = self._backend.status.link is not Link.READY
        if self._task is not None:
            self._task.cancel()
        self._setup.close()
        self._on_ready()

    # ---------------------------------------------------------------------------- the steps

    def _look(self, reason: ErrorValue | None) -> None:
        self._setup.show(Stage.LOOKING, reason=reason, refused="", error=None)
        self._start(self._find())

    async def _find(self) -> None:
        found = await finding.find_backends()
        self._python, plan = await finding.find_plan()
        self._setup.show(Stage.OFFER, found=found, plan=plan)

    async def _use(self, backend: FoundBackend) -> None:
        finding.use_backend(backend)
        await self._connect()

    async def _point_at(self, place: Path) -> None:
        self._setup.show(Stage.LOOKING, refused="")
        for python in finding.pythons_in(place):
            backend = await finding.ask_backend(python)
            if backend is not None and backend.fits:
                await self._use(backend)
                return
        self._setup.show(Stage.OFFER, refused=str(place))

    async def _install(self, with_diffusion: bool) -> None:
        try:
            installed = await installing.install(self._setup, self._python, with_diffusion)
        except OSError as error:
            trouble = SetupTrouble(Trouble.OTHER, "", str(error))
            self._setup.show(Stage.STOPPED, current="", trouble=trouble)
            return
        if installed:
            await self._connect()

    async def _connect(self) -> None:
        self._setup.show(Stage.CONNECTING, error=None)
        self._backend.close()
        await _end_other_version()
        try:
            await self._backend.connect()
        except KeycelError as error:
            self._setup.show(Stage.CONNECTING, error=error.value)
            return
        self._setup.show(Stage.MODELS, reason=None)

    async def _color_trial(self) -> None:
        self._setup.show(Stage.TRYING, error=None, picture=None)
        try:
            picture = await color_trial(self._backend, self._progress)
        except KeycelError as error:
            self._setup.show(Stage.TRIED, error=error.value)
        else:
            self._setup.show(Stage.TRIED, picture=picture)

    # ---------------------------------------------------------------------------- running

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        """In place of whatever is going on."""
        if self._task is not None:
            self._task.cancel()
        self._task = Task(work, self._ended)

    def _ended(self, error: BaseException | None) -> None:
        if error is not None and not isinstance(error, TaskCancelled):
            self._setup.show(Stage.CONNECTING, error=unexpected(error))


async def _end_other_version() -> None:
    """A backend that speaks another protocol, left running by an older plugin, makes room for ours."""
    try:
        running = read_connection()
    except KeycelError:
        return
    if running is None or running.protocol == PROTOCOL or not is_locked(paths.lock_file()):
        return
    with suppress(OSError):
        os.kill(running.process, signal.SIGTERM)
    deadline = time.monotonic() + _LEAVES_WITHIN
    while is_locked(paths.lock_file()) and time.monotonic() < deadline:
        await pause(_POLL_MS)
