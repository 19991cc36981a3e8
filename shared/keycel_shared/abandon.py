"""Getting rid of a job that nobody waits for any more."""

from __future__ import annotations

from .errors import ErrorValue
from .messages import (
    FrameFailed,
    FrameReady,
    JobCancel,
    JobChanged,
    JobCredit,
    JobPreview,
    JobProgress,
    Welcome,
)
from .session import Session
from .states import is_terminal
from .wire import Message


class Abandoned:
    """Cancels a job and acknowledges everything that comes of it, so that the backend need not keep it.

    Finished frames stay known to the frame store as long as there is room, and cost nothing next time.
    """

    def __init__(self, session: Session, job: str) -> None:
        self._session = session
        self._job = job
        session.listen(job, self)
        self._cancel()

    def job_progress(self, progress: JobProgress) -> None:
        """Nobody wants to know."""

    def job_preview(self, preview: JobPreview) -> None:
        """Nobody looks."""

    def job_event(self, seq: int, event: JobChanged | FrameReady | FrameFailed) -> None:
        self._session.acknowledge(seq)
        if not isinstance(event, JobChanged):
            self._session.notify(JobCredit(self._job, 1))
        elif is_terminal(event.status.state):
            self._session.forget(self._job)

    def link_lost(self, error: ErrorValue) -> None:
        if not error.retryable:
            self._session.forget(self._job)

    def link_restored(self, welcome: Welcome) -> None:
        if self._job in {status.job for status in welcome.jobs}:
            self._cancel()
        else:
            self._session.forget(self._job)

    def _cancel(self) -> None:
        self._session.request(JobCancel(self._job), _ignore, self._refused)

    def _refused(self, error: ErrorValue) -> None:
        if not error.retryable:
            self._session.forget(self._job)  # it was over, and its last event is dealt with


def _ignore(_: Message) -> None:
    """The events say when it is over."""
