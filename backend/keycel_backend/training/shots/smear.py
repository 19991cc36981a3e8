"""Smears: for a drawing or two a fast thing is stretched along its way and bent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from keycel_backend.training.shots.geometry import Points
from keycel_backend.training.shots.parts import Part, Solid


@dataclass(frozen=True, slots=True)
class Smear:
    start: float
    end: float
    angle: float
    stretch: float
    """Times as long along `angle` at the height of the smear."""
    bend: float

    def apply(self, parts: Sequence[Part], time: float) -> None:
        """Stretch `parts` in place if the smear is on at `time` (seconds)."""
        if not self.start < time < self.end or not parts:
            return
        share = np.sin(np.pi * (time - self.start) / (self.end - self.start))
        factor = 1.0 + (self.stretch - 1.0) * share
        along = np.array([np.cos(self.angle), np.sin(self.angle), 0.0])
        across = np.array([-along[1], along[0], 0.0])
        middle = np.mean([_centre(part) for part in parts], axis=0)

        def stretched(points: Points) -> Points:
            from_middle = points - middle
            far, wide = from_middle @ along, from_middle @ across
            moved = points + ((factor - 1.0) * far)[..., None] * along
            narrow = (1.0 / np.sqrt(factor) - 1.0) * wide + self.bend * share * far**2
            return moved + narrow[..., None] * across

        for part in parts:
            transform(part, stretched)


def random_smear(rng: np.random.Generator, seconds: float) -> Smear:
    start = float(rng.uniform(0.0, seconds))
    return Smear(
        start,
        start + float(rng.uniform(0.1, 0.35)),
        float(rng.uniform(0.0, np.pi)),
        float(rng.uniform(1.3, 2.4)),
        float(rng.uniform(-0.6, 0.6)),
    )


def transform(part: Part, change: Callable[[Points], Points]) -> None:
    """Replace every point of `part` by its change."""
    if isinstance(part, Solid):
        part.points = change(part.points)
    else:
        part.outline = change(part.outline)
    for decal in part.decals:
        decal.outline = change(decal.outline)
    part.strokes = [change(stroke) for stroke in part.strokes]


def _centre(part: Part) -> Points:
    points = part.points if isinstance(part, Solid) else part.outline
    return points.reshape(-1, 3).mean(axis=0)
