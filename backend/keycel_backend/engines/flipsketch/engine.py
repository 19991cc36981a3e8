"""The `flipsketch` engine: an animation from one drawing and a sentence."""

from __future__ import annotations

from keycel_backend.engines.flipsketch.description import DESCRIPTION, estimate
from keycel_backend.engines.installed import InstalledEngine
from keycel_backend.models.catalogue import FLIPSKETCH


class FlipsketchEngine(InstalledEngine):
    def __init__(self) -> None:
        super().__init__(DESCRIPTION, estimate, FLIPSKETCH.name, "keycel_backend.engines.flipsketch.run")
