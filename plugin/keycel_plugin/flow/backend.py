"""The plugin's connection to the backend: started when first needed, polled by Qt, renewed when lost."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, cast

from keycel_plugin.qt import QtCore
from keycel_plugin.tasks import Task, pause
from keycel_plugin.vendoring import make_pyzmq_importable
from keycel_shared import paths
from keycel_shared.connection import ConnectionInfo
from keycel_shared.errors import ErrorCode, ErrorValue, KeycelError
from keycel_shared.launcher import Launch
from keycel_shared.link import Link
from keycel_shared.messages import Ping
from keycel_shared.session import Session
from keycel_shared.wire import Message

SAFETY_MS = 100
"""How often the sockets are looked at even without a sign of life."""
_LAUNCH_POLL_MS = 30
_ANSWER_SECONDS = 2.0
_ANSWER_POLL_MS = 5
_RESTARTS = 3
"""How often a lost backend is started again for one job."""

OnLost = Callable[[ErrorValue], None]


class Backend(QtCore.QObject):
    """Owns the session. Messages are handled one per Qt event, on the GUI thread."""

    def __init__(self, parent: QtCore.QObject | None = None) -> None:
        super().__init__(parent)
        self._launch: Launch | None = None
        self._session: Session | None = None
        self._notifiers: list[QtCore.QSocketNotifier] = []
        self._restarts = 0
        self._reconnecting: Task | None = None
        self._on_lost: OnLost | None = None
        self._drain_waits = False
        self._timer = QtCore.QTimer(self)
        self._timer.setInterval(SAFETY_MS)
        self._timer.timeout.connect(self._tick)

    async def connect_for(self, on_lost: OnLost) -> Session:
        """A session with a living backend for one job.

        `on_lost` hears if the connection breaks later and cannot be renewed.

        Raises:
            KeycelError: ENV_* or LINK_* if there is none to be had.
        """
        self._on_lost = on_lost
        self._restarts = 0
        if self._session is None or self._session.lost is not None or not await _answers(self._session):
            await self._connect()
        if self._session is None:
            raise RuntimeError("connected without a session")
        return self._session

    def job_over(self) -> None:
        """Nobody waits for anything: a connection that breaks now is renewed by the next job."""
        self._on_lost = None

    def close(self) -> None:
        """Leave. Jobs go on, results wait in the store."""
        if self._reconnecting is not None:
            self._reconnecting.cancel()
        self._stop_listening()
        if self._session is not None:
            self._session.close()
            self._session = None
        if self._launch is not None:
            self._launch.release()
            self._launch = None

    async def _connect(self) -> None:
        make_pyzmq_importable()
        link = _DrainingLink(await self._find_or_start(), self._drain_soon)
        self._unwatch()
        if self._session is None:
            self._session = Session(link, "krita")
        else:
            self._session.welcome = None  # of the old connection
            self._session.rebind(link)
        self._watch(link)
        session = self._session
        while session.welcome is None and session.lost is None:
            await pause(_LAUNCH_POLL_MS)
        if session.lost is not None:
            raise KeycelError.from_value(session.lost)

    async def _find_or_start(self) -> ConnectionInfo:
        if not paths.installation_file().exists():
            raise _not_installed()
        if self._launch is not None:
            self._launch.release()
        self._launch = Launch()
        while (info := self._launch.poll()) is None:
            await pause(_LAUNCH_POLL_MS)
        return info

    # ---------------------------------------------------------------------------- sockets

    def _watch(self, link: Link) -> None:
        for descriptor in link.file_descriptors():
            number = cast("Any", descriptor)  # PyQt's own type hint leaves out int
            notifier = QtCore.QSocketNotifier(number, QtCore.QSocketNotifier.Type.Read, self)
            notifier.activated.connect(self._drain_soon)
            self._notifiers.append(notifier)
        self._timer.start()
        self._drain_soon()

    def _unwatch(self) -> None:
        """Before the sockets close: a notifier on a closed descriptor would spin."""
        for notifier in self._notifiers:
            notifier.setEnabled(False)
            notifier.deleteLater()
        self._notifiers.clear()

    def _stop_listening(self) -> None:
        self._timer.stop()
        self._unwatch()

    def _drain_soon(self, *_: object) -> None:
        """ZeroMQ's descriptors are edge-triggered: after any sign, and after each send, read until empty."""
        if not self._drain_waits:
            self._drain_waits = True
            QtCore.QTimer.singleShot(0, self._drain)

    def _drain(self) -> None:
        self._drain_waits = False
        if self._session is not None and self._guarded(self._session.process_one):
            self._drain_soon()

    def _tick(self) -> None:
        self._drain_soon()
        session = self._session
        if session is None:
            return
        self._guarded(session.tick)
        if session.lost is None or self._reconnecting is not None:
            return
        if self._on_lost is None:
            self._stop_listening()
        else:
            self._reconnecting = Task(self._reconnect(session.lost), self._reconnected)

    def _guarded(self, step: Callable[[], bool | None]) -> bool:
        """Run a step of the session; whatever a listener raises ends the job, never Krita."""
        try:
            return bool(step())
        except KeycelError as error:
            self._report_lost(error.value)
        except Exception as error:
            self._report_lost(unexpected(error))
        return True

    # ---------------------------------------------------------------------------- renewing

    async def _reconnect(self, lost: ErrorValue) -> None:
        while lost.retryable and self._restarts < _RESTARTS:
            self._restarts += 1
            try:
                await self._connect()
            except KeycelError as error:
                lost = error.value
            else:
                return
        raise KeycelError.from_value(lost)

    def _reconnected(self, error: BaseException | None) -> None:
        self._reconnecting = None
        if error is None:
            return
        self._stop_listening()
        if isinstance(error, Exception):
            self._report_lost(error.value if isinstance(error, KeycelError) else unexpected(error))

    def _report_lost(self, error: ErrorValue) -> None:
        if self._on_lost is not None:
            self._on_lost(error)


async def _answers(session: Session) -> bool:
    """True if the supervisor is there: it may have died while nobody was asking for anything."""
    answers: list[bool] = []
    session.request(Ping(), lambda _: answers.append(True), lambda _: answers.append(False))
    deadline = time.monotonic() + _ANSWER_SECONDS
    while not answers and time.monotonic() < deadline:
        await pause(_ANSWER_POLL_MS)
    return answers == [True]


class _DrainingLink(Link):
    """Tells after every send, because a send may swallow the sign of a waiting message."""

    def __init__(self, info: ConnectionInfo, on_sent: Callable[[], None]) -> None:
        super().__init__(info)
        self._on_sent = on_sent

    def send(self, message: Message) -> None:
        super().send(message)
        self._on_sent()


def unexpected(error: BaseException) -> ErrorValue:
    """A mistake of ours, told plainly."""
    return ErrorValue(
        ErrorCode.BUG_UNEXPECTED,
        "Something unexpected went wrong; the document was not changed by it.",
        "Press the button again. If it happens again, please report it with the details.",
        f"{type(error).__name__}: {error}",
    )


def _not_installed() -> KeycelError:
    return KeycelError(
        ErrorCode.ENV_NO_BACKEND,
        "The Keycel backend is not installed.",
        "Run `python3 installer install` in the Keycel folder, then press the button again.",
        f"{paths.installation_file()} does not exist",
    )
