"""Programs beside Krita: nobody waits for them, and none of them outlives the wish for it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from keycel_plugin.tasks import pause
from keycel_shared.launcher import environment_of_others

POLL_MS = 50
ANSWERS_WITHIN = 60.0
"""Seconds; a graphics driver can take long to say what it is."""
OBEYS_WITHIN = 0.8
"""Seconds from the request to end until it is made to."""

_left: list[Child] = []
"""Asked to end, and not gone yet when they were looked at last."""


class Child:
    """A program whose words go to a file. It has a process group of its own (POSIX)."""

    def __init__(self, command: Sequence[str], output: IO[bytes]) -> None:
        """Raises OSError if it cannot be started."""
        _look_after_left()
        self._process = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**environment_of_others(), "PATH": search_path()},
            start_new_session=sys.platform != "win32",
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        self._made_to_end_at = 0.0

    def poll(self) -> int | None:
        """Its exit code, or None while it runs."""
        code = self._process.poll()
        if code is not None:
            self._close_input()
        elif self._made_to_end_at and time.monotonic() > self._made_to_end_at:
            self.kill()
        return code

    def end(self) -> None:
        """Ask it to end: its standard input closes. `poll` makes it, if it does not obey in time."""
        if self.poll() is None and not self._made_to_end_at:
            self._made_to_end_at = time.monotonic() + OBEYS_WITHIN
            self._close_input()
            _left.append(self)

    def kill(self) -> None:
        """At once, with all that it has started."""
        if sys.platform == "win32":
            tree = ["taskkill", "/T", "/F", "/PID", str(self._process.pid)]
            subprocess.Popen(tree, creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0)).wait()
        else:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def _close_input(self) -> None:
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()


def search_path() -> str:
    """Krita started from a menu knows fewer folders than a terminal, where Python or uv may be."""
    more = [Path.home() / ".local" / "bin", Path("/opt/homebrew/bin"), Path("/usr/local/bin")]
    return os.pathsep.join([os.environ.get("PATH", ""), *map(str, more)])


async def answer(command: Sequence[str]) -> str | None:
    """Standard output of a program; None if it cannot be started, fails or hangs."""
    with tempfile.TemporaryFile() as output:
        try:
            child = Child(command, output)
        except OSError:
            return None
        deadline = time.monotonic() + ANSWERS_WITHIN
        try:
            while (code := child.poll()) is None and time.monotonic() < deadline:
                await pause(POLL_MS)
        finally:
            if child.poll() is None:
                child.end()
                child.kill()
        output.seek(0)
        return output.read().decode("utf-8", "replace") if code == 0 else None


def existing(paths: Sequence[Path]) -> list[str]:
    """Those that are files, each once."""
    return list(dict.fromkeys(str(path) for path in paths if path.is_file()))


def _look_after_left() -> None:
    _left[:] = [child for child in _left if child.poll() is None]
