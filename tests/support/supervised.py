"""Real supervisor processes in a home of their own, and a blocking client, for tests."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import psutil
import zmq

from keycel_shared.connection import ConnectionInfo, read_connection
from keycel_shared.errors import ErrorValue, KeycelError
from keycel_shared.link import Channel, Link
from keycel_shared.messages import (
    BlobPut,
    Body,
    Diagnose,
    Diagnosis,
    FrameFailed,
    JobProgress,
    JobRequest,
    JobStatus,
    OptionValue,
    PictureAt,
)
from keycel_shared.pixels import digest_of
from keycel_shared.session import Session
from keycel_shared.submission import Delivery, Submission
from keycel_shared.wire import Message

PROJECT = Path(__file__).resolve().parents[2]
SOURCES = [str(PROJECT / folder) for folder in ("backend", "shared", "tests")]
OpenChannel = Callable[[ConnectionInfo], Channel]

PATIENCE = 30.0
"""Seconds; far more than anything takes on a busy machine."""

B = TypeVar("B", bound=Body)


def child_environment(home: Path) -> dict[str, str]:
    return {**os.environ, "KEYCEL_HOME": str(home), "PYTHONPATH": os.pathsep.join(SOURCES)}


def wait_for(condition: Callable[[], Any], what: str = "", seconds: float = PATIENCE) -> Any:
    """Poll until `condition` gives something true, and return that."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited in vain for {what or condition}"
        time.sleep(0.01)
    return found


class Backend:
    """A supervisor with the trial engine. `options`: fields of `ServeOptions`, `disk_reserve`, `trial_model`.

    `linger`: see `keycel_shared.launcher.Launch`.
    """

    def __init__(self, home: Path, linger: float | None = None, **options: object) -> None:
        self.home = home
        public, secret = zmq.curve_keypair()
        self.keys = (public.decode(), secret.decode())
        command = [sys.executable, "-m", "support.trial_engine"]
        arguments = json.dumps({"owned": True, "grace": 0.3, **options})
        self._log = (home / "supervisor.log").open("ab")
        self.process = subprocess.Popen(
            [*command, arguments], stdin=subprocess.PIPE, stderr=self._log, env=child_environment(home)
        )
        self._pipe = self.process.stdin
        assert self._pipe is not None
        facts = {"client_key": self.keys[0], "launch": "test", "linger": linger}
        self._pipe.write(json.dumps(facts).encode() + b"\n")
        self._pipe.flush()

    @property
    def file(self) -> Path:
        return self.home / "run" / "connection.json"

    def info(self) -> ConnectionInfo:
        """What the connection file of this very process says."""

        def ours() -> ConnectionInfo | None:
            assert self.process.poll() is None, (self.home / "supervisor.log").read_text()
            info = read_connection(self.file)
            return info if info is not None and info.process == self.process.pid else None

        return wait_for(ours, "the connection file")

    def owner_info(self) -> ConnectionInfo:
        """The same with the key that went through the pipe."""
        return replace(self.info(), client_key=self.keys[0], client_secret=self.keys[1])

    def close_pipe(self) -> None:
        assert self._pipe is not None
        self._pipe.close()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE)
        self.close_pipe()
        self._log.close()

    def stop(self) -> None:
        """As if the launching program had ended."""
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(PATIENCE)
        self.close_pipe()
        self._log.close()

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def log(self) -> str:
        return (self.home / "supervisor.log").read_text()


@dataclass
class Record:
    """Everything that a submission has told."""

    keep: bool = False
    """Do not acknowledge frames."""
    submission: Submission | None = None
    status: JobStatus | None = None
    error: ErrorValue | None = None
    accepted_as: JobStatus | None = None
    uploads: list[tuple[int, int]] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    failures: dict[int, FrameFailed] = field(default_factory=dict)
    news: list[JobProgress] = field(default_factory=list)

    @property
    def over(self) -> bool:
        return self.status is not None or self.error is not None

    @property
    def times(self) -> list[int]:
        """Frames handed over, with repetitions, sorted: their pictures are fetched side by side."""
        return sorted(delivery.event.time for delivery in self.deliveries)

    @property
    def reused(self) -> int:
        return sum(delivery.event.reused for delivery in self.deliveries)

    def pixels(self) -> dict[int, bytes]:
        return {delivery.event.time: bytes(delivery.pixels) for delivery in self.deliveries}

    def uploading(self, done: int, total: int) -> None:
        self.uploads.append((done, total))

    def accepted(self, status: JobStatus) -> None:
        self.accepted_as = status

    def progress(self, progress: JobProgress) -> None:
        self.news.append(progress)

    def frame(self, delivery: Delivery) -> None:
        self.deliveries.append(delivery)
        if not self.keep and self.submission is not None:
            self.submission.acknowledge(delivery)

    def frame_failed(self, failure: FrameFailed) -> None:
        self.failures[failure.time] = failure

    def finished(self, status: JobStatus) -> None:
        assert not self.over
        self.status = status

    def failed(self, error: ErrorValue) -> None:
        assert not self.over
        self.error = error


class Client:
    """A session that blocks until it has what the test waits for."""

    def __init__(self, info: ConnectionInfo, session: str = "", open_channel: OpenChannel = Link) -> None:
        self._open = open_channel
        self.session = Session(open_channel(info), "test", session)
        self.closed = False
        self.until(lambda: self.session.welcome)

    def until(self, condition: Callable[[], Any], seconds: float = PATIENCE) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "waited in vain"
            if self.session.lost is not None:
                raise KeycelError.from_value(self.session.lost)
            if not self.session.process_one():
                self.session.link.wait(0.05)
                self.session.tick()

    def rebind(self, info: ConnectionInfo) -> None:
        """Go on with a restarted supervisor."""
        self.session.welcome = None
        self.session.rebind(self._open(info))
        self.until(lambda: self.session.welcome)

    def listen_for(self, seconds: float) -> None:
        """Handle whatever comes in this time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if not self.session.process_one():
                self.session.link.wait(0.02)

    def ask(self, body: Body, kind: type[B], *buffers: bytes) -> B:
        """The answer to one request.

        Raises:
            KeycelError: the supervisor's error.
        """
        answers: list[Message] = []
        errors: list[ErrorValue] = []
        self.session.request(body, answers.append, errors.append, buffers)
        self.until(lambda: answers or errors)
        if errors:
            raise KeycelError.from_value(errors[0])
        return answers[0].expect(kind)

    def put(self, *pictures: bytes) -> None:
        for picture in pictures:
            self.ask(BlobPut(digest_of(picture)), Body, picture)

    def start(self, shot: Shot, keep: bool = False, **changes: Any) -> Record:
        record = Record(keep)
        request = shot.request(**changes)
        record.submission = Submission(self.session, request, shot.pictures.__getitem__, record)
        record.submission.start()
        return record

    def run(self, shot: Shot, **changes: Any) -> Record:
        record = self.start(shot, **changes)
        self.until(lambda: record.over)
        return record

    def worker(self) -> psutil.Process:
        """The warm worker process."""
        facts: Mapping[str, OptionValue] = {}

        def found() -> bool:
            nonlocal facts
            facts = self.ask(Diagnose(), Diagnosis).facts
            return facts["worker_process"] is not None

        wait_for(found, "a worker")
        return psutil.Process(int(facts["worker_process"] or 0))

    def close(self) -> None:
        if not self.closed:
            self.session.close()
            self.closed = True

    def vanish(self) -> None:
        """As if the client had been killed."""
        self.session.link.close()
        self.closed = True


class Shot:
    """Drawings of random pixels. `drawn`: time to the number of a picture; equal numbers repeat."""

    def __init__(
        self, drawn: Mapping[int, int], width: int = 16, height: int = 12, keys: tuple[int, ...] = (0,)
    ) -> None:
        self.width, self.height = width, height
        self.pictures: dict[str, bytes] = {}
        self.drawings = tuple(PictureAt(time, self._picture(number)) for time, number in drawn.items())
        self.keyframes = tuple(PictureAt(time, self._picture(1_000_000 + time)) for time in keys)

    def _picture(self, number: int) -> str:
        data = random.Random(f"{number} {self.width}").randbytes(self.width * self.height * 4)
        digest = digest_of(data)
        self.pictures[digest] = data
        return digest

    def request(self, **changes: Any) -> JobRequest:
        options = {key: changes.pop(key) for key in list(changes) if key in TRIAL_OPTIONS}
        request = JobRequest(
            "trial", "colorize", self.width, self.height, self.drawings, self.keyframes, options=options
        )
        return replace(request, **changes)


TRIAL_OPTIONS = {
    "pace", "fail_at", "die_at", "exhaust_at", "skip_at", "fail_always", "stubborn", "mode"
}  # fmt: skip
