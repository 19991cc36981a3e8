"""Installs small models whose files are used as their publishers give them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from keycel_backend.models.catalogue import Model
from keycel_backend.models.installing import Tell, put_in_place, staged
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
        put_in_place(staging, model, {})
    return model.folder
