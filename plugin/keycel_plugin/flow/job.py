"""One job of the backend, seen by the one task that waits for it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace

from keycel_plugin.flow.backend import Backend
from keycel_plugin.flow.pending import Note, Pending, fingerprint
from keycel_plugin.flow.small_pictures import small_colors
from keycel_plugin.state.progress import Progress
from keycel_plugin.tasks import Inbox
from keycel_plugin.words import _
from keycel_shared.abandon import Abandoned
from keycel_shared.errors import ErrorCode, ErrorValue, KeycelError
from keycel_shared.messages import FrameFailed, JobPreview, JobProgress, JobRequest, JobStatus
from keycel_shared.pixels import byte_count
from keycel_shared.session import Session
from keycel_shared.states import JobState
from keycel_shared.submission import Delivery, Submission
from keycel_shared.wire import Buffer

_BROKEN = (JobState.CANCELLED, JobState.FAILED, JobState.LOST)
_News = Delivery | FrameFailed | JobStatus | ErrorValue


class Job:
    """Submits a request and brings its frames. Results stay in the store until `acknowledge`."""

    def __init__(self, backend: Backend, progress: Progress, work: Pending | None, doing: str = "") -> None:
        """`work` is noted until the job is over, so that a new Krita can go on if this one is killed.

        Without it nothing is noted; finished frames stay in the store all the same. `doing`: words for the
        work, if it is not colouring.
        """
        self._backend = backend
        self._progress = progress
        self._work = work
        self._doing = doing or _("Colouring")
        self._inbox: Inbox[_News] = Inbox()
        self._request: JobRequest | None = None
        self._session: Session | None = None
        self._submission: Submission | None = None
        self._noted = ""
        self._delivered: list[Delivery] = []
        self._total = 0
        self._wanted = True
        self.failures: list[FrameFailed] = []
        self.unsure = 0
        """Frames with at least one region whose colour is a guess."""
        self.status: JobStatus | None = None
        """Set when the job has ended."""

    async def frames(
        self, request: JobRequest, read_picture: Callable[[str], bytes]
    ) -> AsyncIterator[Delivery]:
        """Submit, or go on with the equal job of a killed Krita; yield every frame as it is ready.

        Raises:
            KeycelError: the backend cannot be reached, refused the job, or the whole job failed.
        """
        self._progress.show(_("Starting the backend"))
        self._request = request
        self._total = len(request.targets)
        work = self._work
        earlier = self._backend.pending.take_over(work, request) if work is not None else None
        self._session = await self._backend.connect_for(self._inbox.put, earlier)
        self._progress.show(_("Sending the drawings"))
        self._submission = Submission(self._session, request, read_picture, self, self._preview)
        self._begin(self._session, self._submission, request, earlier)
        while self.status is None:
            news = await self._inbox.get()
            if isinstance(news, ErrorValue):
                raise KeycelError.from_value(news)
            if isinstance(news, Delivery):
                # Only the number is needed for acknowledging; pixels of a long shot would fill the memory.
                self._delivered.append(replace(news, pixels=b""))
                self.unsure += news.event.unsure > 0
                yield news
                self._show_progress(self._doing)
            elif isinstance(news, FrameFailed):
                self.failures.append(news)
            else:
                self.status = news
        if self.status.state not in (JobState.DONE, JobState.DONE_WITH_FAILURES):
            raise KeycelError.from_value(self.status.error or _ended_early(self.status))

    def acknowledge(self) -> None:
        """All frames are safely in the document."""
        if self._submission is not None:
            self._submission.acknowledge(*self._delivered)
            self._forget_note()

    def close(self) -> None:
        """Over, or not wanted any more. Finished frames stay in the store and cost nothing next time.

        News that is still under way is no longer shown: another job may be running by then.
        """
        self._wanted = False
        if self._submission is not None:
            self._submission.abandon()
        self._forget_note()
        self._backend.job_over()

    @property
    def ready(self) -> int:
        return len(self._delivered)

    def _begin(
        self, session: Session, submission: Submission, request: JobRequest, earlier: Note | None
    ) -> None:
        if earlier is None:
            submission.start()
            return
        known = {status.job: status for status in session.welcome.jobs} if session.welcome else {}
        status = known.get(earlier.job)
        if status is not None and earlier.request == fingerprint(request) and status.state not in _BROKEN:
            submission.follow(status)
            return
        if status is not None:
            Abandoned(session, earlier.job)  # the shot has changed since, or it came to nothing
        self._backend.pending.forget(earlier.job)
        submission.start()

    def _forget_note(self) -> None:
        if self._noted:
            self._backend.pending.forget(self._noted)
            self._noted = ""

    # ---------------------------------------------------------------------------- SubmissionListener

    def uploading(self, done: int, total: int) -> None:
        if total and self._wanted:
            self._progress.show(_("Sending the drawings"), done, total)

    def accepted(self, status: JobStatus) -> None:
        self._total = status.total
        work, request, session = self._work, self._request, self._session
        if work is not None and request is not None and session is not None and status.job != self._noted:
            self._forget_note()  # of a job that the backend has lost
            self._backend.pending.remember(work, request, session.id, status.job)
            self._noted = status.job
        self._show_progress(_("Waiting for the engine"))

    def progress(self, progress: JobProgress) -> None:
        phase = _(progress.phase) if progress.phase else ""
        if progress.seconds_left:
            phase = _("{phase}, about {time} left").format(phase=phase, time=_duration(progress.seconds_left))
        self._show_progress(phase)

    def _preview(self, preview: JobPreview, pixels: Buffer) -> None:
        size = preview.width, preview.height
        if self._wanted and self.status is None and len(pixels) == byte_count(*size):
            self._progress.show_preview(small_colors(bytes(pixels), size))

    def frame(self, delivery: Delivery) -> None:
        self._inbox.put(delivery)

    def frame_failed(self, failure: FrameFailed) -> None:
        self._inbox.put(failure)

    def finished(self, status: JobStatus) -> None:
        self._inbox.put(status)

    def failed(self, error: ErrorValue) -> None:
        self._inbox.put(error)

    def _show_progress(self, text: str) -> None:
        if self._wanted:
            self._progress.show(text, self.ready, self._total)


def _ended_early(status: JobStatus) -> ErrorValue:
    return ErrorValue(
        ErrorCode.RUN_CANCELLED if status.state is JobState.CANCELLED else ErrorCode.RUN_FAILED,
        _("The work was stopped before it was finished."),
        _("Press the button again; finished frames are kept and cost nothing."),
        status.state.value,
    )


def _duration(seconds: float) -> str:
    if seconds < 90:
        return _("{seconds} s").format(seconds=round(seconds))
    return _("{minutes} min").format(minutes=round(seconds / 60))
