"""Installs what can find and follow points for AniDoc: copied as it is, after it has been read once."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from keycel_backend.engines.anidoc.lightglue import load_lightglue
from keycel_backend.engines.anidoc.scripted_tracker import FILE, load_scripted_tracker
from keycel_backend.models.catalogue import COTRACKER, LIGHTGLUE, RECORD, Model
from keycel_backend.models.checking import digest_of_file
from keycel_backend.models.installing import Tell, staged, swap
from keycel_shared.errors import ErrorCode, KeycelError

_LIGHTGLUE_FILES = ("config.json", "model.safetensors")
_PROCESSOR = torch.device("cpu")


def install_lightglue(paths: Sequence[Path], precision: str, tell: Tell) -> Path:
    """From the publishers' folder; the user has accepted the licence. `precision` changes nothing.

    Raises:
        KeycelError: REG_NO_MODEL, REG_BAD_MODEL, RES_DISK_FULL or OUT_NOT_WRITABLE.
    """
    del precision
    files = {path / name: name for path in paths[:1] for name in _LIGHTGLUE_FILES}
    return _installed(LIGHTGLUE, files, lambda folder: load_lightglue(folder, _PROCESSOR), tell)


def install_cotracker(paths: Sequence[Path], precision: str, tell: Tell) -> Path:
    """From a TorchScript file; the user has accepted the licence. `precision` changes nothing.

    Raises:
        KeycelError: REG_NO_MODEL, REG_BAD_MODEL, RES_DISK_FULL or OUT_NOT_WRITABLE.
    """
    del precision
    files = dict.fromkeys(paths[:1], FILE)
    return _installed(COTRACKER, files, lambda folder: load_scripted_tracker(folder, _PROCESSOR), tell)


def _installed(model: Model, files: dict[Path, str], read: Callable[[Path], object], tell: Tell) -> Path:
    for path in files:
        if not path.is_file():
            raise KeycelError(
                ErrorCode.REG_NO_MODEL,
                f"There is no file {path.name} where it was looked for.",
                f"Give what is needed: {model.install_command}",
                str(path),
            )
    staging = model.folder.with_name(f"{model.folder.name}.installing")
    with staged(staging, "1 GB"):
        staging.mkdir()
        tell("copying")
        for path, name in files.items():
            shutil.copyfile(path, staging / name)
        tell("reading")
        read(staging)
        record = {
            "model": model.name,
            "licence": model.licence,
            "licence_accepted": True,
            "files": {path.name: digest_of_file(path) for path in sorted(staging.iterdir())},
        }
        (staging / RECORD).write_text(json.dumps(record, indent=1), encoding="utf-8")
        swap(staging, model)
    return model.folder
