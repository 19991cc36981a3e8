"""All that is done with a model as a whole: get its files, install, check, remove, count."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from keycel_backend.models import checking, linking
from keycel_backend.models.catalogue import Model, require_installed
from keycel_backend.models.libraries import import_networks, require_networks
from keycel_backend.models.offline import require_online
from keycel_backend.models.originals import Original, has_consent, originals
from keycel_backend.models.room import files_below, require_room
from keycel_shared import paths
from keycel_shared.errors import ErrorCode, KeycelError
from keycel_shared.launcher import try_lock

RATE_SECONDS = 3.0
"""The rate that is shown is that of the last so many seconds."""
TELL_SECONDS = 0.2

PHASES = (
    "starting",
    "asking the server",
    "waiting for the server",
    "downloading",
    "checking",
    "copying",
    "converting",
    "reading",
    "reading back",
)
"""Everything that is told of a work."""


@dataclass(frozen=True)
class News:
    """How far it is."""

    phase: str
    """What is being done: an English phrase of a fixed set, which a client may translate."""
    done: int = 0
    total: int = 0
    """Bytes; 0 where that is not known."""
    rate: float = 0.0
    """Bytes in a second."""


Tell = Callable[[News], None]


def require_consent(model: Model, accepted: bool) -> None:
    """Record the consent, or find it recorded. Called before the first byte is fetched.

    Raises:
        KeycelError: DOC_BAD_OPTION if the licence was not accepted; REG_NO_MODEL for a model without files
            that could be downloaded or linked.
    """
    if not model.sources:
        raise _by_hand(model)
    if accepted:
        for original in originals(model):
            original.accept(model)
    elif not has_consent(model):
        raise not_accepted(model)


def not_accepted(model: Model) -> KeycelError:
    return KeycelError(
        ErrorCode.DOC_BAD_OPTION,
        f"The licence of {model.name} has not been accepted.",
        "Read it, then run the same command with --accept-licence.",
    )


def download(model: Model, tell: Tell) -> None:
    """Fetch the files of a model whose licence was accepted; what is here already is not fetched again.

    Raises:
        KeycelError: REG_OFFLINE, REG_NO_ACCESS, REG_NOT_PUBLISHED, REG_NO_DOWNLOAD, REG_BAD_MODEL,
            RES_DISK_FULL, OUT_NOT_WRITABLE, ENV_MISSING_LIBRARY; REG_NO_MODEL for a model without downloads.
    """
    require_consent(model, accepted=False)
    missing = [original for original in originals(model) if not original.complete]
    if not missing:
        return
    require_online()
    downloading = import_networks("keycel_backend.models.downloading")
    tell(News("asking the server"))
    wanted = [(original, downloading.look_up(original)) for original in missing]
    to_come = sum(downloading.room_needed(files) for _, files in wanted)
    require_room(to_come + model.installed_bytes, f"{model.name} (download and installation)")
    here = sum(file.here for _, files in wanted for file in files)
    meter = _Meter(here + to_come, tell)
    for original, files in wanted:
        of_others = sum(file.here for other, rest in wanted if other is not original for file in rest)
        downloading.fetch(original, files, lambda phase, here, more=of_others: meter.show(phase, more + here))


def install(model: Model, precision: str, tell: Tell) -> Path:
    """Download what is missing, convert it, and give the room of the downloads back; the model's folder.

    Raises:
        KeycelError: see `download`, and what the model's installer raises.
    """
    require_networks()
    download(model, tell)
    inputs = [path for original in originals(model) for path in original.to_install]
    module, _, function = model.installer.partition(":")
    run = getattr(import_networks(module), function)
    folder: Path = run(inputs, precision, lambda phase: tell(News(phase)))
    for original in originals(model):
        if not original.linked:
            original.drop_files()
    return folder


def link(model: Model, folder: Path, tell: Tell) -> list[Original]:
    """See `models.linking.link`; the licence counts here, too."""
    require_consent(model, accepted=False)
    return linking.link(model, folder, lambda phase, read: tell(News(phase, read)))


def verify(model: Model, tell: Tell) -> int:
    """Read what is installed, and publishers' files that are here; the number of bytes.

    Raises:
        KeycelError: REG_NO_MODEL if there is nothing, REG_BAD_MODEL if a file is missing or altered.
    """
    total = 0
    kept = [original for original in originals(model) if original.record.files]
    if model.installed or not kept:
        tell(News("checking"))
        total += checking.verify(model)
    for original in kept:
        for path, expected in original.record.files.items():
            tell(News("checking", total))
            total += _verify_file(model, original.root / path, expected.bytes, expected.digest)
    return total


def remove(model: Model) -> None:
    """Delete what is installed and downloaded. What is linked is only forgotten.

    Raises:
        KeycelError: REG_NO_MODEL if there is nothing of it.
    """
    kept = [original for original in originals(model) if original.folder.exists()]
    unfinished = model.staging.exists()
    if not (model.installed or kept or unfinished):
        require_installed(model.name)
    if model.installed:
        checking.remove(model)
    shutil.rmtree(model.staging, ignore_errors=True)
    for original in kept:
        original.remove()


def used_bytes(model: Model) -> tuple[int, int]:
    """Room that its installation and its downloads take."""
    installed = sum(size for folder in (model.folder, model.staging) for _, size in files_below(folder))
    return installed, sum(original.bytes_here() for original in originals(model))


@contextmanager
def alone(model: Model) -> Iterator[None]:
    """Nobody else works on this model meanwhile. Raises `KeycelError` REG_BUSY."""
    path = paths.make_private_folder(paths.home() / "run") / f"model-{model.name}.lock"
    with path.open("ab") as stream:
        if not try_lock(stream):
            raise busy(model, str(path))
        yield


def busy(model: Model, detail: str) -> KeycelError:
    return KeycelError(
        ErrorCode.REG_BUSY,
        f"The model {model.name} is being worked on already.",
        "Wait until that is done, or pause it where it was started.",
        detail,
        retryable=True,
    )


class _Meter:
    """Bytes to news with a rate, not too often."""

    def __init__(self, total: int, tell: Tell) -> None:
        self._total = total
        self._tell = tell
        self._told = 0.0
        self._phase = ""
        self._marks: list[tuple[float, int]] = []

    def show(self, phase: str, here: int) -> None:
        now = time.monotonic()
        if phase == self._phase and now - self._told < TELL_SECONDS:
            return
        self._told, self._phase = now, phase
        self._marks = [(at, bytes_) for at, bytes_ in self._marks if now - at < RATE_SECONDS]
        self._marks.append((now, here))
        since, first = self._marks[0]
        rate = max(0.0, (here - first) / (now - since)) if now > since else 0.0
        self._tell(News(phase, here, self._total, rate))


def _verify_file(model: Model, path: Path, size: int, digest: str) -> int:
    wrong = ""
    if not path.is_file():
        wrong = "is gone"
    elif path.stat().st_size != size:
        wrong = "was altered"
    elif digest:
        wrong = "" if checking.tagged_digest(path, digest) == digest else "was altered"
    if wrong:
        raise KeycelError(
            ErrorCode.REG_BAD_MODEL,
            f"The file {path.name} of the model {model.name} {wrong}.",
            f"Run: keycel models remove {model.name}, then install it again.",
            str(path),
        )
    return size


def _by_hand(model: Model) -> KeycelError:
    return KeycelError(
        ErrorCode.REG_NO_MODEL,
        f"There is nothing to download that {model.name} could be installed from.",
        f"Make the file as docs/engines.md says, then run: {model.install_command}",
        "; ".join(f"{file.name}: {file.publisher}" for file in model.files),
    )
