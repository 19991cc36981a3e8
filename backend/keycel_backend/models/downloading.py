"""Fetches publishers' files: resumed after breaks, checked, and only then called by their names."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from keycel_backend.models import hub
from keycel_backend.models.checking import tagged_digest
from keycel_backend.models.hub import Interrupted, Offered
from keycel_backend.models.originals import KeptFile, Original, Record
from keycel_backend.models.published import Published, RepositoryFile
from keycel_backend.models.room import told
from keycel_shared import paths
from keycel_shared.errors import ErrorCode, KeycelError

TRIES = 5
"""Breaks in a row without a single new byte after which we give up."""
PAUSES = (0.5, 1.0, 2.0, 4.0)
"""Seconds between such tries."""

TellBytes = Callable[[str, int], None]
"""Called with what is being done and how many bytes of all files are here."""


@dataclass(frozen=True)
class Wanted:
    """One file, with what its publisher's server says of it and what we know ourselves."""

    original: Original
    offered: Offered
    known: RepositoryFile

    @property
    def bytes(self) -> int | None:
        return self.known.bytes if self.known.bytes is not None else self.offered.bytes

    @property
    def digest(self) -> str:
        return f"sha256:{self.known.sha256}" if self.known.sha256 else self.offered.digest

    @property
    def vouched(self) -> str:
        if self.known.sha256:
            return "data file"
        return "server" if self.offered.digest else "nobody"

    @property
    def target(self) -> Path:
        return self.original.folder / self.known.path

    @property
    def part(self) -> Path:
        return self.original.part(self.known.path, self.offered.etag)

    @property
    def here(self) -> int:
        """Bytes that have come already."""
        kept = self.original.record.files.get(self.known.path)
        path = self.target if kept is not None else self.part
        return path.stat().st_size if path.is_file() else 0

    @property
    def done(self) -> bool:
        kept = self.original.record.files.get(self.known.path)
        return kept is not None and kept.digest == self.digest and self.here == kept.bytes


def look_up(original: Original) -> list[Wanted]:
    """Ask the server about every file; no byte of them is fetched.

    Raises:
        KeycelError: REG_NO_ACCESS, REG_NOT_PUBLISHED, REG_NO_DOWNLOAD, or REG_BAD_MODEL if the server offers
            something else than what is known to be right.
    """
    published = original.published
    known = {file.path: file for file in published.files}

    def ask() -> list[Wanted]:
        found: list[Wanted] = []
        revision = published.revision
        for path in hub.files_of(published):
            offered = hub.describe(published, path, revision)
            found.append(Wanted(original, offered, known.get(path, RepositoryFile(path, None, None))))
            revision = offered.revision or revision  # a branch may move on: all files are of one commit
        return found

    wanted = _patiently(published, ask)
    for file in wanted:
        _check_offer(file)
    return wanted


def room_needed(wanted: Sequence[Wanted]) -> int:
    """Bytes that are still to come; unknown sizes count as nothing."""
    return sum(max(0, (file.bytes or 0) - file.here) for file in wanted)


def fetch(original: Original, wanted: Sequence[Wanted], tell: TellBytes) -> None:
    """Fetch what is missing; a call after a break goes on where it stopped.

    Raises:
        KeycelError: see `look_up`; REG_BAD_MODEL for a file that is not what was promised (it is deleted),
            RES_DISK_FULL, OUT_NOT_WRITABLE.
    """
    with told(original.folder):
        paths.make_private_folder(original.folder)
    earlier = original.record
    original.note(Record(files={} if earlier.root else earlier.files))
    for file in wanted:
        if file.done:
            continue
        others = sum(other.here for other in wanted if other is not file)
        kept = _Fetch(file, lambda phase, here, others=others: tell(phase, others + here)).run()
        original.note_file(file.known.path, kept, file.offered.revision)
    offered = {file.known.path for file in wanted}
    files = {path: kept for path, kept in original.record.files.items() if path in offered}
    original.note(replace(original.record, files=files, complete=True))


class _Fetch:
    """One file."""

    def __init__(self, wanted: Wanted, tell: TellBytes) -> None:
        self._wanted = wanted
        self._published = wanted.original.published
        self._tell = tell

    def run(self) -> KeptFile:
        wanted = self._wanted
        if self._is_here():
            return KeptFile(wanted.target.stat().st_size, wanted.digest, wanted.vouched)
        with told(wanted.original.folder):
            wanted.target.parent.mkdir(parents=True, exist_ok=True)
            wanted.original.drop_other_parts(wanted.known.path, wanted.part)
            wanted.part.touch()
        self._ask_again()
        idle = 0
        while not self._whole():
            before = self._size()
            try:
                self._receive()
                why = "the server ended before the file did"
            except Interrupted as error:
                why = str(error)
            if self._whole():
                break
            idle = 0 if self._size() > before else idle + 1
            if idle >= TRIES:
                raise _no_download(self._published, f"{wanted.known.path}: {why}")
            self._tell("waiting for the server", self._size())
            time.sleep(PAUSES[min(idle, len(PAUSES) - 1)])
            self._ask_again()
        return self._checked()

    def _is_here(self) -> bool:
        """The right file under its own name without a note of it: its process was ended between the two."""
        wanted = self._wanted
        if not wanted.digest or not wanted.target.is_file() or wanted.target.stat().st_size != wanted.bytes:
            return False
        self._tell("checking", 0)
        return tagged_digest(wanted.target, wanted.digest) == wanted.digest

    def _size(self) -> int:
        return self._wanted.part.stat().st_size

    def _whole(self) -> bool:
        """Without any word about its size a file is whole when the server has ended it in order."""
        return self._wanted.bytes is not None and self._size() >= self._wanted.bytes

    def _receive(self) -> None:
        wanted = self._wanted
        with (
            hub.bytes_of(self._published, wanted.offered, self._size()) as (begin, blocks),
            told(wanted.original.folder),
            wanted.part.open("r+b") as stream,
        ):
            stream.truncate(begin)
            stream.seek(begin)
            for block in blocks:
                stream.write(block)
                self._tell("downloading", stream.tell())
                if wanted.bytes is not None and stream.tell() > wanted.bytes:
                    return
        if self._wanted.bytes is None:
            known = replace(self._wanted.known, bytes=self._size())
            self._wanted = replace(self._wanted, known=known)

    def _ask_again(self) -> None:
        """Addresses of the bytes expire, within the time that another large file takes."""
        wanted = self._wanted
        try:
            revision = wanted.offered.revision or self._published.revision
            offered = hub.describe(self._published, wanted.known.path, revision)
        except Interrupted:
            return  # the next try tells
        if offered.etag != wanted.offered.etag:
            raise KeycelError(
                ErrorCode.REG_NO_DOWNLOAD,
                f"The publisher has replaced {wanted.known.path} during the download.",
                "Start the download again; it begins with the new file.",
                f"{wanted.offered.etag} became {offered.etag}",
                retryable=True,
            )
        self._wanted = replace(wanted, offered=offered)

    def _checked(self) -> KeptFile:
        """The finished file under its own name."""
        wanted, size = self._wanted, self._size()
        if size != wanted.bytes:
            wanted.part.unlink()
            raise _not_what_was_promised(wanted, f"{size} bytes instead of {wanted.bytes}")
        digest = wanted.digest
        if digest:
            self._tell("checking", size)
            found = tagged_digest(wanted.part, digest)
            if found != digest:
                wanted.part.unlink()
                raise _not_what_was_promised(wanted, f"{found} instead of {digest}")
        with told(wanted.original.folder):
            wanted.part.replace(wanted.target)
        return KeptFile(size, digest, wanted.vouched)


def _patiently(published: Published, ask: Callable[[], list[Wanted]]) -> list[Wanted]:
    number = 0
    while True:
        try:
            return ask()
        except Interrupted as error:
            number += 1
            if number >= TRIES:
                raise _no_download(published, str(error)) from error
        time.sleep(PAUSES[min(number - 1, len(PAUSES) - 1)])


def _check_offer(file: Wanted) -> None:
    known, offered = file.known, file.offered
    if known.bytes is not None and offered.bytes is not None and offered.bytes != known.bytes:
        raise _not_what_was_promised(
            file, f"the server offers {offered.bytes} bytes instead of {known.bytes}"
        )
    if known.sha256 and offered.digest.startswith("sha256:") and offered.digest != f"sha256:{known.sha256}":
        raise _not_what_was_promised(file, f"the server offers {offered.digest}, not {known.sha256}")


def _not_what_was_promised(file: Wanted, detail: str) -> KeycelError:
    return KeycelError(
        ErrorCode.REG_BAD_MODEL,
        f"The file {file.known.path} from the server is not the one that it should be; it is not used.",
        "Try again later or from another network; if it stays like this, please report it with the details.",
        f"{file.original.published.repository}: {detail}",
    )


def _no_download(published: Published, detail: str) -> KeycelError:
    return KeycelError(
        ErrorCode.REG_NO_DOWNLOAD,
        f"The download of {published.title} does not go on: the server cannot be reached or is too busy.",
        "Check the connection to the internet, then start it again; what has come is kept.",
        detail,
        retryable=True,
    )
