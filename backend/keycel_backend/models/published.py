"""What publishers offer for download: one data file for each, in `published/`. Imports nothing heavy.

`null` in a data file means that a fact is not known for sure. Nothing is guessed: what is unknown is taken
from the publisher's server at the time of the download, and said to be so.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from keycel_shared.schema import from_json

_FOLDER = Path(__file__).with_name("published")


class Commercial(str, Enum):
    """Whether the licence allows commercial use."""

    YES = "yes"
    CONDITIONS = "with conditions"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class PublishedLicence:
    name: str | None
    """None where the publisher states none, or where we do not know it."""
    url: str
    """Where its terms are, or where they would be."""
    commercial: Commercial


@dataclass(frozen=True)
class RepositoryFile:
    path: str
    """In the repository, with `/`."""
    bytes: int | None
    sha256: str | None


@dataclass(frozen=True)
class Published:
    """A repository on Hugging Face, and what of it is needed."""

    name: str
    title: str
    repository: str
    """`owner/name`."""
    revision: str
    """A commit where one is known to hold these files, else a branch."""
    files: tuple[RepositoryFile, ...]
    licence: PublishedLicence
    about_bytes: int | None = None
    """All files together, roughly; for people, never for checking."""
    folders: tuple[str, ...] = ()
    """Of which everything is needed, where the names of the files are not known."""
    install: tuple[str, ...] = ()
    """Files or folders that the model's installer is given."""

    @property
    def size(self) -> int | None:
        """Bytes to download, exactly or roughly; None where not even that is known."""
        exact = [file.bytes for file in self.files]
        if self.folders or None in exact:
            return self.about_bytes
        return sum(size for size in exact if size is not None)


@functools.cache
def find_published(name: str) -> Published:
    """What the data file `name`.json says; it is ours, so a mistake in it is a mistake of ours."""
    data = json.loads((_FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return from_json(Published, data, name)


def published_names() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.json")))
