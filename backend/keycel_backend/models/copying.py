"""Installs small models whose files are used as their publishers give them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from keycel_backend.models.catalogue import RECORD, Model
from keycel_backend.models.checking import digest_of_file
from keycel_backend.models.installing import Tell, staged, swap
from keycel_shared.errors import ErrorCode, KeycelError


def install_as_is(model: Model, files: dict[Path, str], read: Callable[[Path], object], tell: Tell) -> Path:
    """Copy `files` (path to the name it gets) and have `read` load them once; returns the model's folder.

    Raises:
        KeycelError: REG_NO_MODEL, what `read` raises, RES_DISK_FULL or OUT_NOT_WRITABLE.
    """
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
