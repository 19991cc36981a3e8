"""Sessions: numbered events kept until acknowledged, credits for frames, and reattaching."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from keycel_shared.messages import FrameFailed, FrameReady, JobChanged
from keycel_shared.wire import Message, make

from .journal import Journal, KeptEvent, SessionRow
from .store import FrameStore

Send = Callable[[bytes, Message], bool]
"""(peer, message) on the control socket; False if the peer is gone."""

Forgotten = Callable[[str], None]
"""Called with a job's id when its last event has been acknowledged."""


class SessionLog:
    """One session: what its client has still to hear, and where that client is now.

    Within a job, order is kept: an event behind a frame event that lacks a credit waits.
    """

    def __init__(
        self,
        row: SessionRow,
        journal: Journal,
        store: FrameStore,
        send: Send,
        quiet: Forgotten,
    ) -> None:
        self.id = row.id
        self.last_seq = row.last_seq
        self._journal = journal
        self._store = store
        self._send = send
        self._quiet = quiet
        self._peer: bytes | None = None
        self._events = journal.events(row.id)
        self._open: dict[str, set[int]] = {}
        self._unsent: dict[str, deque[int]] = {}
        self._granted: dict[str, int] = {}
        self._credits: dict[str, int] = {}
        for seq, event in self._events.items():
            self._keep(seq, event)

    # ---------------------------------------------------------------------------- events

    def add(self, event: KeptEvent) -> None:
        """Number and journal an event; call inside the transaction that it belongs to, then `pump`."""
        self.last_seq += 1
        self._journal.add_event(self.id, self.last_seq, event)
        self._events[self.last_seq] = event
        self._keep(self.last_seq, event)

    def _keep(self, seq: int, event: KeptEvent) -> None:
        job = job_of(event)
        self._open.setdefault(job, set()).add(seq)
        self._unsent.setdefault(job, deque()).append(seq)
        self._store.pin(_blobs(event))

    def acknowledge(self, seqs: Iterable[int]) -> None:
        """These events are dealt with; unknown numbers (acknowledged twice) do not matter."""
        known = [seq for seq in dict.fromkeys(seqs) if seq in self._events]
        jobs: dict[str, None] = {}
        for seq in known:
            event = self._events.pop(seq)
            job = job_of(event)
            self._open[job].discard(seq)
            self._store.unpin(_blobs(event))
            jobs[job] = None
        with self._journal.transaction():
            self._journal.remove_events(self.id, known)
            for job in jobs:
                if not self._open[job]:
                    self._quiet(job)

    @property
    def expects_its_client(self) -> bool:
        """The client has not said goodbye, or coloured frames wait for it."""
        frames = (event for event in self._events.values() if isinstance(event, FrameReady))
        return self._peer is not None or next(frames, None) is not None

    def has_events(self, job: str) -> bool:
        return bool(self._open.get(job))

    def forget(self, job: str) -> None:
        for kept in (self._open, self._unsent, self._granted, self._credits):
            kept.pop(job, None)

    # ---------------------------------------------------------------------------- sending

    def open_account(self, job: str, frames: int) -> None:
        """The credits of a job's submit: what it starts with now and after each reattach."""
        self._granted[job] = self._credits[job] = max(0, frames)

    def grant(self, job: str, frames: int) -> None:
        if job in self._credits and frames > 0:
            self._credits[job] += frames
            self.pump(job)

    @property
    def peer(self) -> bytes | None:
        return self._peer

    def attach(self, peer: bytes) -> None:
        """The client is (again) behind `peer`: everything unacknowledged is to be sent again."""
        self._peer = peer
        self._credits = dict(self._granted)
        self._unsent = {}
        for seq, event in self._events.items():
            self._unsent.setdefault(job_of(event), deque()).append(seq)

    def detach(self) -> None:
        self._peer = None

    def pump_all(self) -> None:
        for job in list(self._unsent):
            self.pump(job)

    def pump(self, job: str) -> None:
        """Send what the job's credits allow."""
        waiting = self._unsent.get(job, deque())
        while waiting and self._peer is not None:
            event = self._events.get(waiting[0])
            if isinstance(event, (FrameReady, FrameFailed)):
                if self._credits.get(job, 0) <= 0:
                    return
                self._credits[job] -= 1
            seq = waiting.popleft()
            if event is not None:
                self.tell(make(event, session=self.id, seq=seq))

    def tell(self, message: Message) -> None:
        """Send passing news, or nothing while no client is attached."""
        if self._peer is not None and not self._send(self._peer, message):
            self._peer = None


class Sessions:
    """All sessions of the journal."""

    def __init__(self, journal: Journal, store: FrameStore, send: Send, quiet: Forgotten) -> None:
        self._journal = journal
        self._store = store
        self._send = send
        self._quiet = quiet
        self._logs = {row.id: self._log(row) for row in journal.sessions()}

    def _log(self, row: SessionRow) -> SessionLog:
        return SessionLog(row, self._journal, self._store, self._send, self._quiet)

    def __getitem__(self, session: str) -> SessionLog:
        return self._logs[session]

    def __len__(self) -> int:
        return len(self._logs)

    def expect_somebody(self) -> bool:
        return any(log.expects_its_client for log in self._logs.values())

    def find(self, session: str) -> SessionLog | None:
        return self._logs.get(session)

    def open(self, session: str, client: str) -> SessionLog:
        """The session of this id, new or known."""
        self._journal.save_session(session, client)
        log = self._logs.get(session)
        if log is None:
            log = self._logs[session] = self._log(SessionRow(session, client, 0))
        return log


def job_of(event: KeptEvent) -> str:
    return event.status.job if isinstance(event, JobChanged) else event.job


def _blobs(event: KeptEvent) -> tuple[str, ...]:
    return (event.digest, event.report) if isinstance(event, FrameReady) else ()
