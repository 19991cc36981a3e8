"""Where things lie on a head: from directions on a unit skull to the world."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keycel_backend.training.shots.geometry import Matrix, Points
from keycel_backend.training.shots.parts import Decal

_CIRCLE = np.linspace(0.0, 2.0 * np.pi, 24, endpoint=False)


@dataclass(frozen=True, slots=True)
class Place:
    """Turns directions on the unit skull into world points."""

    centre: Points
    turn: Matrix
    radius: float
    narrow: float
    jaw: float

    def at(self, unit: Points, lift: float = 1.0) -> Points:
        low = np.clip(unit[..., 1], 0.0, 1.0)
        x = unit[..., 0] * self.narrow * (1.0 - self.jaw * low**2)
        local = np.stack([x, unit[..., 1], unit[..., 2] * 0.97], axis=-1)
        return local * (self.radius * lift) @ self.turn.T + self.centre

    def faces(self, unit: Points) -> bool:
        return float((self.turn @ unit)[2]) > 0.15

    def on_face(self, x: Points, y: Points) -> Points:
        """Directions over the flat face (x, y in radii), kept on the visible half of the skull."""
        ring = np.minimum(x**2 + y**2, 0.98)
        return self.seen(np.stack([x, y, np.sqrt(1.0 - ring)], axis=-1))

    def seen(self, unit: Points) -> Points:
        """Directions with those of the hidden half moved to the horizon."""
        seen = unit @ self.turn.T
        hidden = seen[..., 2] < 0.0
        seen[..., 2] = np.where(hidden, 0.0, seen[..., 2])
        seen /= np.maximum(np.linalg.norm(seen, axis=-1, keepdims=True), 1e-6)
        return seen @ self.turn

    def patch(self, x: float, y: float, wide: float, tall: float, surface: int) -> list[Decal]:
        """An ellipse on the face; nothing if it is turned away or shut."""
        middle = self.on_face(np.array(x), np.array(y))
        if tall < 0.012 or float((self.turn @ middle)[2]) < 0.05:
            return []
        outline = self.on_face(x + wide * np.cos(_CIRCLE), y + tall * np.sin(_CIRCLE))
        return [Decal(self.at(outline), surface)]

    def line(self, x: Points, y: Points) -> list[Points]:
        unit = self.on_face(x, np.broadcast_to(y, x.shape))
        return [self.at(unit)] if self.faces(unit[len(unit) // 2]) else []
