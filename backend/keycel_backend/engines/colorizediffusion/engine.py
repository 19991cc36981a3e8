"""The `colorizediffusion` engine: drawings are painted after one image, then region by region."""

from __future__ import annotations

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
from keycel_backend.engines.colorizediffusion.description import DESCRIPTION, estimate
from keycel_backend.models.catalogue import COLORIZEDIFFUSION, require_installed
from keycel_backend.models.libraries import import_networks

if TYPE_CHECKING:
    from keycel_backend.engines.colorizediffusion.run import Runner


class ColorizeDiffusionEngine:
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
        folder = require_installed(COLORIZEDIFFUSION.name)
        module = import_networks("keycel_backend.engines.colorizediffusion.run")
        self._run = module.load_runner(folder, device, precision)

    def run(
        self, request: Request, progress: ProgressCallback, cancelled: CancelledCallback
    ) -> Iterator[FrameResult]:
        def checkpoint() -> None:
            if cancelled():
                raise Cancelled

        assert self._run is not None, "load comes first"
        return self._run(request, progress, checkpoint)
