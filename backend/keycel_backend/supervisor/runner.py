"""Runs the queued jobs, one at a time, on a worker process that stays warm between them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence

from keycel_backend.diffusion.device import Device, processor
from keycel_backend.engines.registry import ENTRIES, descriptions
from keycel_shared.errors import ErrorCode, ErrorValue, KeycelError
from keycel_shared.messages import JobProgress
from keycel_shared.states import JobState

from .jobs import Job, Jobs
from .journal import Result
from .orders import Cancel, Finished, FrameMade, FrameMissed, Progressed, Report, Run, Started, Warm
from .requests import Unit
from .store import FrameStore
from .worker_process import WorkerDied, WorkerProcess

log = logging.getLogger(__name__)

CANCEL_SECONDS = 5.0
"""How long an engine may take to notice a cancel before its process is killed."""

TRIES = 2
"""Worker processes that may die one after another without a finished frame in between."""

PROGRESS_SECONDS = 0.1
"""Least time between two pieces of passing news."""

Tell = Callable[[Job, JobProgress], None]


class Runner:
    """The queue. `submit` and `cancel` are called by the server; `run` is a task of its own."""

    def __init__(self, jobs: Jobs, store: FrameStore, command: Sequence[str], tell: Tell) -> None:
        """`command` starts a worker process; `tell` sends passing news to a job's client."""
        self._jobs = jobs
        self._store = store
        self._command = command
        self._tell = tell
        self._queue: deque[Job] = deque()
        self._queued = asyncio.Event()
        self._worker: WorkerProcess | None = None
        self._device = processor()
        self._current: Job | None = None
        self._deadline: asyncio.TimerHandle | None = None

    @property
    def worker_process(self) -> int | None:
        """Process id of the warm worker."""
        return self._worker.process if self._worker is not None and self._worker.alive else None

    @property
    def device(self) -> Device:
        """What engines that use a graphics card compute on: the processor until a worker has looked."""
        if self._worker is not None and self._worker.alive:
            self._worker.look_for_device()
            self._device = self._worker.device or self._device
        return self._device

    def submit(self, job: Job) -> None:
        """Deliver what is stored already and queue the rest."""
        if self._jobs.deliver_stored(job):
            self._queue.append(job)
            self._queued.set()
        else:
            self._jobs.finish(job)

    def cancel(self, job: Job) -> None:
        """A queued job ends now, the running one at the engine's next step or after five seconds."""
        if job.over or job.cancelled:
            return
        job.cancelled = True
        if job is not self._current:
            self._queue.remove(job)
            self._jobs.advance(job, JobState.CANCELLED)
        elif self._worker is not None:
            self._worker.order(Cancel(job.id))
            self._deadline = asyncio.get_running_loop().call_later(CANCEL_SECONDS, self._worker.kill)

    async def run(self) -> None:
        """Work until cancelled."""
        self._warm_up()
        try:
            while True:
                while not self._queue:
                    self._queued.clear()
                    await self._queued.wait()
                self._current = self._queue.popleft()
                try:
                    await self._run(self._current)
                finally:
                    self._current = None
        finally:
            if self._worker is not None:
                await self._worker.stop()

    def _warm_up(self) -> None:
        """Start the worker and let it import the default engine while nobody waits for it."""
        try:
            worker = self._ready_worker()
        except WorkerDied as death:
            log.warning("no worker: %s", death)
            return
        engine = descriptions()[0]
        worker.order(Warm(engine.name, engine.tasks[0]))
        if any(entry.accelerated and entry.installed for entry in ENTRIES.values()):
            worker.look_for_device()

    # ---------------------------------------------------------------------------- one job

    async def _run(self, job: Job) -> None:
        try:
            await self._attempts(job)
        except Exception as error:
            log.exception("job %s", job.id)
            if self._worker is not None:
                self._worker.kill()  # it may still be at work on this job
            self._jobs.advance(job, JobState.FAILED, _unexpected(error))
        finally:
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None

    async def _attempts(self, job: Job) -> None:
        deaths = 0
        while units := self._jobs.deliver_stored(job):
            done = len(job.frames)
            try:
                await self._attempt(job, units)
            except WorkerDied as death:
                log.warning("job %s: the worker died: %s", job.id, death)
                self._worker = None
                if not job.cancelled:
                    deaths = 1 if len(job.frames) > done else deaths + 1
                    self._after_death(job, deaths, str(death))
            if job.cancelled:
                self._jobs.advance(job, JobState.CANCELLED)
                return
        self._jobs.finish(job)

    def _after_death(self, job: Job, deaths: int, how: str) -> None:
        self._jobs.advance(job, JobState.QUEUED)
        units = job.open_units()
        if deaths >= TRIES:
            self._jobs.frame_missed(job, units, _worker_died(how))
            return
        left = sum(len(unit.times) for unit in units)
        frames = "1 frame" if left == 1 else f"{left} frames"
        self._news(job, 0, f"the worker process ended; trying {frames} again")

    async def _attempt(self, job: Job, units: Sequence[Unit]) -> None:
        """One order to one worker, until it says that it is finished.

        Raises:
            WorkerDied
        """
        self._jobs.advance(job, JobState.PREPARING)
        worker = self._ready_worker()
        worker.order(Run(job.id, job.row.request, tuple(unit.target for unit in units)))
        by_target = {unit.target: unit for unit in units}
        news = _News(job, self._news)
        while True:
            report = await worker.hear()
            if getattr(report, "job", job.id) != job.id:
                continue  # the tail of an earlier job
            if isinstance(report, Finished):
                break
            if isinstance(report, Progressed):
                news.progress(report)
            else:
                self._take(job, by_target, report)
        if not job.cancelled:
            self._jobs.frame_missed(job, job.open_units(), _not_made())

    def _take(self, job: Job, units: dict[int, Unit], report: Report) -> None:
        if isinstance(report, Started):
            self._jobs.advance(job, JobState.RUNNING)
        elif isinstance(report, FrameMade):
            result = Result(report.digest, report.report, report.seed, report.seconds, report.unsure)
            try:
                self._store.admit(report.digest)
                self._store.admit(report.report)
            except KeycelError as error:
                self._jobs.frame_missed(job, [units[report.time]], error.value)
            else:
                self._jobs.frame_made(job, units[report.time], result)
        elif isinstance(report, FrameMissed):
            self._jobs.frame_missed(job, [units[report.time]], report.error)

    def _ready_worker(self) -> WorkerProcess:
        if self._worker is None or not self._worker.alive:
            self._worker = WorkerProcess(self._command)
        return self._worker

    def _news(self, job: Job, share: float, phase: str, seconds_left: float | None = None) -> None:
        self._tell(job, JobProgress(job.id, min(1.0, max(0.0, share)), phase, seconds_left))


class _News:
    """Passing news of one order, on the scale of the whole job, not too often."""

    def __init__(self, job: Job, say: Callable[[Job, float, str, float | None], None]) -> None:
        self._job = job
        self._say = say
        self._done = len(job.frames) / job.row.total
        self._began = self._said = time.monotonic()

    def progress(self, report: Progressed) -> None:
        now = time.monotonic()
        if now - self._said < PROGRESS_SECONDS:
            return
        self._said = now
        spent = now - self._began
        left = spent * (1 - report.share) / report.share if report.share > 0.02 and spent > 1 else None
        share = self._done + (1 - self._done) * report.share
        self._say(self._job, share, report.phase, left)


def _worker_died(how: str) -> ErrorValue:
    return ErrorValue(
        ErrorCode.RUN_WORKER_DIED,
        "The process that colours ended unexpectedly, twice.",
        "Press the button again; if it happens again, run `keycel doctor` (often memory is short).",
        how,
        retryable=True,
    )


def _not_made() -> ErrorValue:
    return ErrorValue(
        ErrorCode.RUN_FAILED,
        "The engine gave no result for this frame.",
        "Press the button again; if it stays like this, please report it.",
        retryable=True,
    )


def _unexpected(error: Exception) -> ErrorValue:
    return ErrorValue(
        ErrorCode.BUG_UNEXPECTED,
        "Something went wrong inside Keycel.",
        "Press the button again; if it stays like this, please report it with the log.",
        f"{type(error).__name__}: {error}",
        retryable=True,
    )
