"""One job of the backend, seen by the one task that waits for it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace

from keycel_plugin.flow.backend import Backend
from keycel_plugin.state.progress import Progress
from keycel_plugin.tasks import Inbox
from keycel_shared.errors import ErrorCode, ErrorValue, KeycelError
from keycel_shared.messages import FrameFailed, JobProgress, JobRequest, JobStatus
from keycel_shared.states import JobState
from keycel_shared.submission import Delivery, Submission

_News = Delivery | FrameFailed | JobStatus | ErrorValue


class Job:
    """Submits a request and brings its frames. Results stay in the store until `acknowledge`."""

    def __init__(self, backend: Backend, progress: Progress) -> None:
        self._backend = backend
        self._progress = progress
        self._inbox: Inbox[_News] = Inbox()
        self._submission: Submission | None = None
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
        """Submit, then yield every frame in the order in which they are ready.

        Raises:
            KeycelError: the backend cannot be reached, refused the job, or the whole job failed.
        """
        self._progress.show("Starting the backend")
        session = await self._backend.connect_for(self._inbox.put)
        self._total = len(request.targets)
        self._progress.show("Sending the drawings")
        self._submission = Submission(session, request, read_picture, self)
        self._submission.start()
        while self.status is None:
            news = await self._inbox.get()
            if isinstance(news, ErrorValue):
                raise KeycelError.from_value(news)
            if isinstance(news, Delivery):
                # Only the number is needed for acknowledging; pixels of a long shot would fill the memory.
                self._delivered.append(replace(news, pixels=b""))
                self.unsure += news.event.unsure > 0
                yield news
                self._show_progress("Colouring")
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

    def close(self) -> None:
        """Over, or not wanted any more. Finished frames stay in the store and cost nothing next time.

        News that is still under way is no longer shown: another job may be running by then.
        """
        self._wanted = False
        if self._submission is not None and self.status is None:
            self._submission.cancel()
        self._backend.job_over()

    @property
    def ready(self) -> int:
        return len(self._delivered)

    # ---------------------------------------------------------------------------- SubmissionListener

    def uploading(self, done: int, total: int) -> None:
        if total and self._wanted:
            self._progress.show("Sending the drawings", done, total)

    def accepted(self, status: JobStatus) -> None:
        self._total = status.total
        self._show_progress("Waiting for the engine")

    def progress(self, progress: JobProgress) -> None:
        left = f", about {_duration(progress.seconds_left)} left" if progress.seconds_left else ""
        self._show_progress(f"{progress.phase}{left}")

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
        "The work was stopped before it was finished.",
        "Press the button again; finished frames are kept and cost nothing.",
        status.state.value,
    )


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
