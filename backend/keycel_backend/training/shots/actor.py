"""What a scene is played by, and how things other than figures are placed over time."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from keycel_backend.training.shots.motion import Curve, random_curve
from keycel_backend.training.shots.parts import Part


class Actor(Protocol):
    """Anything that can be drawn at a time, in seconds."""

    def parts(self, time: float) -> list[Part]: ...


def random_placement(rng: np.random.Generator, seconds: float, energy: float) -> Curve:
    """x, y, size factor, yaw, pitch, roll over time."""
    turn = 0.15 + 1.2 * energy
    low = np.array([-0.6, -0.35, 0.85, -turn, -0.3 * turn, -0.5 * turn])
    return random_curve(
        rng, seconds, low, np.array([0.6, 0.35, 1.2, turn, 0.3 * turn, 0.5 * turn]), 0.8, 0.2 + 0.8 * energy
    )
