"""Answers messages: one small function per type."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import zmq.asyncio

from keycel_backend.engines.base import EngineDescription, Option
from keycel_backend.engines.registry import descriptions
from keycel_shared.errors import ErrorCode, KeycelError
from keycel_shared.messages import (
    DATA_TYPES,
    Acknowledge,
    BlobData,
    BlobGet,
    BlobNeed,
    BlobPut,
    BlobQuery,
    BlobStored,
    Body,
    Bye,
    Diagnose,
    Diagnosis,
    Done,
    EngineInfo,
    EngineOption,
    Error,
    Hello,
    JobAccepted,
    JobCancel,
    JobCredit,
    JobEstimate,
    JobList,
    JobListing,
    JobPlan,
    JobSubmit,
    JobWatch,
    Ping,
    Pong,
    Shutdown,
    Welcome,
)
from keycel_shared.pixels import is_digest
from keycel_shared.version import VERSION
from keycel_shared.wire import LARGEST_HEADER, Buffer, Message, decode, make, malformed

from .diagnosis import facts
from .jobs import Jobs
from .lifetime import Lifetime
from .model_works import ModelWorks
from .requests import check_plan
from .runner import Runner
from .sessions import SessionLog, Sessions
from .sockets import Sockets, receive, send
from .store import FrameStore

log = logging.getLogger(__name__)

DATA_AT_ONCE = 3
"""Pictures that are hashed, packed or read at the same time."""

LONGEST_SESSION_ID = 64

Answer = Callable[[Any, SessionLog], Body | None]


class Server:
    """Two receiving loops. Control requests are answered one after the other, each in well under a
    tenth of a second; data requests in threads."""

    def __init__(
        self,
        sockets: Sockets,
        store: FrameStore,
        sessions: Sessions,
        jobs: Jobs,
        runner: Runner,
        lifetime: Lifetime,
        models: ModelWorks,
        instance: str,
    ) -> None:
        self._sockets = sockets
        self._store = store
        self._sessions = sessions
        self._jobs = jobs
        self._runner = runner
        self._lifetime = lifetime
        self._instance = instance
        self._began = time.monotonic()
        self._answers: Mapping[type[Body], Answer] = {
            Ping: lambda _body, _session: Pong(),
            Bye: self._bye,
            Acknowledge: self._acknowledge,
            JobPlan: self._plan,
            JobSubmit: self._submit,
            JobCredit: self._credit,
            JobCancel: self._cancel,
            JobWatch: self._watch,
            JobList: lambda _body, session: JobListing(self._jobs.of_session(session.id)),
            Diagnose: self._diagnose,
            Shutdown: self._shutdown,
            **{kind: _of_models(answer) for kind, answer in models.answers.items()},
        }

    # ---------------------------------------------------------------------------- loops

    async def serve_control(self) -> None:
        socket = self._sockets.control
        while True:
            peer, frames = await receive(socket)
            self._lifetime.heard()
            message = _decoded(socket, peer, frames)
            if message is None:
                continue
            try:
                self._control(peer, message)
            except Exception as error:
                _refuse(socket, peer, message.header.id, error)

    async def serve_data(self) -> None:
        free = asyncio.Semaphore(DATA_AT_ONCE)
        tasks: set[asyncio.Task[None]] = set()
        try:
            while True:
                await free.acquire()
                peer, frames = await receive(self._sockets.data)
                self._lifetime.heard()
                task = asyncio.create_task(self._data(peer, frames))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
                task.add_done_callback(lambda _: free.release())
        finally:
            for task in tasks:
                task.cancel()

    # ---------------------------------------------------------------------------- control

    def _control(self, peer: bytes, message: Message) -> None:
        if isinstance(message.body, Hello):
            self._hello(peer, message, message.body)
            return
        answer = self._answers.get(type(message.body))
        if answer is None:
            raise malformed(f"{message.header.type} is no request of the control socket")
        session = self._sessions.find(message.header.session)
        if session is None:
            raise _no_session()
        if session.peer != peer:
            if isinstance(message.body, Bye):
                return  # from a connection that has been replaced
            # The client's socket has reconnected by itself: what was under way may be lost.
            session.attach(peer)
            session.pump_all()
        body = answer(message.body, session)
        if body is not None:
            self._reply(peer, message, body)
        if isinstance(message.body, JobSubmit) and isinstance(body, JobAccepted):
            self._runner.submit(self._jobs.find(body.status.job, session.id))

    def _hello(self, peer: bytes, message: Message, hello: Hello) -> None:
        if not 0 < len(message.header.session) <= LONGEST_SESSION_ID:
            raise malformed("a session id has 1 to 64 characters")
        session = self._sessions.open(message.header.session, hello.client)
        engines = tuple(_engine_info(engine) for engine in descriptions())
        jobs = self._jobs.of_session(session.id)
        self._reply(peer, message, Welcome(self._instance, VERSION, engines, jobs, session.last_seq))
        session.attach(peer)
        session.pump_all()

    def _bye(self, _: Bye, session: SessionLog) -> None:
        session.detach()

    def _acknowledge(self, body: Acknowledge, session: SessionLog) -> None:
        session.acknowledge(body.seqs)

    def _plan(self, body: JobPlan, _: SessionLog) -> Body:
        work = check_plan(body.request)
        stored = self._jobs.stored(work)
        request = work.request
        options = {name: value for name, value in request.options.items() if value is not None}
        given = (request.width, request.height, work.drawings, len(request.keyframes), options)
        on_device = work.engine.device_estimate
        cost = work.engine.estimate(*given) if on_device is None else on_device(*given, self._runner.device)
        share = 1 - stored / work.total
        return JobEstimate(cost.seconds * share, cost.memory_bytes, work.total, stored)

    def _submit(self, body: JobSubmit, session: SessionLog) -> Body:
        return JobAccepted(self._jobs.submit(session, body.request, body.credits).status())

    def _credit(self, body: JobCredit, session: SessionLog) -> None:
        session.grant(body.job, body.frames)

    def _cancel(self, body: JobCancel, session: SessionLog) -> Body:
        self._runner.cancel(self._jobs.find(body.job, session.id))
        return Done()

    def _watch(self, body: JobWatch, session: SessionLog) -> Body:
        self._runner.watch(self._jobs.find(body.job, session.id))
        return Done()

    def _diagnose(self, _: Diagnose, session: SessionLog) -> Body:
        del session
        counts = {
            "sessions": len(self._sessions),
            "jobs_unfinished": self._jobs.unfinished(),
            "store_bytes": self._store.total,
            "store_budget_bytes": self._store.budget,
            "store_blobs": len(self._store),
            "uptime_seconds": round(time.monotonic() - self._began, 1),
        }
        return Diagnosis({**counts, **facts(self._runner.worker_process)})

    def _shutdown(self, _: Shutdown, session: SessionLog) -> Body:
        del session
        self._lifetime.stop()
        return Done()

    def _reply(self, peer: bytes, request: Message, body: Body) -> None:
        header = request.header
        send(self._sockets.control, peer, make(body, session=header.session, parent=header.id))

    # ---------------------------------------------------------------------------- data

    async def _data(self, peer: bytes, frames: Sequence[Buffer]) -> None:
        socket = self._sockets.data
        message = _decoded(socket, peer, frames)
        if message is None:
            return
        try:
            body, buffers = await asyncio.to_thread(self._blob, message)
        except Exception as error:
            _refuse(socket, peer, message.header.id, error)
        else:
            header = message.header
            reply = make(body, session=header.session, parent=header.id, buffers=buffers)
            send(socket, peer, reply)

    def _blob(self, message: Message) -> tuple[Body, tuple[Buffer, ...]]:
        body = message.body
        if message.header.type not in DATA_TYPES:
            raise malformed(f"{message.header.type} is no request of the data socket")
        if isinstance(body, BlobQuery):
            _check_digests(body.digests)
            return BlobNeed(self._store.missing(dict.fromkeys(body.digests))), ()
        if isinstance(body, BlobPut):
            _check_digests([body.digest])
            if len(message.buffers) != 1:
                raise malformed("blob.put carries exactly one buffer")
            self._store.put(body.digest, message.buffers[0])
            return BlobStored(body.digest), ()
        digest = cast("BlobGet", body).digest
        _check_digests([digest])
        return BlobData(digest), (self._store.get(digest),)


def _decoded(socket: zmq.asyncio.Socket, peer: bytes, frames: Sequence[Buffer]) -> Message | None:
    try:
        return decode(frames)
    except KeycelError as error:
        _refuse(socket, peer, _request_id(frames, error), error)
        return None


def _request_id(frames: Sequence[Buffer], error: KeycelError) -> str:
    """The id of a request that cannot be read otherwise, so that the sender can match our answer."""
    readable = error.value.code is not ErrorCode.LINK_VERSION and len(frames) > 1
    if not readable or len(frames[1]) > LARGEST_HEADER:
        return ""
    try:
        header = json.loads(bytes(frames[1]))
        return str(header["id"])[:64]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""


def _refuse(socket: zmq.asyncio.Socket, peer: bytes, request: str, error: Exception) -> None:
    if not isinstance(error, KeycelError):
        log.exception("request %s", request, exc_info=error)
        error = KeycelError(
            ErrorCode.BUG_UNEXPECTED,
            "Something went wrong inside Keycel.",
            "Try again; if it stays like this, please report it with the log.",
            f"{type(error).__name__}: {error}",
            retryable=True,
        )
    send(socket, peer, make(Error(error.value), parent=request))


def _of_models(answer: Callable[[Any], Body]) -> Answer:
    """Models are the user's, whoever asks: sessions make no difference."""
    return lambda body, _session: answer(body)


def _check_digests(digests: Sequence[str]) -> None:
    if not all(is_digest(digest) for digest in digests):
        raise malformed("a digest has 64 hexadecimal digits")


def _no_session() -> KeycelError:
    return KeycelError(
        ErrorCode.LINK_NO_SESSION,
        "The backend does not know this session.",
        "Press the button again; the plugin says hello to the backend by itself.",
        retryable=True,
    )


def _engine_info(engine: EngineDescription) -> EngineInfo:
    return EngineInfo(
        name=engine.name,
        title=engine.title,
        version=engine.version,
        tasks=engine.tasks,
        options=tuple(_engine_option(option) for option in engine.options),
        minimum_keyframes=engine.minimum_keyframes,
        largest_side=engine.largest_side,
        licence=engine.licence,
    )


def _engine_option(option: Option) -> EngineOption:
    return EngineOption(
        name=option.name,
        title=option.title,
        help=option.help,
        default=option.default,
        minimum=option.minimum,
        maximum=option.maximum,
        choices=option.choices,
    )
