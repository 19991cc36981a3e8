"""What hangs from the waist: skirts, and the hem of a shirt or coat that is not tucked in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keycel_backend.training.shots.geometry import lathe
from keycel_backend.training.shots.palette import Palette
from keycel_backend.training.shots.parts import Solid, banded
from keycel_backend.training.shots.pose import Proportions, Skeleton
from keycel_backend.training.shots.surfaces import Surfaces

_COLUMNS = 48
_RINGS = 9


@dataclass(frozen=True, slots=True)
class Hanging:
    outer: int
    inner: int
    hem: int
    """Surface of a band along the lower rim; 0: none."""
    start: float
    """Where on the torso it begins, 0 at the hips, 1 at the chest."""
    long: float
    """In lengths of a leg."""
    flare: float
    pleats: int
    depth_of_pleats: float
    phase: float
    joined: int

    def part(self, bones: Skeleton, shape: Proportions, thick: float, sway: float) -> Solid:
        """`thick`: half the depth of the body, world; `sway`: how far the cloth lags behind."""
        share = np.linspace(0.0, 1.0, _RINGS)
        length = self.long * shape.leg * bones.size
        down = sum((chain[1] - chain[0] for chain in bones.legs), np.zeros(3))
        down /= max(float(np.linalg.norm(down)), 1e-9)
        above = (bones.chest - bones.hips) * self.start
        path = (
            bones.hips
            + above * np.clip(1.0 - 2.0 * share, 0.0, 1.0)[:, None]
            + share[:, None] * length * down
        )
        path[:, 0] += share**2 * 0.25 * sway * length
        apart = 0.5 * float(np.linalg.norm(bones.legs[0][1] - bones.legs[1][1]))
        waist = max(1.05 * shape.hip * bones.size, 1.3 * thick) * (1.0 + 0.4 * self.start)
        rim = max(waist * self.flare, min(1.0, self.long) * 1.2 * apart + 1.2 * thick)
        wide = np.linspace(waist, rim, _RINGS)
        angle = np.linspace(0.0, 2.0 * np.pi, _COLUMNS + 1)
        wave = 1.0 + self.depth_of_pleats * share[:, None] * np.sin(self.pleats * angle + self.phase + sway)
        skin = lathe(path, wide, np.maximum(0.75 * wide, 1.25 * thick), bones.body, _COLUMNS, wave)
        bands = [(0.85, self.outer), (1.0, self.hem)] if self.hem else [(1.0, self.outer)]
        part = Solid(skin, banded(skin, bands), inside=self.inner, joined=self.joined)
        if self.depth_of_pleats > 0.04:
            for column in range(0, _COLUMNS, max(4, _COLUMNS // self.pleats)):
                line = skin[4:, column]
                if line[0, 2] > path[4, 2] + 0.3 * wide[4]:
                    part.strokes.append(line)
        return part


def random_hanging(rng: np.random.Generator, surfaces: Surfaces, palette: Palette, top: int) -> list[Hanging]:
    """`top`: surface of the garment above, which a hem goes on."""
    found: list[Hanging] = []
    if rng.random() < 0.36:
        outer = surfaces.add(palette.bottom)
        inner = surfaces.add(palette.trim if rng.random() < 0.3 else palette.bottom)
        hem = surfaces.add(palette.trim) if rng.random() < 0.3 else 0
        found.append(_drawn(rng, outer, inner, hem, (0.22, float(rng.uniform(0.3, 0.95))), 0))
    if rng.random() < 0.4:
        inner = surfaces.add(palette.top)
        hem = surfaces.add(palette.trim) if rng.random() < 0.25 else 0
        long = float(rng.uniform(0.12, 0.3) if found or rng.random() < 0.7 else rng.uniform(0.4, 0.8))
        found.append(_drawn(rng, top, inner, hem, (0.6, long), top))
    return found


def _drawn(
    rng: np.random.Generator, outer: int, inner: int, hem: int, extent: tuple[float, float], joined: int
) -> Hanging:
    return Hanging(
        outer,
        inner,
        hem,
        extent[0],
        extent[1],
        float(rng.uniform(1.1, 2.4)),
        int(rng.integers(3, 12)),
        float(rng.uniform(0.0, 0.12)),
        float(rng.uniform(0.0, 6.0)),
        joined,
    )
