"""The frame store's file format: one zstandard file per blob, named by the sha256 of its content.

Used by the supervisor (which also keeps the books, `store.py`) and directly by the workers, so
that pictures need not pass through a pipe.

Durability: files appear whole or not at all (temporary name, then rename). There is no fsync: a
blob can be sent or computed again, and one torn by a power cut fails its digest check and counts
as missing.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import zstandard

from keycel_shared.errors import ErrorCode, KeycelError
from keycel_shared.paths import make_private_folder
from keycel_shared.pixels import digest_of, is_digest
from keycel_shared.wire import LARGEST_BUFFER, Buffer

LEVEL = 1
"""Line art and flats shrink 20 to 100 times at this level already; higher ones only cost time."""

SUFFIX = ".zst"
UNFINISHED = ".new"

_HEADER_BYTES = 18  # the longest zstandard frame header
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@dataclass(frozen=True, slots=True)
class BlobFile:
    digest: str
    size: int
    """Bytes on disk."""
    used: float
    """Time of the last read or write, seconds since the epoch."""


class BlobFiles:
    """Reads and writes blobs below one folder. Safe to use from several threads and processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._numbers = count()

    def path(self, digest: str) -> Path:
        return self.folder / digest[:2] / (digest + SUFFIX)

    def exists(self, digest: str) -> bool:
        return self.path(digest).exists()

    def pack(self, data: Buffer) -> bytes:
        """Compress; CPU only, releases the interpreter lock."""
        # A compressor object must not be shared between threads; making one is cheap.
        return zstandard.ZstdCompressor(level=LEVEL, write_checksum=True).compress(data)

    def write(self, digest: str, packed: bytes) -> None:
        """Keep compressed data under its name; one that is there already stays.

        Raises:
            KeycelError: RES_DISK_FULL, or OUT_NOT_WRITABLE if the folder refuses.
        """
        path = self.path(digest)
        if path.exists():
            return
        unique = f"{os.getpid()}.{threading.get_ident()}.{next(self._numbers)}"
        temporary = path.with_name(f"{digest}.{unique}{UNFINISHED}")
        try:
            make_private_folder(path.parent)
            with temporary.open("xb") as stream:
                stream.write(packed)
            temporary.replace(path)
        except OSError as error:
            with suppress(OSError):
                temporary.unlink()
            raise write_failed(error, self.folder) from error

    def read(self, digest: str, check_digest: bool = True) -> bytes:
        """The blob's bytes. A damaged file is removed.

        Args:
            check_digest: compare the content with the name; else only the file's own checksum is
                compared, which finds damage too, and the reader has to compare the digest.

        Raises:
            KeycelError: RES_MISSING_BLOB if it is not there or damaged.
        """
        path = self.path(digest)
        try:
            packed = path.read_bytes()
            _check_size(packed)
            data = zstandard.ZstdDecompressor().decompress(packed)
            os.utime(path)
        except FileNotFoundError:
            raise missing_blob(digest) from None
        except (OSError, ValueError, zstandard.ZstdError) as error:
            path.unlink(missing_ok=True)
            raise missing_blob(digest, str(error)) from error
        if check_digest and digest_of(data) != digest:
            path.unlink(missing_ok=True)
            raise missing_blob(digest, "the file is damaged")
        return data

    def raw_size(self, digest: str) -> int | None:
        """Bytes of the uncompressed blob as its file states; None if missing or damaged."""
        try:
            with self.path(digest).open("rb") as stream:
                return zstandard.frame_content_size(stream.read(_HEADER_BYTES))
        except (OSError, zstandard.ZstdError):
            return None

    def size(self, digest: str) -> int:
        """Bytes on disk; 0 if it is not there."""
        try:
            return self.path(digest).stat().st_size
        except OSError:
            return 0

    def remove(self, digest: str) -> None:
        self.path(digest).unlink(missing_ok=True)

    def scan(self) -> Iterator[BlobFile]:
        """All blobs; half-written files of a killed process are removed on the way."""
        for folder in self.folder.glob("[0-9a-f][0-9a-f]"):
            if not folder.is_dir():
                continue
            with os.scandir(folder) as entries:
                for entry in entries:
                    digest = entry.name.removesuffix(SUFFIX)
                    if entry.name.endswith(UNFINISHED):
                        Path(entry.path).unlink(missing_ok=True)
                    elif entry.name.endswith(SUFFIX) and is_digest(digest):
                        status = entry.stat()
                        yield BlobFile(digest, status.st_size, status.st_mtime)


def _check_size(packed: bytes) -> None:
    stated = zstandard.frame_content_size(packed)
    if not 0 <= stated <= LARGEST_BUFFER:
        raise ValueError(f"the file states {stated} bytes")


def missing_blob(digest: str, reason: str = "") -> KeycelError:
    return KeycelError(
        ErrorCode.RES_MISSING_BLOB,
        "A picture is not in the frame store (any more).",
        "Press the button again; missing pictures are sent and coloured again.",
        f"{digest} {reason}".strip(),
        retryable=True,
    )


def write_failed(error: OSError, place: Path) -> KeycelError:
    """The error value for a failed write: the disk is full, or the folder cannot be written."""
    if error.errno in _FULL:
        return disk_full(place, str(error))
    return KeycelError(
        ErrorCode.OUT_NOT_WRITABLE,
        "Keycel cannot write into its data folder.",
        f"Check the permissions of {place}.",
        str(error),
    )


def disk_full(place: Path, detail: str) -> KeycelError:
    return KeycelError(
        ErrorCode.RES_DISK_FULL,
        "The disk is full.",
        f"Free some space on the disk that holds {place}, then press the button again.",
        detail,
        retryable=True,
    )
