"""Room on the disk: asked for before anything is fetched, and told plainly where it runs out."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from keycel_shared import paths
from keycel_shared.errors import ErrorCode, KeycelError

RESERVE = 256 * 1024**2
"""Bytes that stay free for everything else on the machine."""


def free_bytes() -> int:
    """On the disk of the models folder."""
    folder = paths.models_folder()
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    return shutil.disk_usage(existing).free


def files_below(folder: Path) -> Iterator[tuple[Path, int]]:
    """Files and their bytes. Another process may be writing and deleting there: what is gone is left out."""
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place, name)
            with suppress(OSError):
                yield path, path.stat().st_size


def require_room(needed: int, what: str) -> None:
    """Raises `KeycelError` RES_DISK_FULL unless `needed` bytes fit; `what` they are for, in plain words."""
    free = free_bytes()
    if free < needed + RESERVE:
        raise KeycelError(
            ErrorCode.RES_DISK_FULL,
            f"There is not enough room on the disk: {what} needs {needed / 1e9:.1f} GB, "
            f"and {free / 1e9:.1f} GB are free.",
            f"Free about {(needed + RESERVE - free) / 1e9:.1f} GB, then try again.",
            str(paths.models_folder()),
        )


@contextmanager
def told(folder: Path) -> Iterator[None]:
    """Whatever the disk refuses inside becomes RES_DISK_FULL or OUT_NOT_WRITABLE."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise KeycelError(
            ErrorCode.RES_DISK_FULL if full else ErrorCode.OUT_NOT_WRITABLE,
            "The disk is full." if full else f"The folder {folder} cannot be written.",
            "Free some space, then try again; what has come is kept."
            if full
            else "Make it writable for you.",
            str(error),
        ) from error
