"""The worker's two pipes to the supervisor, out of reach of libraries that print."""

from __future__ import annotations

import os
import threading
from typing import IO

from keycel_backend.supervisor.orders import Report, to_line

_STDIN, _STDOUT, _STDERR = 0, 1, 2


class Reports:
    """Writes reports; usable from every thread."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._lock = threading.Lock()

    def send(self, report: Report) -> None:
        line = to_line(report)
        with self._lock:
            self._pipe.write(line)
            self._pipe.flush()


def take_standard_streams() -> tuple[IO[bytes], Reports]:
    """(orders, reports). Afterwards file descriptor 1 leads to the log and 0 to nothing, so that
    whatever a library prints or reads cannot disturb the conversation."""
    orders = os.fdopen(os.dup(_STDIN), "rb")
    reports = os.fdopen(os.dup(_STDOUT), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, _STDIN)
    os.close(nothing)
    os.dup2(_STDERR, _STDOUT)
    return orders, Reports(reports)
