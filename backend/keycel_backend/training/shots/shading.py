"""Cel shadows: what of a part is left by a step towards the light."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from keycel_backend.training.shots.palette import shaded
from keycel_backend.training.shots.raster import FACETS, Maps
from keycel_backend.training.shots.surfaces import Surfaces


@dataclass(slots=True)
class Shading:
    """Which surfaces carry a shadow, and where the light comes from."""

    shadow_of: NDArray[np.int32]
    """Shadow surface by surface number; 0: none."""
    angle: float
    turn: float
    """Radians the light turns over the shot."""
    depth: float
    """How wide shadows are, in canvas heights."""

    def apply(self, maps: Maps, share: float) -> None:
        """Give shaded pixels their shadow's surface; `share`: how far the shot has run, 0..1."""
        angle = self.angle + self.turn * share
        reach = self.depth * maps.surface.shape[0]
        x, y = round(np.cos(angle) * reach), round(np.sin(angle) * reach)
        carries = self.shadow_of[maps.surface]
        part = maps.facet // FACETS  # what is painted on a part casts no shadow of its own
        shadow = (part != _shifted(part, x, y)) & (carries > 0)
        size = max(3, round(reach / 4) | 1)
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
        clean = cv2.morphologyEx(shadow.view(np.uint8), cv2.MORPH_OPEN, disc).astype(np.bool_)
        np.copyto(maps.surface, carries, where=clean & (carries > 0))


def random_shading(surfaces: Surfaces, rng: np.random.Generator) -> Shading:
    """Adds the shadows' surfaces to `surfaces`."""
    count = len(surfaces.entries)
    shadow_of = np.zeros(count + 1, np.int32)
    amount = -float(rng.uniform(0.12, 0.5))
    share = rng.uniform(0.3, 1.0)
    for number in range(1, count + 1):
        entry = surfaces.entries[number - 1]
        if entry.solid or entry.base != number or rng.random() > share:
            continue
        shadow_of[number] = surfaces.add(shaded(entry.color, amount), base=number)
    shadow_of = np.concatenate([shadow_of, np.zeros(len(surfaces.entries) - count, np.int32)])
    turn = float(rng.uniform(-2.0, 2.0)) if rng.random() < 0.25 else 0.0
    return Shading(shadow_of, float(rng.uniform(0.0, 2.0 * np.pi)), turn, float(rng.uniform(0.015, 0.07)))


def _shifted(labels: NDArray[np.int32], x: int, y: int) -> NDArray[np.int32]:
    """Every pixel shows what lies (x, y) away; 0 beyond the canvas."""
    height, width = labels.shape
    moved = np.zeros_like(labels)
    rows = slice(max(0, -y), min(height, height - y))
    columns = slice(max(0, -x), min(width, width - x))
    source_rows = slice(max(0, y), min(height, height + y))
    source_columns = slice(max(0, x), min(width, width + x))
    if rows.start < rows.stop and columns.start < columns.stop:
        moved[rows, columns] = labels[source_rows, source_columns]
    return moved
