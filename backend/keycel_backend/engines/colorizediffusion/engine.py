"""The `colorizediffusion` engine: drawings are painted after one image, then region by region."""

from __future__ import annotations

from keycel_backend.engines.colorizediffusion.description import DESCRIPTION, estimate
from keycel_backend.engines.installed import InstalledEngine
from keycel_backend.models.catalogue import COLORIZEDIFFUSION


class ColorizeDiffusionEngine(InstalledEngine):
    def __init__(self) -> None:
        super().__init__(
            DESCRIPTION, estimate, COLORIZEDIFFUSION.name, "keycel_backend.engines.colorizediffusion.run"
        )
