"""Locks of hair that leave the head: side locks, tails, a mass behind, spikes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keycel_backend.training.shots.geometry import Points, capped, smooth_chain, spherical, tube, unit_vector
from keycel_backend.training.shots.palette import Palette
from keycel_backend.training.shots.parts import Solid, banded
from keycel_backend.training.shots.skull import Place
from keycel_backend.training.shots.surfaces import Surfaces


@dataclass(frozen=True, slots=True)
class Lock:
    """A tail of hair from a root on the skull along given steps, in radii."""

    root: Points
    steps: Points
    thick: float
    flat: float
    surface: int
    tie: int
    joined: int = 0
    """Runs into the hair of this surface without a line."""

    def part(self, place: Place, sway: float) -> Solid:
        start = place.at(self.root, 0.98)
        swing = np.linspace(0.0, 1.0, len(self.steps))[:, None] * sway * np.array([[1.0, 0.0, 0.0]])
        chain = np.concatenate(
            [start[None], start + place.radius * (np.cumsum(self.steps, axis=0) @ place.turn.T + swing)]
        )
        path = smooth_chain(chain, 12)
        along = np.linspace(0.0, 1.0, len(path))
        radii = place.radius * self.thick * (0.35 + 1.2 * along) * np.sqrt(np.clip(1.0 - along**3, 0.0, 1.0))
        skin = tube(path, capped(radii, 1.0, 0.0), 8, self.flat)
        bands = [(0.12, self.tie), (1.0, self.surface)] if self.tie else [(1.0, self.surface)]
        return Solid(skin, banded(skin, bands), joined=self.joined)


def random_locks(rng: np.random.Generator, surfaces: Surfaces, palette: Palette, hair: int) -> list[Lock]:
    """Side locks, tails, a mass behind and a tuft on top, each with its own surface of the same colour."""
    locks: list[Lock] = []

    def add(root: Points, steps: list[list[float]], thick: float, flat: float, tied: bool = False) -> None:
        tie = surfaces.add(palette.accent) if tied else 0
        locks.append(Lock(root, np.array(steps), thick, flat, surfaces.add(palette.hair), tie))

    length = float(rng.uniform(0.25, 0.7))
    if rng.random() < 0.4:
        for side in (1.0, -1.0):
            add(
                unit_vector(side * 0.92, 0.0, 0.45),
                [[0.05 * side, length, 0.0]] * 2,
                rng.uniform(0.08, 0.18),
                0.6,
            )
    kind = str(rng.choice(["none", "tail", "twin", "mass"], p=[0.3, 0.17, 0.18, 0.35]))
    if kind == "tail":
        add(
            unit_vector(0.0, -0.4, -1.0),
            [[0.0, -0.1, -0.45], [0.0, length, -0.3], [0.0, length, 0.0]],
            0.24,
            1.0,
            True,
        )
    elif kind == "twin":
        for side in (1.0, -1.0):
            steps = [[0.35 * side, -0.1, 0.0], [0.25 * side, length, 0.0], [-0.05 * side, length, 0.0]]
            add(unit_vector(side, -0.35, -0.2), steps, rng.uniform(0.16, 0.28), 0.8, bool(rng.random() < 0.6))
    elif kind == "mass":
        add(
            unit_vector(0.0, -0.2, -0.9),
            [[0.0, length + 0.3, -0.1], [0.0, length + 0.2, 0.0]],
            rng.uniform(0.5, 0.85),
            0.5,
        )
    if rng.random() < 0.3:
        for _ in range(int(rng.integers(3, 14))):
            locks.append(_spike(rng, hair))
    if rng.random() < 0.3:
        lean = float(rng.uniform(-0.3, 0.3))
        add(unit_vector(0.0, -1.0, 0.1), [[lean, -0.25, 0.0], [lean * 2.0, 0.05, 0.1]], 0.06, 0.5)
    return locks


def _spike(rng: np.random.Generator, hair: int) -> Lock:
    """A tuft that stands off the hair and is one with it."""
    azimuth, polar = rng.uniform(-1.9, 1.9), rng.uniform(0.1, 1.7)
    root = spherical(np.array(polar), np.array(azimuth))
    out = 0.3 * root + rng.normal(0.0, 0.08, 3)
    return Lock(
        root, np.stack([out, out + np.array([0.0, rng.uniform(-0.1, 0.25), 0.0])]), 0.2, 0.7, hair, 0, hair
    )
