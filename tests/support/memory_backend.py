"""A backend in memory that answers a session's requests through Qt's event loop, one at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from keycel_plugin.qt import QtCore
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
    FrameFailed,
    FrameReady,
    JobAccepted,
    JobCancel,
    JobChanged,
    JobProgress,
    JobRequest,
    JobStatus,
    JobSubmit,
)
from keycel_shared.pixels import digest_of
from keycel_shared.session import JobListener
from keycel_shared.states import JobState
from keycel_shared.wire import make

REPORT = json.dumps({"palette": [], "regions": []}).encode()

Colour = Callable[[bytes, int], bytes]
"""Drawing and seed to coloured pixels; may raise `KeycelError` to fail the frame."""


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
        self.blobs: dict[str, bytes] = {digest_of(REPORT): REPORT}
        self.uploads: list[str] = []
        self.requests: list[JobRequest] = []
        self.acknowledged: list[int] = []
        self.cancelled: list[str] = []
        self.refuse: ErrorValue | None = None
        self.stalls = False
        """Frames after the first never come, so that a test can act in the middle of a job."""
        self._listeners: dict[str, JobListener] = {}
        self._on_lost: Callable[[ErrorValue], None] = lambda _: None
        self._seq = 0

    async def connect_for(self, on_lost: Callable[[ErrorValue], None]) -> MemoryBackend:
        if self.refuse is not None:
            raise KeycelError.from_value(self.refuse)
        self._on_lost = on_lost
        return self

    def job_over(self) -> None:
        self._on_lost = lambda _: None

    def close(self) -> None:
        self._listeners.clear()

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
            on_reply(make(reply, buffers=out))
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
        assert isinstance(body, JobSubmit)
        self.requests.append(body.request)
        return JobAccepted(self._status(body.request, JobState.QUEUED)), []

    def _run(self, request: JobRequest, job: str) -> None:
        drawings = {drawing.time: drawing.digest for drawing in request.drawings}
        failed = 0
        for number, time in enumerate(request.targets):
            if self.stalls and number:
                return
            try:
                coloured = self.colour(self.blobs[drawings[time]], request.seed if request.redraw else 0)
            except KeycelError as error:
                failed += 1
                self._event(job, FrameFailed(job, time, error.value))
                continue
            digest = digest_of(coloured)
            self.blobs[digest] = coloured
            report = digest_of(REPORT)
            self._event(
                job, FrameReady(job, time, digest, report, "flat", request.seed, 0.1, number % 2, False)
            )
        state = JobState.DONE_WITH_FAILURES if failed else JobState.DONE
        self._event(job, JobChanged(self._status(request, state)))

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
