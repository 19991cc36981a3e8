"""Hats: a crown on the skull, a band, perhaps a brim."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keycel_backend.training.shots.geometry import spherical
from keycel_backend.training.shots.palette import Palette
from keycel_backend.training.shots.parts import Part, Solid, banded, plain
from keycel_backend.training.shots.skull import Place
from keycel_backend.training.shots.surfaces import Surfaces


@dataclass(frozen=True, slots=True)
class _Hat:
    crown: int
    band: int
    brim: int
    height: float
    wide: float

    def parts(self, place: Place) -> list[Part]:
        columns = 24
        azimuth = np.linspace(0.0, 2.0 * np.pi, columns + 1)[None]
        polar = np.linspace(0.0, 1.15, 9)[:, None]
        unit = spherical(polar, azimuth)
        unit = unit * np.array([1.0, self.height, 1.0])
        skin = place.at(unit, 1.27)
        crown = Solid(skin, banded(skin, [(0.8, self.crown), (1.0, self.band)]))
        if not self.brim:
            return [crown]
        rings = np.array([1.1, 1.1 + 0.5 * self.wide, 1.1 + self.wide])[:, None]
        flat = np.stack(
            [-rings * np.sin(azimuth), np.full((3, columns + 1), -0.5), -rings * np.cos(azimuth)], axis=-1
        )
        brim = place.at(flat, 1.0)
        return [crown, Solid(brim, plain(brim, self.brim), inside=self.brim, lift=0.002)]


def random_hat(rng: np.random.Generator, surfaces: Surfaces, palette: Palette) -> _Hat | None:
    if rng.random() > 0.18:
        return None
    return _Hat(
        surfaces.add(palette.accent),
        surfaces.add(palette.trim),
        surfaces.add(palette.accent) if rng.random() < 0.6 else 0,
        float(rng.uniform(0.85, 1.4)),
        float(rng.uniform(0.3, 0.9)),
    )
