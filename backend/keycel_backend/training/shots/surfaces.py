"""The surfaces of a shot: every one has a number that is its identity and a flat colour."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from keycel_backend.training.shots.palette import Rgb

BACKGROUND = 0


@dataclass(frozen=True, slots=True)
class Surface:
    color: Rgb
    base: int
    """The surface this one is a shadow, highlight or inset of; itself otherwise."""
    solid: bool
    """Drawn as solid ink (a pupil, a black sole), not as an outline to be filled."""


@dataclass(slots=True)
class Surfaces:
    """Registry; numbers count from 1 in the order of `add`, 0 is the background."""

    entries: list[Surface] = field(default_factory=list)

    def add(self, color: Rgb, base: int = BACKGROUND, solid: bool = False) -> int:
        """Number of a new surface; its border with `base` will be a separation line."""
        number = len(self.entries) + 1
        self.entries.append(Surface(color, base or number, solid))
        return number

    def color(self, number: int) -> Rgb:
        return self.entries[number - 1].color

    def flats(self) -> NDArray[np.uint8]:
        """RGBA by surface number, shape (count + 1, 4); the background is transparent."""
        return np.array([(0, 0, 0, 0)] + [(*entry.color, 255) for entry in self.entries], np.uint8)

    def bases(self) -> NDArray[np.int32]:
        return np.array([0] + [entry.base for entry in self.entries], np.int32)

    def solids(self) -> NDArray[np.bool_]:
        return np.array([False] + [entry.solid for entry in self.entries], np.bool_)
