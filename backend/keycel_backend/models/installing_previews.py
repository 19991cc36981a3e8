"""Installs the small decoder for previews."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from keycel_backend.diffusion.tiny_decoder import CONFIGURATION, WEIGHTS, load_tiny_decoder
from keycel_backend.models.catalogue import TAESD
from keycel_backend.models.copying import install_as_is
from keycel_backend.models.installing import Tell


def install_taesd(paths: Sequence[Path], precision: str, tell: Tell) -> Path:
    """From the publisher's folder. `precision` changes nothing.

    Raises:
        KeycelError: REG_NO_MODEL, REG_BAD_MODEL, RES_DISK_FULL or OUT_NOT_WRITABLE.
    """
    del precision
    files = {path / name: name for path in paths[:1] for name in (CONFIGURATION, WEIGHTS)}
    return install_as_is(TAESD, files, lambda folder: load_tiny_decoder(folder, torch.device("cpu")), tell)
