"""Entry of the supervisor process: one per user, from the lock file to the last closed socket."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import time
from collections.abc import Coroutine
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import IO, Any

from keycel_shared import paths
from keycel_shared.connection import ConnectionInfo, read_connection, write_connection
from keycel_shared.errors import KeycelError
from keycel_shared.launcher import ALREADY_RUNNING, try_lock
from keycel_shared.messages import JobPreview, JobProgress
from keycel_shared.version import PROTOCOL, VERSION
from keycel_shared.wire import make, new_id

from .blob_files import BlobFiles
from .jobs import Job, Jobs
from .journal import EXPIRES, Journal
from .lifetime import GRACE, InheritedPipe, LaunchFacts, Lifetime
from .model_works import COMMAND, ModelWorks
from .runner import Runner
from .server import Server
from .sessions import Sessions
from .sockets import KeyPair, Sockets, endpoint, send
from .store import DEFAULT_BUDGET, FrameStore

log = logging.getLogger(__name__)

LOCK_SECONDS = 1.0
"""A client that looks whether somebody runs holds the lock for a moment."""


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """How one supervisor runs."""

    owned: bool = False
    """Standard input is the pipe of the launching program: its key comes first, then its end."""
    grace: float = GRACE
    store_bytes: int = DEFAULT_BUDGET
    worker_command: tuple[str, ...] = (sys.executable, "-m", "keycel_backend.worker")
    models_command: tuple[str, ...] = COMMAND


def main(owned: bool, grace: float | None = None, store_bytes: int | None = None) -> int:
    """Run the supervisor until it is not needed any more.

    Args:
        owned: see `ServeOptions`.
        grace: seconds to stay without clients and work; None for the default.
        store_bytes: budget of the frame store on disk; None for the default.

    Returns:
        Exit code: 0, 1 if it cannot start, or `ALREADY_RUNNING`.
    """
    return serve(
        ServeOptions(
            owned=owned,
            grace=GRACE if grace is None else grace,
            store_bytes=DEFAULT_BUDGET if store_bytes is None else store_bytes,
        )
    )


def serve(options: ServeOptions) -> int:
    """`main`, with every option."""
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    with ExitStack() as stack:
        paths.make_private_folder(paths.home())
        lock = stack.enter_context(_open_lock())
        if not _lock(lock):
            return ALREADY_RUNNING
        # Whoever finds the lock taken must not take a dead supervisor's file for ours.
        paths.connection_file().unlink(missing_ok=True)
        try:
            _run_loop(_serve(options))
        except (KeycelError, OSError, ValueError, TimeoutError, asyncio.TimeoutError) as error:
            log.error("cannot go on: %s: %s", type(error).__name__, error)
            return 1
        return 0


def _open_lock() -> IO[bytes]:
    path = paths.lock_file()
    paths.make_private_folder(path.parent)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, paths.PRIVATE_FILE)
    return os.fdopen(descriptor, "r+b")


def _lock(stream: IO[bytes]) -> bool:
    deadline = time.monotonic() + LOCK_SECONDS
    while not try_lock(stream):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _run_loop(main: Coroutine[Any, Any, None]) -> None:
    # Not the platform's default loop: on Windows that one cannot watch ZeroMQ's sockets.
    loop = asyncio.SelectorEventLoop()
    try:
        loop.run_until_complete(main)
    finally:
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


async def _serve(options: ServeOptions) -> None:
    pipe = InheritedPipe() if options.owned else None
    store = FrameStore(BlobFiles(paths.make_private_folder(paths.store_folder())), options.store_bytes)
    journal = Journal(paths.journal_file())
    journal.expire(time.time() - EXPIRES)
    journal.keep_results(store.digests())
    jobs = Jobs(journal, store)
    launch = await pipe.facts() if pipe is not None else None
    server_keys, reattach = KeyPair.make(), KeyPair.make()
    owner = (launch.client_key,) if launch is not None and launch.client_key else ()
    sockets = Sockets(server_keys, (reattach.public, *owner))
    sessions = Sessions(
        journal, store, lambda peer, message: send(sockets.control, peer, message), jobs.forget_if_quiet
    )

    def tell(job: Job, news: JobProgress | JobPreview) -> None:
        sessions[job.row.session].tell(make(news, session=job.row.session))

    runner = Runner(jobs, store, options.worker_command, tell)
    lifetime = Lifetime(
        options.grace,
        pipe,
        busy=lambda: jobs.unfinished() > 0,
        expects_somebody=sessions.expect_somebody,
        linger=launch.linger if launch is not None else None,
    )
    info = _connection(sockets, server_keys, reattach, launch)
    models = ModelWorks(options.models_command)
    server = Server(sockets, store, sessions, jobs, runner, lifetime, models, info.instance)
    for job in jobs.restore(sessions):
        runner.submit(job)
    _on_signals(lifetime)
    tasks = [
        asyncio.create_task(work) for work in (server.serve_control(), server.serve_data(), runner.run())
    ]
    for task in tasks:
        task.add_done_callback(lambda _: lifetime.stop())
    write_connection(info)
    log.info("Keycel %s serves as process %d", VERSION, os.getpid())
    try:
        await lifetime.over()
    finally:
        _remove_connection(info.instance)
        failures = await _cancel(tasks)
        await models.close()
        sockets.close()
        journal.close()
        log.info("bye")
    for failure in failures:
        log.error("a part of the supervisor failed", exc_info=failure)


async def _cancel(tasks: list[asyncio.Task[None]]) -> list[BaseException]:
    """Cancel all; what had failed by itself."""
    for task in tasks:
        task.cancel()
    ends = await asyncio.gather(*tasks, return_exceptions=True)
    return [end for end in ends if end is not None and not isinstance(end, asyncio.CancelledError)]


def _connection(
    sockets: Sockets, server: KeyPair, reattach: KeyPair, launch: LaunchFacts | None
) -> ConnectionInfo:
    return ConnectionInfo(
        control=endpoint(sockets.control),
        data=endpoint(sockets.data),
        server_key=server.public,
        client_key=reattach.public,
        client_secret=reattach.secret,
        protocol=PROTOCOL,
        version=VERSION,
        instance=new_id(),
        process=os.getpid(),
        launch=launch.launch if launch is not None else "",
    )


def _remove_connection(instance: str) -> None:
    with suppress(KeycelError, OSError):
        info = read_connection()
        if info is not None and info.instance == instance:
            paths.connection_file().unlink(missing_ok=True)


def _on_signals(lifetime: Lifetime) -> None:
    loop = asyncio.get_running_loop()
    if sys.platform == "win32":
        for number in (signal.SIGINT, signal.SIGBREAK):
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(lifetime.stop))
    else:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, lifetime.stop)
