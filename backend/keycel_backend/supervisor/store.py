"""The frame store: content-addressed blobs within a budget, least recently used leave first."""

from __future__ import annotations

import shutil
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from keycel_shared.errors import ErrorCode, KeycelError
from keycel_shared.pixels import digest_of
from keycel_shared.wire import Buffer, malformed

from .blob_files import BlobFiles, disk_full

DEFAULT_BUDGET = 8 * 2**30
"""Bytes on disk; some 20 000 line drawings at 1920x1080."""

FRESH_SECONDS = 600.0
"""A blob touched this recently is not evicted: the job that it was sent for may still come."""

DISK_RESERVE = 64 * 2**20
"""Bytes of free disk that uploads never use up, so that the journal can still be written."""


@dataclass(slots=True)
class _Entry:
    size: int
    """Bytes on disk."""
    used: float
    raw_size: int | None = None


class FrameStore:
    """Index, budget and pins over `BlobFiles`.

    Every method may be called from any thread. `put` and `get` compress, hash and touch the disk for
    milliseconds: call them in a worker thread. A pinned blob (`pin`, `claim`) is never evicted;
    pins are counted.
    """

    def __init__(
        self,
        files: BlobFiles,
        budget: int = DEFAULT_BUDGET,
        fresh_seconds: float = FRESH_SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.files = files
        self.budget = budget
        self._fresh_seconds = fresh_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._pins: Counter[str] = Counter()
        found = sorted(files.scan(), key=lambda file: file.used)
        self._entries = OrderedDict((file.digest, _Entry(file.size, file.used)) for file in found)
        self._total = sum(file.size for file in found)

    # ---------------------------------------------------------------------------- blobs

    def missing(self, digests: Iterable[str]) -> tuple[str, ...]:
        """Those not in the store; the others count as used just now."""
        with self._lock:
            return tuple(digest for digest in digests if not self._touch(digest))

    def put(self, digest: str, data: Buffer) -> None:
        """Keep `data` under its digest.

        Raises:
            KeycelError: LINK_MALFORMED if the digest is not that of the data, RES_STORE_FULL,
                RES_DISK_FULL, OUT_NOT_WRITABLE.
        """
        if digest_of(data) != digest:
            raise malformed("the picture does not have the digest it was sent under")
        if not self.missing([digest]):
            return
        packed = self.files.pack(data)
        self._check_disk(len(packed))
        with self._lock:
            self._make_room(len(packed))
            self._total += len(packed)
        try:
            self.files.write(digest, packed)
        except BaseException:
            with self._lock:
                self._total -= len(packed)
            raise
        with self._lock:
            if digest in self._entries:  # the same drawing was sent twice at once
                self._total -= len(packed)
            else:
                self._entries[digest] = _Entry(len(packed), self._clock(), len(data))

    def get(self, digest: str) -> bytes:
        """The blob, checked for damage; whoever receives it compares the digest.

        Raises:
            KeycelError: RES_MISSING_BLOB.
        """
        try:
            data = self.files.read(digest, check_digest=False)
        except KeycelError:
            with self._lock:
                self._drop(digest)
            raise
        with self._lock:
            self._touch(digest)
        return data

    def admit(self, digest: str) -> None:
        """Take a blob into the books that a worker has written into the folder.

        Raises:
            KeycelError: RES_STORE_FULL; the file is removed again.
        """
        with self._lock:
            if self._touch(digest):
                return
            size = self.files.size(digest)
            try:
                self._make_room(size)
            except KeycelError:
                self.files.remove(digest)
                raise
            self._entries[digest] = _Entry(size, self._clock())
            self._total += size

    def raw_size(self, digest: str) -> int | None:
        """Bytes of the uncompressed blob, None if it is not in the store."""
        with self._lock:
            entry = self._entries.get(digest)
            if entry is None:
                return None
            if entry.raw_size is None:
                entry.raw_size = self.files.raw_size(digest)
            return entry.raw_size

    # ---------------------------------------------------------------------------- pins

    def claim(self, digests: Sequence[str]) -> bool:
        """Pin all of them if all are there (True), else none (False)."""
        with self._lock:
            if not all(self._touch(digest) for digest in digests):
                return False
            self._pins.update(digests)
            return True

    def pin(self, digests: Iterable[str]) -> None:
        with self._lock:
            self._pins.update(digests)

    def unpin(self, digests: Iterable[str]) -> None:
        with self._lock:
            for digest in digests:
                self._pins[digest] -= 1
                if self._pins[digest] <= 0:
                    del self._pins[digest]

    # ---------------------------------------------------------------------------- facts

    def digests(self) -> set[str]:
        with self._lock:
            return set(self._entries)

    @property
    def total(self) -> int:
        """Bytes on disk."""
        return self._total

    def __len__(self) -> int:
        return len(self._entries)

    # ---------------------------------------------------------------------------- with the lock held

    def _touch(self, digest: str) -> bool:
        entry = self._entries.get(digest)
        if entry is None:
            return False
        if not self.files.exists(digest):  # a worker found it damaged, or somebody tidied up
            self._drop(digest)
            return False
        entry.used = self._clock()
        self._entries.move_to_end(digest)
        return True

    def _drop(self, digest: str) -> None:
        entry = self._entries.pop(digest, None)
        if entry is not None:
            self._total -= entry.size

    def _make_room(self, size: int) -> None:
        if self._total + size <= self.budget:
            return
        newest = self._clock() - self._fresh_seconds
        leaving: list[str] = []
        freed = 0
        for digest, entry in self._entries.items():
            if self._total - freed + size <= self.budget or entry.used > newest:
                break
            if digest not in self._pins:
                leaving.append(digest)
                freed += entry.size
        if self._total - freed + size > self.budget:
            raise _store_full(self.budget, size)
        for digest in leaving:
            self.files.remove(digest)
            self._drop(digest)

    def _check_disk(self, size: int) -> None:
        free = shutil.disk_usage(self.files.folder).free
        if free < size + DISK_RESERVE:
            raise disk_full(self.files.folder, f"{free} bytes free")


def _store_full(budget: int, size: int) -> KeycelError:
    return KeycelError(
        ErrorCode.RES_STORE_FULL,
        "The frame store is full with pictures that are still needed.",
        "Wait for running jobs to finish, then press the button again; or give the store more room"
        " (`keycel serve --store-gib`).",
        f"budget {budget} bytes, {size} more wanted",
        retryable=True,
    )
