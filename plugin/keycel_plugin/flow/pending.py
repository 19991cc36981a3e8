"""Notes of accepted jobs, so that a new Krita receives what a killed one was waiting for.

One small file per job in Keycel's home, private to the user. A running Krita holds the lock of its
session; notes whose session nobody holds are those of a Krita that is gone, and may be taken over.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import IO

from keycel_shared import paths
from keycel_shared.launcher import is_locked, try_lock
from keycel_shared.messages import JobRequest, OptionValue
from keycel_shared.schema import SchemaError, from_json, to_json

EXPIRES = 7 * 24 * 3600.0
"""Seconds after which a note is dropped."""


class Kind(str, Enum):
    """Which use case the job belongs to."""

    COLORIZE = "colorize"
    SPREAD = "spread"
    REGENERATE = "regenerate"
    INBETWEEN = "inbetween"
    AFTER_IMAGE = "after image"
    ANIMATE = "animate"


@dataclass(frozen=True)
class Pending:
    """What the artist asked for: enough to ask for it again."""

    kind: Kind
    line_layer: str
    color_layer: str
    result_layer: str = ""
    """Our layer that is filled; empty: a new one."""
    times: tuple[int, ...] = ()
    """The drawings meant, by first frame number; empty: all of them."""
    image: str = ""
    """Path of the image to colour after; empty for none, or for the reference layer's picture."""
    engine: str = ""
    """Of a new animation."""
    options: Mapping[str, OptionValue] = field(default_factory=dict[str, OptionValue])
    take: int = 0

    @property
    def layers(self) -> frozenset[str]:
        """Layers that a document must have for this."""
        return frozenset(filter(None, (self.line_layer, self.color_layer, self.result_layer)))


@dataclass(frozen=True)
class Note:
    """An accepted job of one session."""

    work: Pending
    session: str
    job: str
    request: str
    """Fingerprint of the request."""
    accepted: float
    """Unix time."""


def fingerprint(request: JobRequest) -> str:
    """Equal for requests that ask for the same work; the document's name does not matter."""
    body = json.dumps(to_json(replace(request, name="")), sort_keys=True)
    return hashlib.sha256(body.encode()).hexdigest()


class PendingJobs:
    """The notes of this user's Kritas."""

    def __init__(self, folder: Path | None = None, clock: Callable[[], float] = time.time) -> None:
        """`folder`: None for the place in Keycel's home."""
        self._folder = folder or paths.pending_folder()
        self._clock = clock
        self._locks: dict[str, IO[bytes]] = {}
        self._ours: set[str] = set()
        """Jobs noted by this object: nobody needs to take them over."""

    def remember(self, work: Pending, request: JobRequest, session: str, job: str) -> None:
        """The backend has accepted a job of ours. The session is ours until `close`."""
        note = Note(work, session, job, fingerprint(request), self._clock())
        with suppress(OSError):  # a full disk must not end the job for the sake of its note
            self._claim(session)
            self._ours.add(job)
            paths.write_private_file(self._file(job), json.dumps(to_json(note), sort_keys=True).encode())

    def forget(self, job: str) -> None:
        """The job's frames are in the document, or nobody wants them any more."""
        self._ours.discard(job)
        _remove(self._file(job))

    def close(self) -> None:
        """Let go of every session; notes that are left are for the next Krita."""
        for lock in self._locks.values():
            lock.close()
        self._locks.clear()
        self._ours.clear()
        needed = {self._lock_file(note.session) for note in self._notes()}
        for file in self._folder.glob("*.lock"):
            if file not in needed and not is_locked(file):
                _remove(file)

    # ---------------------------------------------------------------------------- of earlier Kritas

    def for_layers(self, layers: Collection[str]) -> Pending | None:
        """What an earlier Krita was still waiting for in the document that has these layers."""
        found = (note.work for note in self._abandoned() if note.work.layers <= set(layers))
        return next(found, None)

    def take_over(self, work: Pending, request: JobRequest) -> Note | None:
        """The note of an earlier Krita that this job of ours goes on with, or else replaces; None: none.

        Its session is ours from now on. Whether the requests are equal says `Note.request`.
        """
        wanted = fingerprint(request)
        same = [note for note in self._abandoned() if note.request == wanted or note.work == work]
        same.sort(key=lambda note: note.request != wanted)
        taken = next((note for note in same if self._claim(note.session)), None)
        for note in same:
            if note is not taken:
                self.forget(note.job)
        return taken

    def _abandoned(self) -> list[Note]:
        """Notes of Kritas that are gone, latest first."""
        found = [note for note in self._notes() if self._is_abandoned(note)]
        return sorted(found, key=lambda note: note.accepted, reverse=True)

    def _is_abandoned(self, note: Note) -> bool:
        if note.session in self._locks:
            return note.job not in self._ours
        return not is_locked(self._lock_file(note.session))

    # ---------------------------------------------------------------------------- files

    def _claim(self, session: str) -> bool:
        """Hold a session; False if a living Krita holds it. The system lets go when this process ends."""
        while session not in self._locks:
            paths.make_private_folder(self._folder)
            file = self._lock_file(session)
            lock = os.fdopen(os.open(file, os.O_RDWR | os.O_CREAT, paths.PRIVATE_FILE), "r+b")
            if not try_lock(lock):
                lock.close()
                return False
            # Another Krita that was closing may have removed the file before we had locked it.
            if file.exists() and os.path.samestat(os.fstat(lock.fileno()), file.stat()):
                self._locks[session] = lock
            else:
                lock.close()
        return True

    def _notes(self) -> Iterator[Note]:
        """All readable ones that have not expired; the others are removed."""
        for file in sorted(self._folder.glob("*.json")):
            note = _read(file)
            if note is None or self._clock() - note.accepted > EXPIRES:
                _remove(file)
            else:
                yield note

    def _file(self, job: str) -> Path:
        return self._folder / f"{job}.json"

    def _lock_file(self, session: str) -> Path:
        return self._folder / f"{session}.lock"


def _read(file: Path) -> Note | None:
    try:
        return from_json(Note, json.loads(file.read_bytes()), "note")
    except (OSError, ValueError, SchemaError):
        return None


def _remove(file: Path) -> None:
    with suppress(OSError):
        file.unlink(missing_ok=True)
