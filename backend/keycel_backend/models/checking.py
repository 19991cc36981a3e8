"""Checks installed models against what was recorded when they were installed, and removes them."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any, cast

from keycel_backend.models.catalogue import RECORD, Model, require_installed
from keycel_shared.errors import ErrorCode, KeycelError

_BLOCK = 1 << 22


def digest_of_file(path: Path) -> str:
    """SHA-256, read block by block."""
    return _read(path, hashlib.sha256())


def tagged_digest(path: Path, like: str) -> str:
    """`sha256:…`, or `git-sha1:…` (of git's blob, as `git hash-object` gives it), whichever `like` is."""
    kind = like.partition(":")[0]
    if kind == "sha256":
        return f"{kind}:{digest_of_file(path)}"
    head = b"blob %d\0" % path.stat().st_size
    return f"{kind}:{_read(path, hashlib.sha1(head, usedforsecurity=False))}"


def _read(path: Path, digest: hashlib._Hash) -> str:
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def verify(model: Model) -> int:
    """Reads every file of an installed model; the number of bytes.

    Raises:
        KeycelError: REG_NO_MODEL if it is not installed, REG_BAD_MODEL if a file is missing or altered.
    """
    folder = require_installed(model.name)
    total = 0
    for name, expected in _recorded_files(folder, model).items():
        path = folder / name
        if not path.is_file():
            raise _bad(model, f"The file {name} of the model {model.name} is gone.", str(path))
        if digest_of_file(path) != expected:
            raise _bad(model, f"The file {name} of the model {model.name} was altered.", str(path))
        total += path.stat().st_size
    return total


def remove(model: Model) -> None:
    """Deletes an installed model. Raises `KeycelError` REG_NO_MODEL if it is not installed."""
    folder = require_installed(model.name)
    (folder / RECORD).unlink()  # first: what is half gone is not installed
    shutil.rmtree(folder)


def _recorded_files(folder: Path, model: Model) -> dict[str, str]:
    try:
        record: Any = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        files = cast("dict[str, str]", dict(record["files"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _bad(model, f"The record of the model {model.name} is damaged.", str(error)) from error
    if not files or any(Path(name).name != name for name in files):
        raise _bad(model, f"The record of the model {model.name} is damaged.", "names of files")
    return files


def _bad(model: Model, title: str, detail: str) -> KeycelError:
    return KeycelError(
        ErrorCode.REG_BAD_MODEL, title, f"Install the model again: {model.install_command}", detail
    )
