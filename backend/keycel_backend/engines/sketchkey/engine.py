"""The `sketchkey` engine: key sketches alone tell the networks what to paint; lines and regions decide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from keycel_backend.engines.base import (
    Cancelled,
    CancelledCallback,
    Drawing,
    EngineDescription,
    Estimate,
    FrameResult,
    OptionValue,
    ProgressCallback,
    Request,
)
from keycel_backend.engines.cel.between import color_between
from keycel_backend.engines.sketchkey.description import DESCRIPTION, estimate_sparse
from keycel_backend.models.libraries import import_networks

if TYPE_CHECKING:
    from keycel_backend.engines.cel.run import LoadedCel


class SketchKeyEngine:
    """Importing and describing it costs nothing; `load` needs torch."""

    description: EngineDescription = DESCRIPTION

    def __init__(self) -> None:
        self._loaded: LoadedCel | None = None

    def estimate(
        self, width: int, height: int, drawings: int, keyframes: int, options: Mapping[str, OptionValue]
    ) -> Estimate:
        return estimate_sparse(width, height, drawings, keyframes, options)

    def load(self, device: str, precision: str) -> None:
        """Read the weights. Raises as `CelEngine.load`."""
        del precision  # the networks are small
        self._loaded = import_networks("keycel_backend.engines.cel.run").load_cel(DESCRIPTION.name, device)

    def run(
        self, request: Request, progress: ProgressCallback, cancelled: CancelledCallback
    ) -> Iterator[FrameResult]:
        keys = {sketch.time for sketch in request.shot.sketches}

        def drawn(drawing: Drawing) -> bool:
            return not keys.isdisjoint(drawing.times)

        def checkpoint() -> None:
            if cancelled():
                raise Cancelled

        def color(inner: Request, tell: ProgressCallback, _: CancelledCallback) -> Iterator[FrameResult]:
            assert self._loaded is not None, "load() comes first"
            runs = import_networks("keycel_backend.engines.cel.run")
            return runs.run_cel(inner, self._loaded, tell, checkpoint, drawn)

        return color_between(request, color, progress, cancelled)
