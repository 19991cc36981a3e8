"""Publishers' files on this machine: what has come so far, what was checked, or where they are linked.

Each has a folder `models/originals/NAME` with the files at their places in the repository, unfinished ones
as `FILE.ETAG.part`, and records beside them: `consent.json` and `original.json`.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TypeVar

from keycel_backend.models.catalogue import Model
from keycel_backend.models.published import Published
from keycel_backend.models.room import files_below, told
from keycel_shared import paths
from keycel_shared.schema import from_json, to_json
from keycel_shared.version import VERSION

PART = ".part"
_T = TypeVar("_T")

_RECORD, _CONSENT = "original.json", "consent.json"


@dataclass(frozen=True)
class KeptFile:
    bytes: int
    digest: str
    """`sha256:…`, `git-sha1:…`, or empty: nobody has told any."""
    vouched: str
    """Who has told the digest: `data file`, `server` or `nobody` (then only the size was checked)."""


@dataclass(frozen=True)
class Record:
    """What is known of one publisher's files."""

    root: str = ""
    """Of linked files: the folder that stands for the repository. Empty: they were downloaded."""
    revision: str = ""
    """The commit that the files are of, as the server says."""
    files: Mapping[str, KeptFile] = field(default_factory=dict[str, KeptFile])
    """By path in the repository; those that are there whole."""
    complete: bool = False


@dataclass(frozen=True)
class Consent:
    """What the user has accepted, and when."""

    model: str
    licence: str
    url: str
    accepted: str
    """Time in ISO 8601, UTC."""
    version: str
    """Of Keycel, which showed the licence."""


class Original:
    """The files of one publisher."""

    def __init__(self, published: Published) -> None:
        self.published = published
        self.folder = paths.models_folder() / "originals" / published.name

    # ---------------------------------------------------------------------------- records

    @property
    def record(self) -> Record:
        """An unreadable record counts as none: files that are there are then checked before they are used."""
        return self._read(_RECORD, Record) or Record()

    def note(self, record: Record) -> None:
        self._write(_RECORD, record)

    def note_file(self, path: str, kept: KeptFile, revision: str) -> None:
        record = self.record
        self.note(replace(record, revision=revision, files={**record.files, path: kept}))

    @property
    def consent(self) -> Consent | None:
        return self._read(_CONSENT, Consent)

    def accept(self, model: Model) -> None:
        """Record that the user has accepted the licence in the words that are shown now."""
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        url = self.published.licence.url
        self._write(_CONSENT, Consent(model.name, model.licence, url, now, VERSION))

    # ---------------------------------------------------------------------------- files

    @property
    def root(self) -> Path:
        """The folder that stands for the repository."""
        root = self.record.root
        return Path(root) if root else self.folder

    @property
    def linked(self) -> bool:
        return bool(self.record.root)

    @property
    def complete(self) -> bool:
        """Every file is there with the size that it had when it was checked."""
        record, root = self.record, self.root
        return record.complete and all(
            _size(root / path) == kept.bytes for path, kept in record.files.items()
        )

    @property
    def to_install(self) -> list[Path]:
        """What the model's installer is given."""
        return [self.root / name for name in self.published.install]

    def bytes_here(self) -> int:
        """In our own folder, finished or not; linked files take no room of ours."""
        return sum(size for _, size in self._own_files())

    def part(self, path: str, etag: str) -> Path:
        """Where an unfinished file is kept: another content at the publisher's has another name."""
        safe = "".join(letter for letter in etag if letter.isalnum())[:40] or "unnamed"
        target = self.folder / path
        return target.with_name(f"{target.name}.{safe}{PART}")

    def drop_other_parts(self, path: str, keep: Path) -> None:
        """Unfinished files of a content that is not offered any more."""
        target = self.folder / path
        if target.parent.is_dir():
            for other in target.parent.glob(f"{target.name}.*{PART}"):
                if other != keep:
                    other.unlink()

    def drop_files(self) -> None:
        """Give the room back; the consent stays."""
        for path, _ in list(self._own_files()):
            path.unlink()
        (self.folder / _RECORD).unlink(missing_ok=True)

    def remove(self) -> None:
        """All of ours; what is linked stays where it is."""
        shutil.rmtree(self.folder, ignore_errors=True)
        with suppress(OSError):  # others are still there
            self.folder.parent.rmdir()

    def _own_files(self) -> Iterator[tuple[Path, int]]:
        records = {self.folder / _RECORD, self.folder / _CONSENT}
        return ((path, size) for path, size in files_below(self.folder) if path not in records)

    def _read(self, name: str, kind: type[_T]) -> _T | None:
        try:
            return from_json(kind, json.loads((self.folder / name).read_text(encoding="utf-8")), name)
        except (OSError, ValueError):
            return None

    def _write(self, name: str, value: object) -> None:
        with told(self.folder):
            paths.write_private_file(self.folder / name, json.dumps(to_json(value), indent=1).encode())


def originals(model: Model) -> tuple[Original, ...]:
    return tuple(Original(published) for published in model.published)


def has_consent(model: Model) -> bool:
    """Whether the licence was accepted for all of its files, in the words that are shown now."""
    consents = [original.consent for original in originals(model)]
    return all(consent is not None and consent.licence == model.licence for consent in consents)


def _size(path: Path) -> int:
    """Bytes; -1 for no file."""
    try:
        return path.stat().st_size if path.is_file() else -1
    except OSError:
        return -1
