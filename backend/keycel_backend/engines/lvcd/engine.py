"""The `lvcd` engine: each stretch of drawings is painted by video diffusion, then region by region."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from keycel_backend.engines.base import (
    Cancelled,
    CancelledCallback,
    EngineDescription,
    Estimate,
    FrameResult,
    OptionValue,
    ProgressCallback,
    Request,
)
from keycel_backend.engines.lvcd.description import DESCRIPTION, estimate
from keycel_backend.models.catalogue import LVCD, require_installed
from keycel_backend.models.libraries import import_networks

if TYPE_CHECKING:
    from keycel_backend.engines.lvcd.run import Runner


COMPILE_VARIABLE = "KEYCEL_COMPILE"
"""Environment variable; "1" lets torch compile the networks, which takes minutes once for every size."""


class LvcdEngine:
    """Importing and describing it costs nothing; `load` needs torch and the installed weights."""

    description: EngineDescription = DESCRIPTION

    def __init__(self) -> None:
        self._run: Runner | None = None

    def estimate(
        self, width: int, height: int, drawings: int, keyframes: int, options: Mapping[str, OptionValue]
    ) -> Estimate:
        return estimate(width, height, drawings, keyframes, options)

    def load(self, device: str, precision: str) -> None:
        """Read the weights.

        Raises:
            KeycelError: REG_NO_MODEL or REG_BAD_MODEL; ENV_MISSING_LIBRARY where torch or one of the
                libraries of the networks is missing.
        """
        folder = require_installed(LVCD.name)
        compiled = os.environ.get(COMPILE_VARIABLE) == "1"
        module = import_networks("keycel_backend.engines.lvcd.run")
        self._run = module.load_runner(folder, device, precision, compiled)

    def run(
        self, request: Request, progress: ProgressCallback, cancelled: CancelledCallback
    ) -> Iterator[FrameResult]:
        def checkpoint() -> None:
            if cancelled():
                raise Cancelled

        assert self._run is not None, "load() comes first"
        return self._run(request, progress, checkpoint)
