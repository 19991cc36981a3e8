"""The `anidoc` engine: drawings are painted by video diffusion from a reference, then region by region."""

from __future__ import annotations

from collections.abc import Iterator

from keycel_backend.engines.anidoc.description import DESCRIPTION, estimate
from keycel_backend.engines.base import CancelledCallback, FrameResult, ProgressCallback, Request
from keycel_backend.engines.cel.between import color_between
from keycel_backend.engines.installed import InstalledEngine
from keycel_backend.models.catalogue import ANIDOC


class AniDocEngine(InstalledEngine):
    """Between key sketches it colours the line track, of which the option `sparse` shows it the ends only."""

    def __init__(self) -> None:
        super().__init__(DESCRIPTION, estimate, ANIDOC.name, "keycel_backend.engines.anidoc.run")

    def run(
        self, request: Request, progress: ProgressCallback, cancelled: CancelledCallback
    ) -> Iterator[FrameResult]:
        if not request.shot.sketches:
            return super().run(request, progress, cancelled)
        return color_between(request, super().run, progress, cancelled, reference_is_a_key=False)
