"""The plugin's connection to the backend: started when first needed, polled by Qt, renewed when lost."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from keycel_plugin.flow.pending import Note, PendingJobs
from keycel_plugin.flow.sockets import SocketWatch, WatchedLink
from keycel_plugin.qt import QtCore
from keycel_plugin.state.backend_status import BackendStatus
from keycel_plugin.state.backend_status import Link as State
from keycel_plugin.tasks import Inbox, Task, pause
from keycel_plugin.vendoring import make_pyzmq_importable
from keycel_plugin.words import _
from keycel_shared import paths
from keycel_shared.abandon import Abandoned
from keycel_shared.connection import ConnectionInfo
from keycel_shared.errors import ErrorCode, ErrorValue, KeycelError
from keycel_shared.launcher import Launch, still_runs
from keycel_shared.messages import Body, EngineInfo, JobEstimate, JobPlan, JobRequest, Ping, Welcome
from keycel_shared.session import Session
from keycel_shared.wire import Message

LINGER = 3.0
"""Seconds that the backend stays after Krita has been closed, if it has nothing left to do."""
_POLL_MS = 30
_ANSWER_SECONDS = 2.0
_ANSWER_POLL_MS = 5
_LOOK_AFTER_SECONDS = 0.5
"""How often the supervisor's process is looked for: its death is noticed long before its silence."""
_RESTARTS = 3
"""How often a lost backend is started again for one job."""

B = TypeVar("B", bound=Body)

OnLost = Callable[[ErrorValue], None]


class Backend(QtCore.QObject):
    """Owns the session. Messages are handled one per Qt event, on the GUI thread."""

    def __init__(self, parent: QtCore.QObject | None = None) -> None:
        super().__init__(parent)
        self.status = BackendStatus(self)
        self.engines: tuple[EngineInfo, ...] = ()
        """What the backend offers; empty until it has been reached. New when `status` becomes ready."""
        self.pending = PendingJobs()
        self._launch: Launch | None = None
        self._info: ConnectionInfo | None = None
        self._session: Session | None = None
        self._sockets = SocketWatch(self._process_one, self._tick, self)
        self._looked_after = 0.0
        self._connecting = False
        self._restarts = 0
        self._reconnecting: Task | None = None
        self._on_lost: OnLost | None = None

    async def connect(self) -> None:
        """Make sure that there is a living backend, without a job for it yet.

        Raises:
            KeycelError: ENV_* or LINK_* if there is none to be had.
        """
        await self._living_session("", "")

    async def connect_for(self, on_lost: OnLost, earlier: Note | None = None) -> Session:
        """A session with a living backend for one job.

        `on_lost` hears if the connection breaks later and cannot be renewed. `earlier`: the job of a
        Krita that is gone, whose session is taken over (see `PendingJobs.take_over`).

        Raises:
            KeycelError: ENV_* or LINK_* if there is none to be had.
        """
        self._on_lost = on_lost
        self._restarts = 0
        if earlier is None:
            return await self._living_session("", "")
        return await self._living_session(earlier.session, earlier.job)

    def job_over(self) -> None:
        """Nobody waits for anything: a connection that breaks now is renewed by the next job."""
        self._on_lost = None

    async def plan(self, request: JobRequest) -> JobEstimate | None:
        """What a request would cost; None while the backend cannot be asked or refuses the request."""
        session = self._session
        if session is None or session.lost is not None or session.welcome is None:
            return None
        answers: Inbox[JobEstimate | None] = Inbox()
        session.request(
            JobPlan(request),
            lambda message: answers.put(message.expect(JobEstimate)),
            lambda _: answers.put(None),
        )
        return await answers.get()

    async def ask(self, body: Body, kind: type[B]) -> B:
        """One request that belongs to no job, and its answer.

        Raises:
            KeycelError: ENV_* or LINK_* if there is no backend to be had, or what it answers.
        """
        session = await self._living_session("", "")
        answers: Inbox[Message | ErrorValue] = Inbox()
        session.request(body, answers.put, answers.put)
        answer = await answers.get()
        if isinstance(answer, ErrorValue):
            raise KeycelError.from_value(answer)
        return answer.expect(kind)

    def close(self) -> None:
        """Leave. Jobs go on, results wait in the store."""
        if self._reconnecting is not None:
            self._reconnecting.cancel()
        self._leave_session()
        self._release()
        self.pending.close()
        self.status.show(State.OFF)

    # ---------------------------------------------------------------------------- connecting

    async def _living_session(self, wanted: str, job: str) -> Session:
        """Our session, or the one of the id `wanted`; its jobs that nobody waits for, except `job`, end."""
        while self._connecting:
            await pause(_POLL_MS)
        self._connecting = True
        try:
            if wanted and self._session is not None and self._session.id != wanted:
                self._leave_session()
            session = self._session
            if session is None or not await self._is_alive(session):
                session = await self._connect(wanted, job)
        except KeycelError as error:
            self._sockets.stop()
            self.status.show(State.MISSING, error.value.title, error.value)
            raise
        except BaseException:
            self.status.show(State.OFF)
            raise
        finally:
            self._connecting = False
        return session

    async def _is_alive(self, session: Session) -> bool:
        """The supervisor may have died while nobody was asking for anything."""
        if session.lost is not None or self._info is None or not still_runs(self._info):
            return False
        return await _answers(session)

    async def _connect(self, wanted: str, job: str) -> Session:
        """A supervisor that ends at the moment in which it is found is replaced by another."""
        for _attempt in range(_RESTARTS):
            try:
                return await self._connect_once(wanted, job)
            except KeycelError as error:
                if error.value.code is not ErrorCode.LINK_LOST:
                    raise
        return await self._connect_once(wanted, job)

    async def _connect_once(self, wanted: str, job: str) -> Session:
        self.status.show(State.STARTING)
        make_pyzmq_importable()
        self._info = await self._find_or_start()
        link = WatchedLink(self._info, self._sockets.look_soon)
        self._sockets.stop()
        session = self._session
        if session is None:
            session = self._session = Session(link, "krita", wanted)
        else:
            session.welcome = None  # of the old connection
            session.rebind(link)
        self._sockets.start(link)
        while session.welcome is None and session.lost is None:
            await pause(_POLL_MS)
            self._look_after(session)
        if session.lost is not None or session.welcome is None:
            raise KeycelError.from_value(session.lost or _left())
        self._welcomed(session, session.welcome, job)
        return session

    def _welcomed(self, session: Session, welcome: Welcome, job: str) -> None:
        for status in welcome.jobs:
            if status.job != job and not session.has_listener(status.job):
                Abandoned(session, status.job)
        self.engines = welcome.engines
        self.status.show(State.READY, welcome.version)

    async def _find_or_start(self) -> ConnectionInfo:
        if not paths.installation_file().exists():
            raise _not_installed()
        if self._info is not None and not still_runs(self._info):
            self._release()
        try:
            # One that was being started when its task was cancelled is waited for, not started again.
            self._launch = self._launch or Launch(linger=LINGER)
            while (info := self._launch.poll()) is None:
                await pause(_POLL_MS)
        except KeycelError:
            self._release()
            raise
        return info

    def _leave_session(self) -> None:
        self._sockets.stop()
        if self._session is not None:
            self._session.close()
            self._session = None

    def _release(self) -> None:
        self._info = None
        if self._launch is not None:
            self._launch.release()
            self._launch = None

    # ---------------------------------------------------------------------------- living

    def _process_one(self) -> bool:
        return self._session is not None and self._guarded(self._session.process_one)

    def _tick(self) -> None:
        session = self._session
        if session is None or self._connecting:
            return
        self._look_after(session)
        if session.lost is None or self._reconnecting is not None:
            return
        self.status.show(State.LOST, session.lost.title)
        if self._on_lost is None:
            self._sockets.stop()
        else:
            self._reconnecting = Task(self._reconnect(session.lost), self._reconnected)

    def _look_after(self, session: Session) -> None:
        now = time.monotonic()
        if self._info is not None and now - self._looked_after > _LOOK_AFTER_SECONDS:
            self._looked_after = now
            if not still_runs(self._info):
                session.give_up("The backend's process has ended.")
        self._guarded(session.tick)

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
                await self._living_session("", "")
            except KeycelError as error:
                lost = error.value
            else:
                return
        raise KeycelError.from_value(lost)

    def _reconnected(self, error: BaseException | None) -> None:
        self._reconnecting = None
        if error is None:
            return
        self._sockets.stop()
        if isinstance(error, Exception):
            self._report_lost(error.value if isinstance(error, KeycelError) else unexpected(error))

    def _report_lost(self, error: ErrorValue) -> None:
        if self._on_lost is not None:
            self._on_lost(error)


async def _answers(session: Session) -> bool:
    """True if the supervisor says so within a moment."""
    answers: list[bool] = []
    session.request(Ping(), lambda _: answers.append(True), lambda _: answers.append(False))
    deadline = time.monotonic() + _ANSWER_SECONDS
    while not answers and time.monotonic() < deadline:
        await pause(_ANSWER_POLL_MS)
    return answers == [True]


def unexpected(error: BaseException) -> ErrorValue:
    """A mistake of ours, told plainly."""
    return ErrorValue(
        ErrorCode.BUG_UNEXPECTED,
        _("Something unexpected went wrong; the document was not changed by it."),
        _("Press the button again. If it happens again, please report it with the details."),
        f"{type(error).__name__}: {error}",
    )


def _not_installed() -> KeycelError:
    return KeycelError(
        ErrorCode.ENV_NO_BACKEND,
        _("The Keycel backend is not installed."),
        _("Press “Set up”; Keycel installs it from here."),
        f"{paths.installation_file()} does not exist",
    )


def _left() -> ErrorValue:
    return ErrorValue(
        ErrorCode.LINK_LOST,
        _("The connection to the backend was lost."),
        _("Press the button again."),
        retryable=True,
    )
