"""Jobs: the one place that changes their state, and writes and tells every change."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field

from keycel_shared.errors import ErrorCode, ErrorValue, KeycelError
from keycel_shared.messages import FrameFailed, FrameReady, JobChanged, JobRequest, JobStatus
from keycel_shared.states import JobState, is_terminal, next_job_state
from keycel_shared.wire import new_id

from .journal import JobRow, Journal, Result
from .requests import Unit, Work, check_request
from .sessions import SessionLog, Sessions
from .store import FrameStore

log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Job:
    """A job in memory. `frames`: frame number to whether it is ready (else it has failed)."""

    row: JobRow
    state: JobState
    error: ErrorValue | None
    frames: dict[int, bool]
    work: Work | None = None
    """None once it is over."""
    cancelled: bool = False
    watched: bool = False
    """Its client waits for a preview."""
    failure: ErrorValue | None = None
    """Of the first frame that failed."""
    ready: int = field(init=False)

    def __post_init__(self) -> None:
        self.ready = sum(self.frames.values())

    @property
    def id(self) -> str:
        return self.row.id

    @property
    def over(self) -> bool:
        return is_terminal(self.state)

    def status(self) -> JobStatus:
        return JobStatus(
            job=self.row.id,
            state=self.state,
            total=self.row.total,
            ready=self.ready,
            failed=len(self.frames) - self.ready,
            engine=self.row.request.engine,
            name=self.row.request.name,
            error=self.error,
        )

    def open_units(self) -> list[Unit]:
        """Drawings of which some time has neither been delivered nor failed."""
        if self.work is None:
            return []
        return [unit for unit in self.work.units if any(time not in self.frames for time in unit.times)]


class Jobs:
    """All jobs that are not over, or of which a client has still to hear."""

    def __init__(self, journal: Journal, store: FrameStore) -> None:
        self._journal = journal
        self._store = store
        self._jobs: dict[str, Job] = {}
        self._sessions: Sessions | None = None

    # ---------------------------------------------------------------------------- start

    def restore(self, sessions: Sessions) -> list[Job]:
        """Take up what the journal knows; the unfinished jobs, queued again in their order."""
        self._sessions = sessions
        waiting: list[Job] = []
        for row in self._journal.jobs():
            session = sessions.find(row.session)
            if session is None:
                self._journal.remove_job(row.id)
                continue
            job = Job(row, row.state, row.error, self._journal.frames(row.id))
            self._jobs[row.id] = job
            session.open_account(row.id, row.credits)
            if job.over:
                self.forget_if_quiet(row.id)
            elif self._resume(job):
                waiting.append(job)
        return waiting

    def _resume(self, job: Job) -> bool:
        try:
            work = check_request(job.row.request, self._store.raw_size)
            if not self._store.claim(work.inputs):
                raise _inputs_gone()
        except KeycelError as error:
            lost = error.value.code is ErrorCode.RES_MISSING_BLOB
            self.advance(job, JobState.LOST if lost else JobState.FAILED, error.value)
            return False
        job.work = work
        if job.state is not JobState.QUEUED and job.state is not JobState.FINISHING:
            self.advance(job, JobState.QUEUED)
        log.info("job %s taken up again: %d of %d frames are done", job.id, len(job.frames), job.row.total)
        return True

    def submit(self, session: SessionLog, request: JobRequest, granted: int) -> Job:
        """Check, journal and pin a new job.

        Raises:
            KeycelError: see `check_request`; RES_DISK_FULL if it cannot be journaled.
        """
        work = check_request(request, self._store.raw_size)
        row = JobRow(new_id(), session.id, work.request, work.total, granted, JobState.QUEUED, None)
        if not self._store.claim(work.inputs):
            raise _inputs_gone()
        try:
            self._journal.add_job(row)
        except KeycelError:
            self._store.unpin(work.inputs)
            raise
        job = self._jobs[row.id] = Job(row, JobState.QUEUED, None, {}, work)
        session.open_account(row.id, granted)
        log.info("job %s: %s, %d frames", row.id, request.engine, row.total)
        return job

    def stored(self, work: Work) -> int:
        """How many of the frames would cost nothing."""
        return sum(len(unit.times) for unit in work.units if self._stored_result(unit, claim=False))

    # ---------------------------------------------------------------------------- look up

    def __len__(self) -> int:
        return len(self._jobs)

    def find(self, job: str, session: str) -> Job:
        """Raises KeycelError (RUN_NO_SUCH_JOB) unless the session has this job."""
        found = self._jobs.get(job)
        if found is None or found.row.session != session:
            raise KeycelError(
                ErrorCode.RUN_NO_SUCH_JOB,
                "This job is not known (any more).",
                "Press the button again; finished frames are kept and cost nothing.",
                job[:80],
            )
        return found

    def of_session(self, session: str) -> tuple[JobStatus, ...]:
        return tuple(job.status() for job in self._jobs.values() if job.row.session == session)

    def unfinished(self) -> int:
        return sum(not job.over for job in self._jobs.values())

    # ---------------------------------------------------------------------------- change

    def advance(self, job: Job, wanted: JobState, error: ErrorValue | None = None) -> None:
        """Go to `wanted` (the table decides), journal it and tell the client."""
        state = next_job_state(job.state, wanted)
        if state is job.state:
            return
        session = self._session(job)
        job.state, job.error = state, error
        with self._journal.transaction():
            self._journal.set_state(job.id, state, error)
            session.add(JobChanged(job.status()))
        if job.over:
            log.info("job %s: %s", job.id, state.value)
            if job.work is not None:
                self._store.unpin(job.work.inputs)
                job.work = None
        session.pump(job.id)

    def finish(self, job: Job) -> None:
        """Every frame is delivered or has failed: the last events.

        A job without a single good frame has failed as a whole, for the reason of its first frame.
        """
        if job.failure is not None and not job.ready:
            self.advance(job, JobState.FAILED, job.failure)
            return
        # Two commits, for an event must not be sent before it is written.
        self.advance(job, JobState.FINISHING)
        failures = len(job.frames) - job.ready
        self.advance(job, JobState.DONE_WITH_FAILURES if failures else JobState.DONE)

    def frame_made(self, job: Job, unit: Unit, result: Result) -> None:
        """A drawing has been computed and its blobs are in the store: deliver it, and know it for later."""
        with self._journal.transaction():
            self._journal.add_result(unit.identity, result)
            self._deliver(job, unit, result, reused=False)
        self._session(job).pump(job.id)

    def frame_missed(self, job: Job, units: Iterable[Unit], error: ErrorValue) -> None:
        """These drawings will not come."""
        session = self._session(job)
        job.failure = job.failure or error
        with self._journal.transaction():
            for unit in units:
                for time in unit.times:
                    if time not in job.frames:
                        job.frames[time] = False
                        self._journal.add_frame(job.id, time, ready=False)
                        session.add(FrameFailed(job.id, time, error))
        session.pump(job.id)

    def deliver_stored(self, job: Job) -> list[Unit]:
        """Deliver every frame whose result is known; the drawings that must be computed."""
        remaining: list[Unit] = []
        with self._journal.transaction():
            for unit in job.open_units():
                result = self._stored_result(unit, claim=True)
                if result is None:
                    remaining.append(unit)
                    continue
                self._deliver(job, unit, result, reused=True)
                self._store.unpin((result.digest, result.report))
        self._session(job).pump(job.id)
        return remaining

    def _deliver(self, job: Job, unit: Unit, result: Result, reused: bool) -> None:
        for time in unit.times:
            if job.frames.get(time):
                continue
            job.frames[time] = True
            job.ready += 1
            self._journal.add_frame(job.id, time, ready=True)
            self._session(job).add(
                FrameReady(
                    job=job.id,
                    time=time,
                    digest=result.digest,
                    report=result.report,
                    engine=job.row.request.engine,
                    seed=result.seed,
                    seconds=result.seconds,
                    unsure=result.unsure,
                    reused=reused,
                )
            )

    def _stored_result(self, unit: Unit, claim: bool) -> Result | None:
        result = self._journal.result(unit.identity)
        if result is None:
            return None
        blobs = (result.digest, result.report)
        present = self._store.claim(blobs) if claim else not self._store.missing(blobs)
        return result if present else None

    def forget_if_quiet(self, job: str) -> None:
        """A job that is over and has nothing left to tell leaves memory and journal."""
        found = self._jobs.get(job)
        if found is None or not found.over:
            return
        session = self._session(found)
        if not session.has_events(job):
            session.forget(job)
            self._journal.remove_job(job)
            del self._jobs[job]

    def _session(self, job: Job) -> SessionLog:
        if self._sessions is None:
            raise RuntimeError("restore comes first")
        return self._sessions[job.row.session]


def _inputs_gone() -> KeycelError:
    return KeycelError(
        ErrorCode.RES_MISSING_BLOB,
        "Some pictures of the shot are not in the frame store any more.",
        "Press the button again; they are sent again.",
        retryable=True,
    )
