"""The plugin's side of a job without Krita: a real backend with the trial engine, and who asks it.

`python -m support.plugin_client '{...}'` is a Krita that may be killed: it prints each frame number that it
has received, then `over`. Arguments: the fields of `Shot`, and options of the trial engine.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
from support.supervised import PATIENCE, SOURCES, Shot

from keycel_plugin.flow.backend import Backend
from keycel_plugin.flow.job import Job
from keycel_plugin.flow.pending import Kind, Pending
from keycel_plugin.qt import QtCore
from keycel_plugin.state.progress import Progress
from keycel_plugin.tasks import Task
from keycel_shared.connection import read_connection
from keycel_shared.errors import ErrorValue, KeycelError
from keycel_shared.messages import JobRequest

WORK = Pending(Kind.COLORIZE, "lines", "keys")
PLUGIN_SOURCES = os.pathsep.join([*SOURCES, str(Path(SOURCES[0]).with_name("plugin"))])


def install(home: Path, python: str = sys.executable) -> None:
    """What the installer leaves: a home that names the backend's Python."""
    (home / "installation.json").write_text(json.dumps({"python": python}))


def install_trial_backend(home: Path, **options: object) -> None:
    """The same with the trial engine. `options`: fields of `ServeOptions`."""
    script = home / "python-of-the-trial-backend"
    arguments = json.dumps({"owned": True, **options})
    command = f"PYTHONPATH='{PLUGIN_SOURCES}' exec '{sys.executable}' -m support.trial_engine '{arguments}'"
    script.write_text(f"#!/bin/sh\n{command}\n")
    script.chmod(0o755)
    install(home, str(script))


def supervisor() -> psutil.Process | None:
    """The running supervisor of this process's home."""
    info = read_connection()
    return psutil.Process(info.process) if info is not None and psutil.pid_exists(info.process) else None


def end_supervisor() -> None:
    running = supervisor()
    if running is not None:
        running.terminate()
        running.wait(PATIENCE)


class Asked:
    """One job asked of a backend. `keep`: the frames are not acknowledged, as if delivering had failed."""

    def __init__(
        self,
        backend: Backend,
        request: JobRequest,
        pictures: dict[str, bytes],
        work: Pending = WORK,
        keep: bool = False,
    ) -> None:
        self.frames: list[int] = []
        self.pixels: dict[int, bytes] = {}
        self.error: ErrorValue | None = None
        self.over = False
        self.progress = Progress()
        self.job = Job(backend, self.progress, work)
        self._keep = keep
        self.task = Task(self._run(request, pictures), self._ended)

    async def _run(self, request: JobRequest, pictures: dict[str, bytes]) -> None:
        try:
            async for delivery in self.job.frames(request, pictures.__getitem__):
                self.frames.append(delivery.event.time)
                self.pixels[delivery.event.time] = bytes(delivery.pixels)
                self.came(delivery.event.time)
            if not self._keep:
                self.job.acknowledge()
        finally:
            self.job.close()

    def came(self, time: int) -> None:
        """A frame is here."""

    def _ended(self, error: BaseException | None) -> None:
        self.over = True
        if isinstance(error, KeycelError):
            self.error = error.value
        elif isinstance(error, Exception):
            raise error


class Telling(Asked):
    """Says every frame to the process that has started this one."""

    def came(self, time: int) -> None:
        print(time, flush=True)


class OtherKrita:
    """A Krita in a process of its own, with a job that goes on until it is over or killed."""

    def __init__(self, home: Path, frames: int, **options: object) -> None:
        environment = {
            **os.environ,
            "KEYCEL_HOME": str(home),
            "PYTHONPATH": PLUGIN_SOURCES,
            "QT_QPA_PLATFORM": "offscreen",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "support.plugin_client", json.dumps({"frames": frames, **options})],
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def wait_for_frames(self, count: int) -> list[int]:
        """The first frame numbers that it has received."""
        assert self.process.stdout is not None
        return [int(self.process.stdout.readline()) for _ in range(count)]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE)
        assert self.process.stdout is not None
        self.process.stdout.close()


def trial_shot(frames: int) -> Shot:
    return Shot({time: time for time in range(frames)})


def main(arguments: dict[str, Any]) -> int:
    application = QtCore.QCoreApplication([])
    shot = trial_shot(arguments.pop("frames"))
    backend = Backend()
    asked = Telling(backend, shot.request(**arguments), shot.pictures)
    while not asked.over:
        application.processEvents(QtCore.QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 20)
    print("over", flush=True)
    backend.close()
    return int(asked.error is not None)


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
