"""Installs what can find and follow points for AniDoc: copied as it is, after it has been read once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from keycel_backend.engines.anidoc.lightglue import load_lightglue
from keycel_backend.engines.anidoc.scripted_tracker import FILE, load_scripted_tracker
from keycel_backend.models.catalogue import COTRACKER, LIGHTGLUE
from keycel_backend.models.copying import install_as_is
from keycel_backend.models.installing import Tell

_LIGHTGLUE_FILES = ("config.json", "model.safetensors")
_PROCESSOR = torch.device("cpu")


def install_lightglue(paths: Sequence[Path], precision: str, tell: Tell) -> Path:
    """From the publishers' folder; the user has accepted the licence. `precision` changes nothing.

    Raises:
        KeycelError: REG_NO_MODEL, REG_BAD_MODEL, RES_DISK_FULL or OUT_NOT_WRITABLE.
    """
    del precision
    files = {path / name: name for path in paths[:1] for name in _LIGHTGLUE_FILES}
    return install_as_is(LIGHTGLUE, files, lambda folder: load_lightglue(folder, _PROCESSOR), tell)


def install_cotracker(paths: Sequence[Path], precision: str, tell: Tell) -> Path:
    """From a TorchScript file; the user has accepted the licence. `precision` changes nothing.

    Raises:
        KeycelError: REG_NO_MODEL, REG_BAD_MODEL, RES_DISK_FULL or OUT_NOT_WRITABLE.
    """
    del precision
    files = dict.fromkeys(paths[:1], FILE)
    return install_as_is(COTRACKER, files, lambda folder: load_scripted_tracker(folder, _PROCESSOR), tell)
