"""One job of the command line: shot in, coloured frames and `report.json` out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from keycel_backend.commands.client import Client, on_interrupt
from keycel_backend.commands.progress import ProgressLine
from keycel_backend.commands.shot_upload import ShotUpload
from keycel_backend.diffusion.fallback import every_note
from keycel_backend.engines.base import OptionValue
from keycel_backend.io.bgra import from_bgra
from keycel_backend.io.fitted import FittedPicture
from keycel_backend.io.results import FrameReport, write_frame
from keycel_backend.io.source import ShotSource
from keycel_backend.regions.compositing import flatten
from keycel_shared.errors import ErrorValue, KeycelError
from keycel_shared.messages import FrameFailed, JobProgress, JobRequest, JobStatus
from keycel_shared.submission import Delivery, Submission
from keycel_shared.wire import Buffer

from .report import frame_report

FrameWriter = Callable[[int, Buffer], None]
"""Puts a frame on disk: its frame number and its raw pixels. Raises KeycelError (OUT_*, RES_DISK_FULL)."""


@dataclass
class RunOutcome:
    """What came of a job."""

    status: JobStatus | None = None
    error: ErrorValue | None = None
    frames: dict[int, FrameReport] = field(default_factory=dict[int, FrameReport])
    failed: dict[int, ErrorValue] = field(default_factory=dict[int, ErrorValue])
    reused: int = 0
    seconds: float = 0.0
    first_frame_seconds: float | None = None
    notes: list[str] = field(default_factory=list[str])
    """Plain sentences about what memory did not allow."""


class ShotRun:
    """Hears of a submission and writes each frame as it comes, acknowledging it once it is on disk."""

    def __init__(self, write: FrameWriter, line: ProgressLine) -> None:
        self.outcome = RunOutcome()
        self._write = write
        self._line = line
        self._submission: Submission | None = None
        self._began = time.perf_counter()
        self._total = 0

    def run(self, client: Client, request: JobRequest, upload: ShotUpload) -> RunOutcome:
        """Submit `request` and stay until it is over or cancelled with Ctrl-C.

        Raises:
            KeycelError: the supervisor is gone for good, or a frame cannot be written.
        """
        submission = Submission(client.session, request, upload.read, self)
        self._submission = submission
        self._began = time.perf_counter()
        submission.start()
        with on_interrupt(submission.cancel):
            client.run_until(lambda: self.outcome.status is not None or self.outcome.error is not None)
        self.outcome.seconds = time.perf_counter() - self._began
        self._line.end()
        return self.outcome

    # ---------------------------------------------------------------------------- SubmissionListener

    def uploading(self, done: int, total: int) -> None:
        if total:
            self._line.show(f"sending drawings {done}/{total}")

    def accepted(self, status: JobStatus) -> None:
        self._total = status.total

    def progress(self, progress: JobProgress) -> None:
        note = f"{progress.phase}."
        if progress.phase in every_note() and note not in self.outcome.notes:
            self.outcome.notes.append(note)
        left = "" if progress.seconds_left is None else f", {progress.seconds_left:.0f} s left"
        self._line.show(f"{self._count()} frames, {progress.phase}{left}")

    def frame(self, delivery: Delivery) -> None:
        if self.outcome.first_frame_seconds is None:
            self.outcome.first_frame_seconds = time.perf_counter() - self._began
        number = delivery.event.time
        try:
            self._write(number, delivery.pixels)
        except KeycelError as error:
            # The rest would fail the same way; what is computed stays in the store for the next try.
            self.failed(error.value)
            if self._submission is not None:
                self._submission.cancel()
            return
        self.outcome.frames[number] = frame_report(delivery)
        self.outcome.reused += delivery.event.reused
        if self._submission is not None:
            self._submission.acknowledge(delivery)
        self._line.show(f"{self._count()} frames")

    def frame_failed(self, failure: FrameFailed) -> None:
        self.outcome.failed[failure.time] = failure.error
        self._line.show(f"frame {failure.time}: {failure.error.title}", important=True)

    def finished(self, status: JobStatus) -> None:
        self.outcome.status = status

    def failed(self, error: ErrorValue) -> None:
        if self.outcome.error is None:
            self.outcome.error = error

    def _count(self) -> str:
        return f"{len(self.outcome.frames)}/{self._total or '?'}"


def color_writer(shot: ShotSource, out: Path, flat: bool) -> FrameWriter:
    """`flat`: composite the lines and paper over the flats."""

    def write(number: int, pixels: Buffer) -> None:
        picture = from_bgra(pixels, shot.width, shot.height)
        if flat:
            picture = flatten(picture, shot.drawings[number].load())
        write_frame(out, number, picture)

    return write


def make_request(
    shot: ShotSource,
    upload: ShotUpload,
    engine: str,
    targets: tuple[int, ...],
    seed: int,
    redraw: bool,
    options: Mapping[str, OptionValue],
) -> JobRequest:
    """The whole of a colouring job as one value. Raises what loading a picture raises."""
    return JobRequest(
        engine=engine,
        task="colorize",
        width=shot.width,
        height=shot.height,
        drawings=upload.name(shot.drawings),
        keyframes=upload.name(shot.keyframes),
        reference=_reference(shot, upload),
        targets=targets,
        options={**shot.options, **options},
        palette=shot.palette,
        seed=seed,
        redraw=redraw,
        name=shot.name,
    )


def _reference(shot: ShotSource, upload: ShotUpload) -> str:
    if shot.reference is None:
        return ""
    return upload.name_one(FittedPicture(shot.reference, (shot.width, shot.height)))


def summary(outcome: RunOutcome, out: Path) -> dict[str, Any]:
    """What `--json` prints."""
    return {
        "out": str(out),
        "frames": sorted(outcome.frames),
        "failed": {str(time): error.to_json() for time, error in sorted(outcome.failed.items())},
        "reused": outcome.reused,
        "seconds": round(outcome.seconds, 3),
        "first_frame_seconds": outcome.first_frame_seconds and round(outcome.first_frame_seconds, 3),
        "unsure_regions": sum(
            bool(region.reason) for frame in outcome.frames.values() for region in frame.regions
        ),
    }
