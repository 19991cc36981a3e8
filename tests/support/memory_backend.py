"""A backend in memory that answers a session's requests through Qt's event loop, one at a time."""

from __future__ import annotations

import json
import shutil
import tempfile
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

from keycel_plugin.flow.pending import Note, PendingJobs
from keycel_plugin.qt import QtCore
from keycel_plugin.state.backend_status import BackendStatus, Link
from keycel_plugin.tasks import pause
from keycel_shared.errors import ErrorCode, ErrorValue, KeycelError
from keycel_shared.messages import (
    BlobData,
    BlobGet,
    BlobNeed,
    BlobPut,
    BlobQuery,
    BlobStored,
    Body,
    Done,
    EngineInfo,
    FrameFailed,
    FrameReady,
    JobAccepted,
    JobCancel,
    JobChanged,
    JobEstimate,
    JobPlan,
    JobPreview,
    JobProgress,
    JobRequest,
    JobStatus,
    JobSubmit,
    JobWatch,
    Welcome,
)
from keycel_shared.model_messages import ModelList, ModelListing
from keycel_shared.pixels import digest_of
from keycel_shared.session import JobListener
from keycel_shared.states import JobState
from keycel_shared.wire import make

B = TypeVar("B", bound=Body)

Colour = Callable[[bytes, int], bytes]
"""Drawing and seed to coloured pixels; may raise `KeycelError` to fail the frame."""

UNSURE_REASON = "This region has no counterpart in the references."


def report_on(coloured: bytes, width: int, unsure: bool) -> dict[str, Any]:
    """A report of one region per row of pixels, each of the colour of its first one.

    The last row is an unsure region if `unsure`.
    """
    stride = 4 * width
    rows = range(len(coloured) // stride)
    regions: list[dict[str, Any]] = []
    for row in rows:
        blue, green, red, alpha = coloured[row * stride : row * stride + 4]
        guess = unsure and row == rows[-1]
        regions.append(
            {
                "box": [0, row, width, row + 1],
                "area": width,
                "color": [red, green, blue, alpha],
                "palette_entry": None,
                "confidence": 0.25 if guess else 0.95,
                "reason": UNSURE_REASON if guess else "",
                "runs": [[row, 0, width]] if guess else [],
            }
        )
    return {"palette": sorted({tuple(region["color"]) for region in regions}), "regions": regions}


def inverted(drawing: bytes, seed: int) -> bytes:
    """Recognisable: every byte inverted, plus the seed in the first one; opaque."""
    pixels = bytearray(255 - value for value in drawing)
    pixels[3::4] = b"\xff" * (len(pixels) // 4)
    pixels[0] = (pixels[0] + seed) % 256
    return bytes(pixels)


class MemoryBackend:
    """Stands for `flow.backend.Backend`; is the session it hands out as well."""

    def __init__(self, colour: Colour = inverted) -> None:
        self.colour = colour
        self.blobs: dict[str, bytes] = {}
        self.uploads: list[str] = []
        self.requests: list[JobRequest] = []
        self.acknowledged: list[int] = []
        self.cancelled: list[str] = []
        self.watches: list[str] = []
        """Jobs for which a preview was asked, once for each time."""
        self.preview: tuple[bytes, int, int] | None = None
        """Pixels, width and height of the one preview that there is."""
        self.listing = ModelListing((), (), False, False, 0)
        self.asked: list[Body] = []
        """Requests about models."""
        self.refuse_model: ErrorValue | None = None
        """With what all wishes about models are answered."""
        self.refuse: ErrorValue | None = None
        self.stalls = False
        """Frames after the first never come, so that a test can act in the middle of a job."""
        self.id = "memory"
        """Of the session."""
        self.welcome: Welcome | None = None
        self.status = BackendStatus()
        self.engines: tuple[EngineInfo, ...] = ()
        notes = Path(tempfile.mkdtemp(prefix="keycel-notes-"))
        self.pending = PendingJobs(notes)
        weakref.finalize(self, _remove_notes, self.pending, notes)
        self._listeners: dict[str, JobListener] = {}
        self._on_lost: Callable[[ErrorValue], None] = lambda _: None
        self._seq = 0

    async def connect(self) -> None:
        if self.refuse is not None:
            self.status.show(Link.MISSING, self.refuse.title, self.refuse)
            raise KeycelError.from_value(self.refuse)
        self.status.show(Link.READY, "0.1.0")

    async def connect_for(
        self, on_lost: Callable[[ErrorValue], None], earlier: Note | None = None
    ) -> MemoryBackend:
        del earlier  # this backend knows no job of a Krita before
        await self.connect()
        self._on_lost = on_lost
        return self

    async def plan(self, request: JobRequest) -> JobEstimate | None:
        return cast("JobEstimate", self._serve(JobPlan(request), ())[0])

    async def ask(self, body: Body, kind: type[B]) -> B:
        """Of the requests about models: the listing, or done."""
        await self.connect()
        await pause()
        self.asked.append(body)
        if not isinstance(body, ModelList) and self.refuse_model is not None:
            raise KeycelError.from_value(self.refuse_model)
        answer = self.listing if isinstance(body, ModelList) else Done()
        assert isinstance(answer, kind)
        return answer

    def job_over(self) -> None:
        self._on_lost = lambda _: None

    def close(self) -> None:
        self._listeners.clear()
        self.pending.close()

    def lose(self) -> None:
        """The connection breaks for good."""
        self._on_lost(ErrorValue(ErrorCode.LINK_LOST, "lost", "press again", retryable=True))

    def late_news(self, job: str) -> None:
        """Progress that was under way when the job was cancelled."""
        self._listeners[job].job_progress(JobProgress(job, 0.5, "Matching regions", 17.0))

    # ---------------------------------------------------------------------------- as a session

    def request(
        self,
        body: Body,
        on_reply: Callable[[object], None],
        on_error: Callable[[ErrorValue], None],
        buffers: Sequence[bytes] = (),
    ) -> None:
        def answer() -> None:
            reply, out = self._serve(body, buffers)
            try:
                on_reply(make(reply, buffers=out))
            except KeycelError as error:  # as `Backend` does: whatever a listener raises ends the job
                self._on_lost(error.value)
            if isinstance(body, JobSubmit):
                self._run(body.request, f"job-{len(self.requests)}")

        QtCore.QTimer.singleShot(0, answer)
        del on_error

    def notify(self, body: Body) -> None:
        """Credits: this backend sends everything at once."""

    def acknowledge(self, *seqs: int) -> None:
        self.acknowledged.extend(seqs)

    def listen(self, job: str, listener: JobListener) -> None:
        self._listeners[job] = listener

    def forget(self, job: str) -> None:
        self._listeners.pop(job, None)

    def has_listener(self, job: str) -> bool:
        return job in self._listeners

    def _serve(self, body: Body, buffers: Sequence[bytes]) -> tuple[Body, list[bytes]]:
        if isinstance(body, BlobQuery):
            return BlobNeed(tuple(digest for digest in body.digests if digest not in self.blobs)), []
        if isinstance(body, BlobPut):
            assert digest_of(buffers[0]) == body.digest
            self.blobs[body.digest] = bytes(buffers[0])
            self.uploads.append(body.digest)
            return BlobStored(body.digest), []
        if isinstance(body, BlobGet):
            return BlobData(body.digest), [self.blobs[body.digest]]
        if isinstance(body, JobCancel):
            self.cancelled.append(body.job)
            return Done(), []
        if isinstance(body, JobWatch):
            self.watches.append(body.job)
            self._show(body.job)
            return Done(), []
        if isinstance(body, JobPlan):
            stored = sum(drawing.digest in self.blobs for drawing in body.request.drawings)
            frames = len(body.request.targets or body.request.drawings)
            return JobEstimate(0.5 * frames, 1024 * frames, frames, stored), []
        assert isinstance(body, JobSubmit)
        self.requests.append(body.request)
        return JobAccepted(self._status(body.request, JobState.QUEUED)), []

    def _show(self, job: str) -> None:
        if self.preview is not None and job in self._listeners:
            pixels, width, height = self.preview
            self.preview = None
            self._listeners[job].job_preview(JobPreview(job, 0, self._store(pixels), width, height))

    def _run(self, request: JobRequest, job: str) -> None:
        if request.task == "inbetween":
            self._run_inbetween(request, job)
            return
        drawings = {drawing.time: drawing.digest for drawing in request.drawings}
        failed = 0
        for number, time in enumerate(request.targets):
            if self.stalls and number:
                return
            try:
                seed = request.seed if request.redraw else 0
                if request.task == "animate":  # its drawings do not exist yet: one of them for every time
                    coloured = self.colour(self.blobs[request.drawings[0].digest], seed + time)
                else:
                    coloured = self.colour(self.blobs[drawings[time]], seed)
            except KeycelError as error:
                failed += 1
                self._event(job, FrameFailed(job, time, error.value))
                continue
            unsure = number % 2
            report = json.dumps(report_on(coloured, request.width, bool(unsure))).encode()
            digest, about = self._store(coloured), self._store(report)
            self._event(
                job, FrameReady(job, time, digest, about, request.engine, request.seed, 0.1, unsure, False)
            )
        state = JobState.DONE_WITH_FAILURES if failed else JobState.DONE
        self._event(job, JobChanged(self._status(request, state)))

    def _run_inbetween(self, request: JobRequest, job: str) -> None:
        """The line of a frame is the key before it, plus the frame number; its colour is that inverted."""
        keys = {sketch.time: sketch.digest for sketch in request.sketches}
        for number, time in enumerate(request.targets):
            if self.stalls and number:
                return
            held = max(key for key in keys if key <= time)
            line = bytearray(self.blobs[keys[held]])
            line[0] = (line[0] + (time - held) + (request.seed if time not in keys else 0)) % 256
            color = self.colour(bytes(line), 0)
            about = self._store(json.dumps(report_on(color, request.width, False)).encode())
            digest = self._store(color + bytes(line))
            self._event(
                job, FrameReady(job, time, digest, about, request.engine, request.seed, 0.1, 0, False)
            )
        self._event(job, JobChanged(self._status(request, JobState.DONE)))

    def _store(self, data: bytes) -> str:
        self.blobs[digest_of(data)] = data
        return digest_of(data)

    def _event(self, job: str, event: FrameReady | FrameFailed | JobChanged) -> None:
        self._seq += 1
        seq = self._seq

        def tell() -> None:
            if job in self._listeners:
                self._listeners[job].job_event(seq, event)

        QtCore.QTimer.singleShot(0, tell)

    def _status(self, request: JobRequest, state: JobState) -> JobStatus:
        total = len(request.targets)
        return JobStatus(f"job-{len(self.requests)}", state, total, total, 0, request.engine, request.name)


def _remove_notes(pending: PendingJobs, folder: Path) -> None:
    pending.close()
    shutil.rmtree(folder)
