"""The smallest piece of work that has a result of its own."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unit:
    """A unique drawing that is wanted: made once, delivered for each of its times."""

    target: int
    """First time of the drawing in the shot; the engine's name for it."""
    times: tuple[int, ...]
    """Its wanted frame numbers, ascending."""
    identity: str
