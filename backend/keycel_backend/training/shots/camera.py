"""The view of one drawing: framing, zoom, roll and a little perspective."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keycel_backend.training.shots.geometry import Points


@dataclass(frozen=True, slots=True)
class View:
    width: int
    height: int
    """Pixels of the maps."""
    centre: tuple[float, float] = (0.0, 0.0)
    """World point in the middle of the canvas."""
    zoom: float = 1.0
    roll: float = 0.0
    """Radians."""
    distance: float = 6.0
    """Of the eye, in canvas heights; small values foreshorten strongly."""

    @property
    def scale(self) -> float:
        """Pixels per world unit at depth 0."""
        return self.height * self.zoom

    def project(self, points: Points) -> Points:
        """World (..., 3) to pixels (..., 3); z stays depth towards the viewer, in pixels."""
        shifted = points - (self.centre[0], self.centre[1], 0.0)
        near = self.distance / np.maximum(self.distance - shifted[..., 2], 0.2 * self.distance)
        x, y = shifted[..., 0] * near, shifted[..., 1] * near
        cos, sin = np.cos(self.roll), np.sin(self.roll)
        return np.stack(
            [
                (cos * x - sin * y) * self.scale + 0.5 * self.width,
                (sin * x + cos * y) * self.scale + 0.5 * self.height,
                shifted[..., 2] * self.scale,
            ],
            axis=-1,
        )
