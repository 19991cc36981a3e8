"""Find the running supervisor or start one, without blocking the caller."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import IO

from . import paths
from .connection import ConnectionInfo, read_connection
from .errors import ErrorCode, KeycelError
from .link import load_zmq
from .version import PROTOCOL
from .wire import new_id, wrong_version

START_TIMEOUT = 30.0
"""Seconds; a cold disk and a virus scanner can make the first start slow."""

LARGEST_LOG = 2**20
"""Bytes."""

ALREADY_RUNNING = 5
"""Exit code of a supervisor that found another one of this user."""

_released: list[subprocess.Popen[bytes]] = []
"""Supervisors that outlive their `Launch`, kept to be reaped: Python complains of forgotten children."""


class Launch:
    """A supervisor being started, or one that runs already. Ask `poll` until it gives an answer.

    Our client key goes to the child through its standard input and stays in memory; the pipe is
    also how the child learns that we are gone. Without pyzmq there is no key of our own. Keep this
    object as long as the backend is wanted.
    """

    def __init__(self, python: str | None = None, linger: float | None = None) -> None:
        """Start `python -m keycel_backend serve` unless a supervisor is there; None: this Python.

        linger: how many seconds a supervisor started here stays once everybody has left in order and
            nothing waits for anybody; None for its grace time.

        Raises:
            KeycelError: ENV_BACKEND_START if the program cannot be started, LINK_VERSION if one of
                another protocol is running.
        """
        self._child: subprocess.Popen[bytes] | None = None
        self._running = _running_supervisor()
        if self._running is None:
            self._spawn(python or backend_python(), linger)

    def _spawn(self, python: str, linger: float | None) -> None:
        _released[:] = [child for child in _released if child.poll() is None]
        self._token = new_id()
        self._keys = _key_pair(python)
        self._log = _log_file()
        try:
            with self._log.open("ab") as log:
                self._child = subprocess.Popen(
                    [python, "-m", "keycel_backend", "serve", "--owned"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=log,
                    env=environment_for(python),
                    # Its own group: Ctrl-C in our terminal asks the supervisor to finish, not to die.
                    start_new_session=sys.platform != "win32",
                    creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
                )
        except OSError as error:
            raise _cannot_start(f"{python}: {error}") from error
        pipe = self._child.stdin
        if pipe is None:
            raise _cannot_start("no pipe to the new process")
        public = self._keys[0] if self._keys is not None else ""
        _tell(pipe, {"client_key": public, "launch": self._token, "linger": linger})
        self._deadline = time.monotonic() + START_TIMEOUT

    @property
    def started_here(self) -> bool:
        return self._child is not None

    def poll(self) -> ConnectionInfo | None:
        """How to connect, or None while the supervisor is starting.

        Raises:
            KeycelError: ENV_BACKEND_START if it ended or did not come up in time.
        """
        if self._running is not None or self._child is None:
            return self._running
        info = read_connection()
        if info is not None and info.launch == self._token:
            self._running = info
            if self._keys is not None:
                self._running = replace(info, client_key=self._keys[0], client_secret=self._keys[1])
        elif self._child.poll() is not None:
            # Two programs may start one at the same moment; the loser uses the winner's, once that
            # one is ready.
            self._running = _running_supervisor()
            lost_race = self._child.returncode == ALREADY_RUNNING and time.monotonic() < self._deadline
            if self._running is None and not lost_race:
                self.release()
                raise _cannot_start(_tail(self._log))
        elif time.monotonic() > self._deadline:
            self._child.kill()
            self._child.wait()
            self.release()
            raise _cannot_start(f"no answer within {START_TIMEOUT:.0f} s; {_tail(self._log)}")
        return self._running

    def wait(self) -> ConnectionInfo:
        """Block until `poll` has an answer; for programs without a loop of their own."""
        while (info := self.poll()) is None:
            time.sleep(0.02)
        return info

    def release(self) -> None:
        """We need it no more: close the pipe. It finishes its jobs and leaves in its own time."""
        if self._child is not None and self._child.stdin is not None:
            with suppress(OSError):  # it is gone already, and has not read what we said
                self._child.stdin.close()
            _released.append(self._child)


def _key_pair(python: str) -> tuple[str, str] | None:
    """Public and secret half; None where only the backend's `python` has pyzmq.

    There the bridge connects with the pair of the connection file, which only this user can read.
    """
    try:
        public, secret = load_zmq().curve_keypair()
    except KeycelError:
        if Path(python) == Path(sys.executable):
            raise
        return None
    return public.decode(), secret.decode()


def environment_for(python: str) -> dict[str, str]:
    """Ours, without what is meant for our Python alone if the backend has another one.

    Krita sets PYTHONPATH to its own folders, and its AppImage PYTHONHOME and LD_LIBRARY_PATH; with
    these the backend would load the plugin's copy of this package, or the wrong C libraries.
    """
    return dict(os.environ) if Path(python) == Path(sys.executable) else environment_of_others()


def environment_of_others() -> dict[str, str]:
    """Ours, without what is meant for our Python alone."""
    foreign = {"PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"}
    return {name: value for name, value in os.environ.items() if name not in foreign}


def backend_python() -> str:
    """The Python that has the backend: named by the installer, else the running one.

    Raises:
        KeycelError: ENV_NO_BACKEND if the installer's record is damaged or its Python is gone.
    """
    record = paths.installation_file()
    try:
        python = str(json.loads(record.read_text("utf-8"))["python"])
    except FileNotFoundError:
        return sys.executable
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _no_backend(f"{record}: {error}") from error
    if not Path(python).exists():
        raise _no_backend(f"{python} does not exist")
    return python


def still_runs(info: ConnectionInfo) -> bool:
    """False as soon as this very supervisor's process has ended. Costs a fraction of a millisecond."""
    try:
        current = read_connection()
    except KeycelError:
        return False
    return current is not None and current.instance == info.instance and is_locked(paths.lock_file())


def _running_supervisor() -> ConnectionInfo | None:
    info = read_connection()
    if info is None or not is_locked(paths.lock_file()):
        return None
    if info.protocol != PROTOCOL:
        raise wrong_version(info.protocol)
    return info


def is_locked(path: Path) -> bool:
    """True while a living process holds the lock: a file left by a killed one does not count."""
    try:
        with path.open("r+b") as stream:
            return not try_lock(stream)
    except FileNotFoundError:
        return False
    except PermissionError:
        return True  # Windows refuses to open a locked file


def try_lock(stream: IO[bytes]) -> bool:
    """Take an exclusive lock that the system drops when the process ends; False if held elsewhere."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _tell(pipe: IO[bytes], facts: dict[str, object]) -> None:
    # A child that is gone already cannot listen; `poll` finds its end and tells why from the log.
    with suppress(OSError):
        pipe.write(json.dumps(facts).encode() + b"\n")
        pipe.flush()


def _log_file() -> Path:
    """Where the new process writes what goes wrong; an overlong earlier one is put aside."""
    log = paths.make_private_folder(paths.log_folder()) / "supervisor.log"
    with suppress(OSError):
        if log.stat().st_size > LARGEST_LOG:
            log.replace(log.with_name("supervisor.old.log"))
    return log


def _tail(log: Path, size: int = 2000) -> str:
    try:
        return log.read_bytes()[-size:].decode("utf-8", "replace")
    except OSError:
        return ""


def _no_backend(detail: str) -> KeycelError:
    return KeycelError(
        ErrorCode.ENV_NO_BACKEND,
        "The Keycel backend is not installed, or it was moved.",
        "Run `python3 installer install` in the Keycel folder, then restart Krita.",
        detail,
    )


def _cannot_start(detail: str) -> KeycelError:
    return KeycelError(
        ErrorCode.ENV_BACKEND_START,
        "The Keycel backend did not start.",
        f"Run `keycel doctor`; the log is {paths.log_folder() / 'supervisor.log'}.",
        detail,
        retryable=True,
    )
