"""The zip container of a `.kra`, read within bounds."""

from __future__ import annotations

import struct
import threading
import zipfile
import zlib
from pathlib import Path

from keycel_shared.errors import ErrorCode, KeycelError

MAX_ENTRIES = 200_000
MAX_ENTRY_BYTES = 1 << 29
"""Larger than any layer of a canvas that passes `check_size` as long as it is not all off-canvas."""

# Everything that zipfile and zlib raise on damaged input.
_DAMAGE = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,  # unknown compression
    RuntimeError,  # encrypted
    ValueError,
    KeyError,
    IndexError,
    OverflowError,
)


class KraArchive:
    """An open `.kra`. Entries are read into memory only, so their names cannot escape anywhere."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        try:
            self._zip = zipfile.ZipFile(path)
            entries = self._zip.infolist()
        except OSError as error:
            raise damaged(path, error.strerror or str(error)) from error
        except _DAMAGE as error:
            raise damaged(path, f"not a zip archive ({error})") from error
        if len(entries) > MAX_ENTRIES:
            raise damaged(path, f"{len(entries)} entries")
        self._entries = {entry.filename: entry for entry in entries}

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def names(self) -> list[str]:
        return list(self._entries)

    def read(self, name: str, limit: int = MAX_ENTRY_BYTES) -> bytes:
        """One entry, with its checksum verified.

        Raises:
            KeycelError: DOC_UNREADABLE_KRA (missing, damaged), DOC_TOO_LARGE (beyond `limit` bytes,
                measured while inflating, whatever the directory claims).
        """
        entry = self._entries.get(name)
        if entry is None:
            raise damaged(self.path, f"{name} is missing")
        try:
            with self._lock, self._zip.open(entry) as stream:
                data = stream.read(limit + 1)
        except (OSError, *_DAMAGE) as error:
            raise damaged(self.path, f"{name}: {error}") from error
        if len(data) > limit:
            raise KeycelError(
                ErrorCode.DOC_TOO_LARGE,
                f"{self.path} holds a layer too large to read.",
                "Crop the layers to the canvas (Image > Trim to Image Size) and save again.",
                detail=f"{name} inflates to more than {limit} bytes",
            )
        return data


def damaged(path: Path, detail: str) -> KeycelError:
    return KeycelError(
        ErrorCode.DOC_UNREADABLE_KRA,
        f"{path} cannot be read as a Krita document.",
        "Open it in Krita and save it again, or use a backup copy.",
        detail=f"{path}: {detail}",
    )
