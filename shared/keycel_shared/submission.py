"""One job from the client's side: upload what the store lacks, submit, fetch every result.

Event-driven and free of any loop: the command line runs it from a blocking loop, the plugin from
Qt's. Each callback does one small thing (one picture at most), so a user interface stays alive.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from .abandon import Abandoned
from .errors import ErrorCode, ErrorValue
from .messages import (
    BlobData,
    BlobGet,
    BlobNeed,
    BlobPut,
    BlobQuery,
    FrameFailed,
    FrameReady,
    JobAccepted,
    JobCancel,
    JobChanged,
    JobCredit,
    JobPreview,
    JobProgress,
    JobRequest,
    JobStatus,
    JobSubmit,
    JobWatch,
    Welcome,
)
from .pixels import digest_of
from .session import Session
from .states import is_terminal
from .wire import Buffer, Message

UPLOADS_IN_FLIGHT = 2
CREDITS = 8
"""Frames that may be under way to us; each one handed over grants a new one."""


@dataclass(frozen=True)
class Delivery:
    """A coloured frame that has arrived and been checked against its digest."""

    seq: int
    event: FrameReady
    pixels: Buffer
    """Raw BGRA8 of the shot's size."""
    report: dict[str, Any]


PreviewCallback = Callable[[JobPreview, Buffer], None]
"""Called with news of a preview and its pixels, raw BGRA8."""


class SubmissionListener(Protocol):
    def uploading(self, done: int, total: int) -> None: ...

    def accepted(self, status: JobStatus) -> None: ...

    def progress(self, progress: JobProgress) -> None: ...

    def frame(self, delivery: Delivery) -> None: ...

    def frame_failed(self, failure: FrameFailed) -> None: ...

    def finished(self, status: JobStatus) -> None:
        """The last call: every frame has been handed over or reported as failed."""

    def failed(self, error: ErrorValue) -> None:
        """The last call: the job could not be submitted or followed."""


class Submission:
    """Follows one job. Results stay in the store until `acknowledge`."""

    def __init__(
        self,
        session: Session,
        request: JobRequest,
        read_picture: Callable[[str], Buffer],
        listener: SubmissionListener,
        on_preview: PreviewCallback | None = None,
    ) -> None:
        """`read_picture` gives the raw BGRA8 bytes of a digest named in `request`.

        `on_preview`: asks for previews of running work, again after each one.
        """
        self.job = ""
        self._session = session
        self._request = request
        self._read = read_picture
        self._listener = listener
        self._on_preview = on_preview
        self._to_send: deque[str] = deque()
        self._stored = self._missing = 0
        self._fetching: dict[int, tuple[FrameReady, dict[str, Buffer]]] = {}
        self._unsafe: set[int] = set()
        self._failures: list[int] = []
        self._end: JobStatus | None = None
        self._end_seq = 0
        self._over = False
        self._cancelled = False
        self._abandoned = False

    def start(self) -> None:
        """Ask which pictures are missing; everything else follows from the answers."""
        digests = dict.fromkeys(picture.digest for picture in _pictures(self._request))
        if self._request.reference:
            digests[self._request.reference] = None
        self._session.request(BlobQuery(tuple(digests)), self._on_need, self._fail)

    def follow(self, status: JobStatus) -> None:
        """Instead of `start`: go on with a job that `Session.welcome.jobs` names after a reattach.

        Its unacknowledged frames are handed over (again).
        """
        self.job = status.job
        if self._abandoned:
            Abandoned(self._session, self.job)
            return
        self._listener.accepted(status)
        self._session.listen(self.job, self)
        if self._cancelled:
            self.cancel()
        self._watch()

    def cancel(self) -> None:
        """Stop soon; frames that are finished stay and are still handed over."""
        self._cancelled = True
        if self.job:
            self._session.request(JobCancel(self.job), lambda _: None, self._fail)

    def abandon(self) -> None:
        """Nobody wants the frames any more: cancel if it still runs; nothing is kept for us or told to us."""
        self._over = self._abandoned = True
        if self.job:
            self._session.acknowledge(*self._unsafe, *self._failures)
            if self._end is None:
                Abandoned(self._session, self.job)
            elif self._end_seq:
                self._session.acknowledge(self._end_seq)
        self._unsafe.clear()
        self._failures.clear()
        self._end_seq = 0

    def acknowledge(self, *deliveries: Delivery) -> None:
        """The frames are safe on the artist's side; the store need not keep them for us."""
        seqs = [delivery.seq for delivery in deliveries]
        self._unsafe.difference_update(seqs)
        self._session.acknowledge(*seqs)
        self._acknowledge_end()

    def _acknowledge_end(self) -> None:
        # Last of all: who reattaches hears the unsafe frames and the failures again, and then the end.
        if self._end_seq and not self._unsafe:
            self._session.acknowledge(*self._failures, self._end_seq)
            self._failures.clear()
            self._end_seq = 0

    # ---------------------------------------------------------------------------- upload

    def _on_need(self, message: Message) -> None:
        if self._over:
            return
        self._to_send = deque(message.expect(BlobNeed).digests)
        self._missing, self._stored = len(self._to_send), 0
        self._listener.uploading(0, self._missing)
        if not self._to_send:
            self._submit()
        for _ in range(min(UPLOADS_IN_FLIGHT, len(self._to_send))):
            self._send_next()

    def _send_next(self) -> None:
        digest = self._to_send.popleft()
        self._session.request(BlobPut(digest), self._on_stored, self._fail, [self._read(digest)])

    def _on_stored(self, _: Message) -> None:
        if self._over:
            return
        self._stored += 1
        self._listener.uploading(self._stored, self._missing)
        if self._cancelled:
            self._fail(_cancelled())
        elif self._to_send:
            self._send_next()
        elif self._stored == self._missing:
            self._submit()

    def _submit(self) -> None:
        self._session.request(JobSubmit(self._request, CREDITS), self._on_accepted, self._fail)

    def _on_accepted(self, message: Message) -> None:
        self.follow(message.expect(JobAccepted).status)

    # ---------------------------------------------------------------------------- JobListener

    def job_progress(self, progress: JobProgress) -> None:
        self._listener.progress(progress)

    def job_preview(self, preview: JobPreview) -> None:
        self._session.request(BlobGet(preview.digest), self._seen(preview), _ignore)

    def job_event(self, seq: int, event: JobChanged | FrameReady | FrameFailed) -> None:
        if isinstance(event, FrameReady):
            self._unsafe.add(seq)
            self._fetching[seq] = (event, {})
            for digest in (event.digest, event.report):
                self._session.request(BlobGet(digest), self._fetched(seq), self._fail)
            return
        if isinstance(event, JobChanged) and is_terminal(event.status.state):
            self._end, self._end_seq = event.status, seq
            self._acknowledge_end()
            self._finish_if_all_here()
            return
        if isinstance(event, FrameFailed):
            self._failures.append(seq)
            self._session.notify(JobCredit(self.job, 1))
            self._listener.frame_failed(event)
        else:
            self._session.acknowledge(seq)

    def link_lost(self, error: ErrorValue) -> None:
        if error.retryable:
            return  # the owner of the session reconnects; link_restored follows
        self._fail(error)

    def link_restored(self, welcome: Welcome) -> None:
        """After a reconnect: ask again for what was under way."""
        if self.job not in {status.job for status in welcome.jobs} and self._end is None:
            self._session.forget(self.job)
            self.job = ""
            self._unsafe.clear()
            self._failures.clear()
            self.start()
            return
        for seq, (event, parts) in self._fetching.items():
            for digest in {event.digest, event.report} - parts.keys():
                self._session.request(BlobGet(digest), self._fetched(seq), self._fail)

    # ---------------------------------------------------------------------------- previews

    def _watch(self) -> None:
        if self._on_preview is not None and not self._over:
            self._session.request(JobWatch(self.job), _ignore, _ignore)

    def _seen(self, preview: JobPreview) -> Callable[[Message], None]:
        def on_data(message: Message) -> None:
            pixels = message.buffers[0] if len(message.buffers) == 1 else b""
            if self._on_preview is None or self._over or digest_of(pixels) != preview.digest:
                return
            self._on_preview(preview, pixels)
            self._watch()

        return on_data

    # ---------------------------------------------------------------------------- results

    def _fetched(self, seq: int) -> Callable[[Message], None]:
        def on_data(message: Message) -> None:
            digest = message.expect(BlobData).digest
            if len(message.buffers) != 1 or digest_of(message.buffers[0]) != digest:
                self._fail(_damaged(digest))
                return
            if self._abandoned:
                return
            event, parts = self._fetching[seq]
            parts[digest] = message.buffers[0]
            if parts.keys() >= {event.digest, event.report}:
                del self._fetching[seq]
                self._hand_over(seq, event, parts)

        return on_data

    def _hand_over(self, seq: int, event: FrameReady, parts: dict[str, Buffer]) -> None:
        report = json.loads(bytes(parts[event.report]))
        self._session.notify(JobCredit(self.job, 1))
        self._listener.frame(Delivery(seq, event, parts[event.digest], report))
        self._finish_if_all_here()

    def _finish_if_all_here(self) -> None:
        if self._end is not None and not self._fetching and not self._over:
            self._over = True
            self._session.forget(self.job)
            self._listener.finished(self._end)

    def _fail(self, error: ErrorValue) -> None:
        if self._over or (error.code is ErrorCode.LINK_LOST and error.retryable and self.job):
            return
        self._over = True
        self._session.forget(self.job)
        self._listener.failed(error)


def _ignore(_: object) -> None:
    """A preview is worth neither an answer nor an error."""


def _pictures(request: JobRequest) -> tuple[Any, ...]:
    return (*request.drawings, *request.keyframes, *request.sketches)


def _cancelled() -> ErrorValue:
    return ErrorValue(ErrorCode.RUN_CANCELLED, "Cancelled before the work began.", "Press the button again.")


def _damaged(digest: str) -> ErrorValue:
    return ErrorValue(
        ErrorCode.RES_MISSING_BLOB,
        "A coloured frame arrived damaged.",
        "Press the button again; the stored result is checked and made again if needed.",
        digest,
        retryable=True,
    )
