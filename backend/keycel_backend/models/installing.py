"""Installs LVCD from the files of its publishers: converted, read back, and only then in its place."""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors import SafetensorError

from keycel_backend.diffusion.checkpoints.files import TensorFile, bad_model, damaged, open_tensors
from keycel_backend.diffusion.checkpoints.lvcd import convert_lvcd, official_origins
from keycel_backend.diffusion.checkpoints.sources import Origins, read_component
from keycel_backend.diffusion.lvcd.networks import LvcdConfiguration, build_networks
from keycel_backend.diffusion.placement import component_dtype
from keycel_backend.models.catalogue import LVCD, RECORD, Model
from keycel_backend.models.checking import digest_of_file
from keycel_shared import paths
from keycel_shared.errors import ErrorCode, KeycelError

PRECISIONS = {"float16": torch.float16, "float32": torch.float32}
PUBLISHED = LvcdConfiguration()
_OF_SVD, _OF_LVCD = "first_stage_model.", "control_model."
"""Every key of one of the files that begins so is in no other file."""

Tell = Callable[[str], None]
"""Called with what is being done, a short plain phrase."""


def install_lvcd(files: Sequence[Path], precision: str, tell: Tell) -> Path:
    """Converts the publishers' files into the models folder; the user has accepted the licence.

    A model that was installed before stays until the new one is complete.

    Args:
        files: `svd.safetensors` and `lvcd.ckpt` in any order and under any name.
        precision: of all weights but the VAE's, a key of `PRECISIONS`.
    Returns:
        The model's folder.
    Raises:
        KeycelError: REG_NO_MODEL, REG_BAD_MODEL, RES_DISK_FULL or OUT_NOT_WRITABLE.
    """
    svd, lvcd = _told_apart(files)
    folder = LVCD.folder
    staging = folder.with_name(f"{folder.name}.installing")
    with staged(staging, "14 GB"):
        tell("converting")
        convert_lvcd(svd, lvcd, staging, PUBLISHED, PRECISIONS[precision])
        tell("reading back")
        _read_back(svd, lvcd, staging, PRECISIONS[precision])
        put_in_place(
            staging,
            LVCD,
            {"precision": precision, "from": {path.name: path.stat().st_size for path in (svd, lvcd)}},
        )
    return folder


def _told_apart(files: Sequence[Path]) -> tuple[Path, Path]:
    """SVD's file and LVCD's, by what is in them."""
    found: dict[str, Path] = {}
    for path in files:
        kind = _kind_of(open_tensors(path))
        if kind in found:
            raise bad_model(
                path, f"{path.name} and {found[kind].name} are files of the same kind.", _remedy(), kind
            )
        found[kind] = path
    missing = {_OF_SVD, _OF_LVCD} - found.keys()
    if missing:
        needed = LVCD.files[0] if _OF_SVD in missing else LVCD.files[1]
        raise KeycelError(
            ErrorCode.REG_NO_MODEL,
            f"The file {needed.name} is missing.",
            _remedy(),
            f"{needed.name}: {needed.publisher}",
        )
    return found[_OF_SVD], found[_OF_LVCD]


def _kind_of(file: TensorFile) -> str:
    for start in (_OF_SVD, _OF_LVCD):
        if any(key.startswith(start) for key in file.shapes):
            return start
    raise bad_model(
        file.path,
        f"{file.path.name} holds the weights of another model.",
        _remedy(),
        f"{len(file.shapes)} tensors",
    )


def _remedy() -> str:
    return f"Give both files: {LVCD.install_command}"


@contextmanager
def staged(staging: Path, room: str) -> Iterator[None]:
    """An empty place to build in, gone afterwards whatever happens. `room`: that is needed, for people."""
    try:
        paths.make_private_folder(staging.parent)
        shutil.rmtree(staging, ignore_errors=True)
        yield
    except (OSError, SafetensorError) as error:
        full = (isinstance(error, OSError) and error.errno == errno.ENOSPC) or "No space" in str(error)
        raise KeycelError(
            ErrorCode.RES_DISK_FULL if full else ErrorCode.OUT_NOT_WRITABLE,
            "The disk is full." if full else f"The folder {staging.parent} cannot be written.",
            f"Free about {room}, then install again." if full else "Make it writable for you.",
            str(error),
        ) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _read_back(svd: Path, lvcd: Path, folder: Path, precision: torch.dtype) -> None:
    """Compares every tensor that was written with the publishers' files, one component at a time."""
    with torch.device("meta"):
        networks = build_networks(PUBLISHED)
    compare(official_origins(networks, open_tensors(svd), open_tensors(lvcd)), folder, precision)


def compare(published: Mapping[str, Origins], folder: Path, precision: torch.dtype) -> None:
    """Raises `KeycelError` REG_BAD_MODEL where a tensor in `folder` is not what was published."""
    for name, origins in published.items():
        written = open_tensors(folder / f"{name}.safetensors")
        for key, tensor in read_component(origins, component_dtype(name, precision)).items():
            if not torch.equal(written.read(key), tensor):
                raise damaged(written.path, f"{key} is not what was written")


def put_in_place(staging: Path, model: Model, facts: Mapping[str, object]) -> None:
    """Note what was installed beside the finished files, then let the folder take the model's place.

    `facts`: what else is worth noting, such as the precision and where the files came from.
    """
    record = {
        "model": model.name,
        "licence": model.licence,
        "licence_accepted": True,
        **facts,
        "files": {path.name: digest_of_file(path) for path in sorted(staging.iterdir())},
    }
    (staging / RECORD).write_text(json.dumps(record, indent=1), encoding="utf-8")
    _swap(staging, model)


def _swap(staging: Path, model: Model) -> None:
    """Puts what was built in the place of the model, and only then takes away what was there."""
    old = model.folder.with_name(f"{model.folder.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if model.folder.exists():
        model.folder.rename(old)
    staging.rename(model.folder)
    shutil.rmtree(old, ignore_errors=True)
