"""Which engines this version has. Costs nothing to import: engines are loaded when asked for."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from keycel_backend.engines.base import Engine, EngineDescription
from keycel_backend.engines.flat.description import DESCRIPTION as FLAT
from keycel_shared.errors import ErrorCode, KeycelError


@dataclass(frozen=True, slots=True)
class EngineEntry:
    """An engine's facts, and where its class is."""

    description: EngineDescription
    factory: str
    """"module:Class"; the class takes no arguments."""

    def create(self) -> Engine:
        """Import the engine's module and make an engine; `load` it before use."""
        module, name = self.factory.split(":")
        make = cast(Callable[[], Engine], getattr(importlib.import_module(module), name))
        return make()


ENGINES: dict[str, EngineEntry] = {
    "flat": EngineEntry(FLAT, "keycel_backend.engines.flat.engine:FlatEngine"),
}
ANNOUNCED = ("cel", "lvcd", "anidoc", "sketchkey", "colorizediffusion", "flipsketch")
"""Names the documentation speaks of that are not part of this version."""


def find_engine(name: str) -> EngineEntry:
    """Raises `KeycelError` (REG_NO_ENGINE) for an engine this version does not have."""
    entry = ENGINES.get(name)
    if entry is not None:
        return entry
    title = (
        f'The engine "{name}" is not part of this version of Keycel yet.'
        if name in ANNOUNCED
        else f'There is no engine called "{name}".'
    )
    raise KeycelError(ErrorCode.REG_NO_ENGINE, title, f"Choose one of: {', '.join(sorted(ENGINES))}.")
