"""The `lvcd` engine: each stretch of drawings is painted by video diffusion, then region by region."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import cv2

from keycel_backend.engines.installed import InstalledEngine, Runner
from keycel_backend.engines.lvcd.description import DESCRIPTION, estimate
from keycel_backend.models.catalogue import LVCD

COMPILE_VARIABLE = "KEYCEL_COMPILE"
"""Environment variable; "1" lets torch compile the networks, which takes minutes once for every size."""


class LvcdEngine(InstalledEngine):
    def __init__(self) -> None:
        super().__init__(DESCRIPTION, estimate, LVCD.name, "keycel_backend.engines.lvcd.run")

    def load_runner(self, runners: Any, folder: Path, device: str, precision: str) -> Runner:
        cv2.setNumThreads(2)  # fixed, so that motion between drawings is found alike everywhere
        compiled = os.environ.get(COMPILE_VARIABLE) == "1"
        return runners.load_runner(folder, device, precision, compiled)
