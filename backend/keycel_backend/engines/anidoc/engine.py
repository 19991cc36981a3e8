"""The `anidoc` engine: drawings are painted by video diffusion from a reference, then region by region."""

from __future__ import annotations

from keycel_backend.engines.anidoc.description import DESCRIPTION, estimate
from keycel_backend.engines.installed import InstalledEngine
from keycel_backend.models.catalogue import ANIDOC


class AniDocEngine(InstalledEngine):
    def __init__(self) -> None:
        super().__init__(DESCRIPTION, estimate, ANIDOC.name, "keycel_backend.engines.anidoc.run")
