"""The journal: sessions, unfinished jobs, unacknowledged events and known results, in SQLite.

Written before anything is told to a client, so that a killed supervisor loses nothing. WAL with
`synchronous=NORMAL`: a killed process loses no commit; a power cut may lose the last ones, which
costs computing those frames again, never a wrong result. A commit takes about 0.03 ms, hence no
thread.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import time
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from keycel_shared.errors import ErrorValue
from keycel_shared.messages import TYPES, Body, FrameFailed, FrameReady, JobChanged, JobRequest
from keycel_shared.schema import SchemaError, from_json, to_json
from keycel_shared.states import JobState

from .blob_files import disk_full

log = logging.getLogger(__name__)

SCHEMA = 1
"""Raised with every change of the tables; a journal of another number is set aside."""

EXPIRES = 3 * 24 * 3600.0
"""Seconds after which a silent session is forgotten with its undelivered events; its results stay known."""

_TABLES = """
CREATE TABLE sessions (id TEXT PRIMARY KEY, client TEXT NOT NULL, last_seq INTEGER NOT NULL,
                       seen REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE jobs (id TEXT PRIMARY KEY, session TEXT NOT NULL, position INTEGER NOT NULL,
                   request TEXT NOT NULL, total INTEGER NOT NULL, credits INTEGER NOT NULL,
                   state TEXT NOT NULL, error TEXT) WITHOUT ROWID;
CREATE TABLE frames (job TEXT NOT NULL, time INTEGER NOT NULL, ready INTEGER NOT NULL,
                     PRIMARY KEY (job, time)) WITHOUT ROWID;
CREATE TABLE events (session TEXT NOT NULL, seq INTEGER NOT NULL, type TEXT NOT NULL,
                     body TEXT NOT NULL, PRIMARY KEY (session, seq)) WITHOUT ROWID;
CREATE TABLE results (identity TEXT PRIMARY KEY, digest TEXT NOT NULL, report TEXT NOT NULL,
                      seed INTEGER NOT NULL, seconds REAL NOT NULL, unsure INTEGER NOT NULL)
                     WITHOUT ROWID;
"""

KeptEvent = JobChanged | FrameReady | FrameFailed


@dataclass(frozen=True, slots=True)
class SessionRow:
    id: str
    client: str
    last_seq: int


@dataclass(frozen=True, slots=True)
class JobRow:
    id: str
    session: str
    request: JobRequest
    total: int
    credits: int
    state: JobState
    error: ErrorValue | None


@dataclass(frozen=True, slots=True)
class Result:
    """A drawing's stored result."""

    digest: str
    report: str
    seed: int
    seconds: float
    unsure: int


class Journal:
    """Used from one thread. Writes outside of a `transaction` are a transaction each."""

    def __init__(self, path: Path) -> None:
        """Open, or create; a journal that is damaged or of another schema is set aside."""
        try:
            self._database = _open(path)
        except sqlite3.DatabaseError as error:
            aside = path.with_name(f"{path.name}.{int(time.time())}.unreadable")
            log.warning("the journal cannot be used (%s); it is now %s", error, aside)
            _set_aside(path, aside)
            self._database = _open(path)
        self._path = path
        self._depth = 0
        self._failure: sqlite3.OperationalError | None = None

    def close(self) -> None:
        self._database.close()

    @contextmanager
    def transaction(self, must: bool = False) -> Generator[None]:
        """Everything inside is written together, or not at all; may be nested.

        A full disk does not stop what is under way: unless the outermost `must`, the failure is
        logged and the supervisor goes on from memory (after a crash that work is done again).

        Raises:
            KeycelError: RES_DISK_FULL, with `must` only.
        """
        outermost = self._depth == 0
        if outermost:
            self._failure = None
            self._execute("BEGIN IMMEDIATE")
        self._depth += 1
        try:
            yield
        except BaseException:
            if outermost and self._database.in_transaction:
                self._database.rollback()
            raise
        finally:
            self._depth -= 1
        if outermost:
            self._end(must)

    def _end(self, must: bool) -> None:
        self._execute("COMMIT")
        if self._failure is None:
            return
        if self._database.in_transaction:
            self._database.rollback()
        log.error("the journal cannot be written: %s", self._failure)
        if must:
            raise disk_full(self._path.parent, f"journal: {self._failure}")

    def _execute(self, statement: str, rows: Iterable[Sequence[object]] | None = None) -> None:
        if self._failure is not None:
            return
        try:
            if rows is None:
                self._database.execute(statement)
            else:
                self._database.executemany(statement, rows)
        except sqlite3.OperationalError as error:
            self._failure = error

    def _write(self, statement: str, rows: Iterable[Sequence[object]]) -> None:
        with self.transaction():
            self._execute(statement, rows)

    # ---------------------------------------------------------------------------- sessions, events

    def sessions(self) -> list[SessionRow]:
        rows = self._database.execute("SELECT id, client, last_seq FROM sessions")
        return [SessionRow(*row) for row in rows]

    def save_session(self, session: str, client: str) -> None:
        """Remember the session, and that it was heard of now."""
        self._write(
            "INSERT INTO sessions VALUES (?, ?, 0, ?)"
            " ON CONFLICT (id) DO UPDATE SET client = excluded.client, seen = excluded.seen",
            [(session, client, time.time())],
        )

    def add_event(self, session: str, seq: int, body: KeptEvent) -> None:
        with self.transaction():
            self._write("INSERT INTO events VALUES (?, ?, ?, ?)", [(session, seq, body.TYPE, _dump(body))])
            self._write("UPDATE sessions SET last_seq = ? WHERE id = ?", [(seq, session)])

    def events(self, session: str) -> dict[int, KeptEvent]:
        """Unacknowledged events by number, ascending."""
        rows = self._database.execute(
            "SELECT seq, type, body FROM events WHERE session = ? ORDER BY seq", [session]
        )
        return {seq: _load_event(kind, body) for seq, kind, body in rows}

    def remove_events(self, session: str, seqs: Iterable[int]) -> None:
        self._write("DELETE FROM events WHERE session = ? AND seq = ?", ((session, seq) for seq in seqs))

    # ---------------------------------------------------------------------------- jobs, frames

    def add_job(self, job: JobRow) -> None:
        """Raises KeycelError (RES_DISK_FULL): a job is promised only once it is written down."""
        with self.transaction(must=True):
            self._write(
                "INSERT INTO jobs VALUES"
                " (?, ?, (SELECT COALESCE(MAX(position), 0) + 1 FROM jobs), ?, ?, ?, ?, ?)",
                [(job.id, job.session, _dump(job.request), job.total, job.credits, job.state.value, None)],
            )

    def jobs(self) -> list[JobRow]:
        """In the order in which they were submitted."""
        rows = self._database.execute(
            "SELECT id, session, request, total, credits, state, error FROM jobs ORDER BY position"
        )
        return [
            JobRow(
                job,
                session,
                from_json(JobRequest, json.loads(request)),
                total,
                granted,
                JobState(state),
                from_json(ErrorValue, json.loads(error)) if error else None,
            )
            for job, session, request, total, granted, state, error in rows
        ]

    def set_state(self, job: str, state: JobState, error: ErrorValue | None) -> None:
        packed = _dump(error) if error else None
        self._write("UPDATE jobs SET state = ?, error = ? WHERE id = ?", [(state.value, packed, job)])

    def add_frame(self, job: str, frame: int, ready: bool) -> None:
        self._write("INSERT OR REPLACE INTO frames VALUES (?, ?, ?)", [(job, frame, ready)])

    def frames(self, job: str) -> dict[int, bool]:
        """Frame number to whether it is ready (else it has failed); open frames are absent."""
        rows = self._database.execute("SELECT time, ready FROM frames WHERE job = ?", [job])
        return {frame: bool(ready) for frame, ready in rows}

    def remove_job(self, job: str) -> None:
        with self.transaction():
            self._write("DELETE FROM frames WHERE job = ?", [(job,)])
            self._write("DELETE FROM jobs WHERE id = ?", [(job,)])

    # ---------------------------------------------------------------------------- results

    def add_result(self, identity: str, result: Result) -> None:
        self._write(
            "INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?, ?, ?)",
            [(identity, result.digest, result.report, result.seed, result.seconds, result.unsure)],
        )

    def result(self, identity: str) -> Result | None:
        row = self._database.execute(
            "SELECT digest, report, seed, seconds, unsure FROM results WHERE identity = ?", [identity]
        ).fetchone()
        return Result(*row) if row else None

    # ---------------------------------------------------------------------------- housekeeping

    def expire(self, before: float) -> None:
        """Forget sessions not heard of since `before` (epoch seconds) with all that belongs to them."""
        with self.transaction():
            rows = self._database.execute("SELECT id FROM sessions WHERE seen < ?", [before]).fetchall()
            self._write("DELETE FROM frames WHERE job IN (SELECT id FROM jobs WHERE session = ?)", rows)
            for table, column in (("jobs", "session"), ("events", "session"), ("sessions", "id")):
                self._write(f"DELETE FROM {table} WHERE {column} = ?", rows)

    def keep_results(self, is_stored: set[str]) -> None:
        """Forget results whose picture is not among the stored digests."""
        rows = self._database.execute("SELECT identity, digest FROM results").fetchall()
        gone = [(identity,) for identity, digest in rows if digest not in is_stored]
        self._write("DELETE FROM results WHERE identity = ?", gone)


def _open(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, isolation_level=None)
    try:
        path.chmod(0o600)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        (schema,) = database.execute("PRAGMA user_version").fetchone()
        if schema == 0:
            database.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {SCHEMA}; COMMIT;")
        elif schema != SCHEMA:
            raise sqlite3.DatabaseError(f"schema {schema}, expected {SCHEMA}")
        if database.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("quick_check failed")
    except BaseException:
        database.close()
        raise
    return database


def _set_aside(path: Path, aside: Path) -> None:
    path.replace(aside)
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _dump(value: object) -> str:
    return json.dumps(to_json(value), sort_keys=True)


def _load_event(kind: str, body: str) -> KeptEvent:
    event: Body = from_json(TYPES[kind], json.loads(body))
    if not isinstance(event, KeptEvent):
        raise SchemaError(f"{kind} is not a kept event")
    return event
