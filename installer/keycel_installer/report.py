"""Telling the plugin's setup page what happens, and ending with the Krita that asked for it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from keycel_shared.setup_report import Moment, SetupEvent, append_event

from .errors import InstallerError

TIDIES_WITHIN = 0.5
"""Seconds that pip has to take its half-fetched files away."""

INPUT = 0
"""Descriptor of standard input."""


class Report:
    """What happens, as events in a file; without a file nobody wants to know."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path

    @property
    def wanted(self) -> bool:
        return self._path is not None

    def steps(self, names: Sequence[str], weights: Sequence[int]) -> None:
        self._tell(SetupEvent(Moment.STEPS, steps=tuple(names), weights=tuple(weights)))

    def begun(self, step: str) -> None:
        self._tell(SetupEvent(Moment.BEGUN, step))

    def ended(self, step: str) -> None:
        self._tell(SetupEvent(Moment.ENDED, step))

    def failed(self, error: InstallerError) -> None:
        event = SetupEvent(
            Moment.FAILED,
            trouble=error.trouble,
            sentence=error.sentence,
            remedy=error.remedy,
            detail=error.detail,
        )
        self._tell(event)

    def finished(self) -> None:
        self._tell(SetupEvent(Moment.FINISHED))

    def _tell(self, event: SetupEvent) -> None:
        if self._path is not None:
            append_event(self._path, event)


def end_with_owner() -> None:
    """When standard input closes, whoever started us wants us no more or is gone: end, and all our children.

    We must be the leader of a process group (POSIX).
    """
    threading.Thread(target=_wait_for_the_end, name="owner", daemon=True).start()


def _wait_for_the_end() -> None:
    # Not sys.stdin: a thread that holds its lock would make Python's own end fail.
    while os.read(INPUT, 4096):
        pass
    if sys.platform == "win32":
        tree = ["taskkill", "/T", "/F", "/PID", str(os.getpid())]
        subprocess.run(tree, capture_output=True, check=False)
        return
    os.killpg(0, signal.SIGINT)
    time.sleep(TIDIES_WITHIN)
    os.killpg(0, signal.SIGKILL)
