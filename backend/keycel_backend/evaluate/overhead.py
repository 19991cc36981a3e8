"""What a frame costs besides the engine: upload, store, worker and return, encryption included."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from keycel_shared.connection import ConnectionInfo, read_connection
from keycel_shared.errors import ErrorValue, KeycelError
from keycel_shared.link import Link
from keycel_shared.messages import FrameFailed, JobProgress, JobRequest, JobStatus, PictureAt
from keycel_shared.pixels import byte_count, digest_of
from keycel_shared.session import Session
from keycel_shared.submission import Delivery, Submission

START_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Overhead:
    """Seconds. The supervisor and its worker were warm; every picture was new to the store."""

    single: float
    """One frame on its own, from the start of its upload to its checked pixels: median."""
    streamed: float
    """Per frame of one job with all frames."""
    frames: int


def measure_overhead(pictures: Sequence[bytes], width: int, height: int) -> Overhead:
    """Send each picture through a supervisor of its own with an engine that only echoes.

    Half of the pictures go one job at a time, the rest as one job.

    Args:
        pictures: at least four different raw BGRA8 pictures of width x height.

    Raises:
        KeycelError: the supervisor could not be started, or refused the work.
    """
    if len(set(pictures)) < 4 or any(len(picture) != byte_count(width, height) for picture in pictures):
        raise ValueError("at least four different pictures of the stated size are needed")
    half = len(pictures) // 2
    with _supervisor() as info, Link(info) as link:
        session = Session(link, "keycel bench")
        singles = [_seconds(session, [picture], width, height) for picture in pictures[:half]]
        whole = _seconds(session, pictures[half:], width, height)
    singles.sort()
    return Overhead(singles[len(singles) // 2], whole / (len(pictures) - half), len(pictures))


def _seconds(session: Session, pictures: Sequence[bytes], width: int, height: int) -> float:
    """Wall time of one job."""
    by_digest = {digest_of(picture): picture for picture in pictures}
    drawings = tuple(PictureAt(time, digest) for time, digest in enumerate(by_digest))
    request = JobRequest("echo", "colorize", width, height, drawings, ())
    watch = _Watch()
    submission = Submission(session, request, by_digest.__getitem__, watch)
    watch.acknowledge = submission.acknowledge
    began = time.perf_counter()
    submission.start()
    while not watch.over:
        if not session.process_one():
            session.link.wait(0.1)
            session.tick()
        if session.lost is not None:
            raise KeycelError.from_value(session.lost)
    if watch.error is not None:
        raise KeycelError.from_value(watch.error)
    return time.perf_counter() - began


@dataclass
class _Watch:
    """Hears of a submission; only the end and failures matter."""

    over: bool = False
    error: ErrorValue | None = None
    acknowledge: Callable[[Delivery], None] = field(default=lambda _: None)

    def uploading(self, done: int, total: int) -> None:
        del done, total

    def accepted(self, status: JobStatus) -> None:
        del status

    def progress(self, progress: JobProgress) -> None:
        del progress

    def frame(self, delivery: Delivery) -> None:
        self.acknowledge(delivery)

    def frame_failed(self, failure: FrameFailed) -> None:
        self.error = failure.error

    def finished(self, status: JobStatus) -> None:
        self.over = True
        self.error = self.error or status.error

    def failed(self, error: ErrorValue) -> None:
        self.over = True
        self.error = error


@contextmanager
def _supervisor() -> Iterator[ConnectionInfo]:
    """A supervisor with the echo engine in a temporary home; it leaves when its pipe is closed."""
    with tempfile.TemporaryDirectory(prefix="keycel-", dir=_memory_folder()) as home:
        child = subprocess.Popen(
            [sys.executable, "-m", "keycel_backend.evaluate.echo"],
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "KEYCEL_HOME": home},
        )
        assert child.stdin is not None
        try:
            # Nobody's key: we use the pair in the connection file.
            child.stdin.write(json.dumps({"client_key": "0" * 40}).encode() + b"\n")
            child.stdin.flush()
            yield _connection(child, Path(home) / "run" / "connection.json")
        finally:
            child.stdin.close()
            child.wait(START_SECONDS)


def _connection(child: subprocess.Popen[bytes], path: Path) -> ConnectionInfo:
    deadline = time.monotonic() + START_SECONDS
    while (info := read_connection(path)) is None:
        if child.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("the supervisor for measuring did not start")
        time.sleep(0.02)
    return info


def _memory_folder() -> Path | None:
    """Where there is a file system in memory, the disk's speed stays out of the figure."""
    folder = Path("/dev/shm")
    return folder if folder.is_dir() else None
