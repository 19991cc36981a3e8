"""Uses files that another program has downloaded, where they are: nothing is copied, nothing is changed.

Known layouts: a repository as it is, the folders of ComfyUI (files under their own names), and the cache of
huggingface_hub (`models--owner--name/snapshots/COMMIT`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from keycel_backend.models.catalogue import Model
from keycel_backend.models.checking import tagged_digest
from keycel_backend.models.originals import KeptFile, Original, Record, originals
from keycel_backend.models.published import Published, RepositoryFile
from keycel_shared.errors import ErrorCode, KeycelError

MOST_FOLDERS = 20_000
"""Folders that are looked into; who names a whole disk is told to name the folder itself."""

TellFile = Callable[[str, int], None]
"""Called with what is being done and how many bytes were read."""


def link(model: Model, folder: Path, tell: TellFile) -> list[Original]:
    """Find the model's files below `folder` and use them from there; those that were linked.

    What cannot be checked, because nobody has told its size or checksum, is noted as such.

    Raises:
        KeycelError: REG_NO_MODEL if nothing is there that is needed, REG_BAD_MODEL if a file is not the one
            that it should be.
    """
    found = [(original, root) for original in originals(model) if (root := _root(original.published, folder))]
    if not found:
        raise _nothing_there(model, folder)
    records = [(original, _record(original.published, root, tell)) for original, root in found]
    for original, record in records:
        original.note(record)
    return [original for original, _ in records]


def _root(published: Published, folder: Path) -> Path | None:
    """The folder, at or below (or right above) `folder`, in which all files of the repository are."""
    folder = folder.expanduser().absolute()
    wanted = [file.path for file in published.files]
    for place in (folder, folder.parent, *_below(folder)):
        if all((place / path).is_file() for path in wanted) and all(
            any((place / name).rglob("*.json")) for name in published.folders
        ):
            return place
    return None


def _below(folder: Path) -> Iterator[Path]:
    for number, (name, folders, _) in enumerate(os.walk(folder)):
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        if number >= MOST_FOLDERS:
            return
        yield Path(name)


def _record(published: Published, root: Path, tell: TellFile) -> Record:
    known = list(published.files)
    for name in published.folders:
        inside = sorted(path for path in (root / name).rglob("*") if path.is_file())
        known += [RepositoryFile(path.relative_to(root).as_posix(), None, None) for path in inside]
    read = 0
    files: dict[str, KeptFile] = {}
    for file in known:
        tell("checking", read)
        files[file.path] = _kept(published, root, file)
        read += files[file.path].bytes
    return Record(root=str(root), files=files, complete=True)


def _kept(published: Published, root: Path, file: RepositoryFile) -> KeptFile:
    path = root / file.path
    size = path.stat().st_size
    if file.bytes is not None and size != file.bytes:
        raise _another_file(published, path, f"{size} bytes instead of {file.bytes}")
    if file.sha256 is None:
        return KeptFile(size, "", "nobody")
    expected = f"sha256:{file.sha256}"
    found = tagged_digest(path, expected)
    if found != expected:
        raise _another_file(published, path, f"{found} instead of {expected}")
    return KeptFile(size, found, "data file")


def _nothing_there(model: Model, folder: Path) -> KeycelError:
    names = [file.path for published in model.published for file in published.files]
    names += [f"{name}/" for published in model.published for name in published.folders]
    return KeycelError(
        ErrorCode.REG_NO_MODEL,
        f"In {folder} there are none of the files that {model.name} needs.",
        "Choose the folder in which they are, or the one above it.",
        f"looked for: {', '.join(names)}" if names else f"{model.name} has no files to link",
    )


def _another_file(published: Published, path: Path, detail: str) -> KeycelError:
    return KeycelError(
        ErrorCode.REG_BAD_MODEL,
        f"{path.name} in the folder is not the published file of {published.title}; it is not used.",
        "Download it instead, or choose another folder.",
        f"{path}: {detail}",
    )
