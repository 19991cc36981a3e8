"""The `cel` engine: our own small video diffusion paints each stretch of drawings, regions decide."""

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
from keycel_backend.engines.cel.between import color_between
from keycel_backend.engines.cel.description import DESCRIPTION, estimate
from keycel_backend.models.libraries import import_networks

if TYPE_CHECKING:
    from keycel_backend.engines.cel.run import LoadedCel


class CelEngine:
    """Importing and describing it costs nothing; `load` needs torch."""

    description: EngineDescription = DESCRIPTION

    def __init__(self) -> None:
        self._loaded: LoadedCel | None = None

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
        del precision  # the networks are small
        self._loaded = import_networks("keycel_backend.engines.cel.run").load_cel(DESCRIPTION.name, device)

    def run(
        self, request: Request, progress: ProgressCallback, cancelled: CancelledCallback
    ) -> Iterator[FrameResult]:
        if request.shot.sketches:
            return color_between(request, self._color, progress, cancelled)
        return self._color(request, progress, cancelled)

    def _color(
        self, request: Request, progress: ProgressCallback, cancelled: CancelledCallback
    ) -> Iterator[FrameResult]:
        def checkpoint() -> None:
            if cancelled():
                raise Cancelled

        assert self._loaded is not None, "load() comes first"
        runs = import_networks("keycel_backend.engines.cel.run")
        return runs.run_cel(request, self._loaded, progress, checkpoint)
