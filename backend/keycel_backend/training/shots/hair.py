"""Hair: a shell around the skull that ends in tufts, locks of the fringe, tails and spikes."""

from __future__ import annotations

import numpy as np

from keycel_backend.training.shots.geometry import Points, spherical
from keycel_backend.training.shots.locks import Lock, random_locks
from keycel_backend.training.shots.palette import Palette, shaded
from keycel_backend.training.shots.parts import BOTH_SIDES, Decal, Part, Solid, plain
from keycel_backend.training.shots.skull import Place
from keycel_backend.training.shots.surfaces import Surfaces

_COLUMNS = 120
_ROWS = 9
_AZIMUTH = np.linspace(0.0, 2.0 * np.pi, _COLUMNS + 1)


class Hair:
    """Built once for a shot; `parts` places it for one drawing."""

    def __init__(self, rng: np.random.Generator, surfaces: Surfaces, palette: Palette) -> None:
        self._surface = surfaces.add(palette.hair)
        inner = shaded(palette.hair, -0.25) if rng.random() < 0.5 else palette.hair
        self._inner = surfaces.add(inner)
        self._lift = float(rng.uniform(1.06, 1.2))
        tufts = _tufts(rng)
        jag = float(rng.uniform(0.1, 0.75))
        self._rim = _hairline(rng) + jag * (tufts - 1.0)
        self._flare = float(rng.uniform(0.0, 0.3) if rng.random() < 0.5 else 0.0) * tufts
        self._strands = rng.uniform(-1.0, 1.0, int(rng.integers(0, 8)))
        self._strand_start = float(rng.uniform(0.3, 0.75))
        self._gloss = (
            surfaces.add(shaded(palette.hair, 0.35), base=self._surface) if rng.random() < 0.3 else 0
        )
        self._gloss_at = (
            float(rng.uniform(0.5, 0.95)),
            float(rng.uniform(0.08, 0.25)),
            int(rng.integers(2, 8)),
        )
        count = int(rng.integers(1, 6)) if rng.random() < 0.5 else 0
        self._fringe = [
            (surfaces.add(palette.hair), *rng.uniform(0.0, 1.0, 4).tolist()) for _ in range(count)
        ]
        self._locks: list[Lock] = random_locks(rng, surfaces, palette, self._surface)

    def parts(self, place: Place, sway: float) -> list[Part]:
        """`sway`: how far hanging hair lags behind, radians."""
        found: list[Part] = [self._shell(place)]
        for number, (surface, at, wide, top, tip) in enumerate(self._fringe):
            azimuth = np.pi + (at - 0.5) * 2.2
            end = float(np.interp(azimuth, _AZIMUTH, self._rim)) + 0.35 * (tip - 0.3)
            lift = self._lift + 0.02 + 0.008 * number
            skin = place.at(_blade(azimuth, 0.08 + 0.2 * wide, 0.3 + 0.4 * top, end), lift)
            found.append(Solid(skin, plain(skin, surface), inside=BOTH_SIDES))
        return found + [lock.part(place, sway) for lock in self._locks]

    def _shell(self, place: Place) -> Solid:
        share = np.linspace(0.0, 1.0, _ROWS + 1)[:, None]
        unit = spherical(share * self._rim[None], _AZIMUTH[None])
        unit = unit * (1.0 + share**3 * self._flare[None])[..., None]
        skin = place.at(unit, self._lift)
        part = Solid(skin, plain(skin, self._surface), inside=self._inner, joined=self._surface)
        for strand in self._strands:
            at = np.pi + 1.3 * float(strand)
            polar = np.linspace(self._strand_start, 0.95, 6) * np.interp(at, _AZIMUTH, self._rim)
            line = spherical(polar, np.linspace(at - 0.1 * strand, at, 6))
            if place.faces(line.mean(axis=0)):
                part.strokes.append(place.at(line, self._lift))
        if self._gloss:
            part.decals += self._shine(place)
        return part

    def _shine(self, place: Place) -> list[Decal]:
        """A band of light with a jagged lower border across the front."""
        polar, height, teeth = self._gloss_at
        across = np.linspace(np.pi - 0.95, np.pi + 0.95, 6 * teeth + 1)
        if not place.faces(spherical(np.array(polar), np.array(np.pi))):
            return []
        saw = np.abs((np.arange(6 * teeth + 1) / 6.0) % 1.0 - 0.5) * 2.0
        close = np.sin(np.linspace(0.0, np.pi, len(across))) ** 0.4
        upper = spherical(polar - 0.5 * height * close, across)
        lower = spherical(polar + height * close * (0.3 + 0.9 * saw), across)
        return [Decal(place.at(place.seen(np.concatenate([upper, lower[::-1]])), self._lift), self._gloss)]


def _hairline(rng: np.random.Generator) -> Points:
    """Polar angle of the rim all around, before tufts are cut into it: fringe, sides, nape."""
    fringe, side, nape = rng.uniform(0.95, 1.7), rng.uniform(1.4, 2.4), rng.uniform(1.9, 2.7)
    front = -np.cos(_AZIMUTH - rng.uniform(-0.25, 0.25))
    rim = np.where(front > rng.uniform(0.3, 0.6), fringe, side)
    rim = np.where(front < -0.3, nape, rim)
    wide = np.concatenate([rim[-6:-1], rim, rim[1:6]])
    return np.convolve(wide, np.ones(11) / 11.0, "valid")


def _tufts(rng: np.random.Generator) -> Points:
    """1 at the tips of tufts of different size, down to 0 in the notches between them."""
    count = int(rng.integers(4, 22))
    ends = np.cumsum(rng.uniform(0.4, 1.6, count))
    ends = np.concatenate([[0.0], ends / ends[-1] * 2.0 * np.pi])
    middle = ends[:-1] + (ends[1:] - ends[:-1]) * rng.uniform(0.15, 0.85, count)
    depth = rng.uniform(0.2, 1.0, count)
    places = np.concatenate([[0.0], np.stack([middle, ends[1:]], axis=1).ravel()])
    notches = 1.0 - np.concatenate([depth[-1:], depth])
    heights = np.concatenate([notches[:1], np.stack([np.ones(count), notches[1:]], axis=1).ravel()])
    return np.interp(_AZIMUTH, places, heights)


def _blade(azimuth: float, half: float, start: float, end: float) -> Points:
    """Directions of a lock that lies on the hair from a point down to a point: (9, 7, 3)."""
    share = np.linspace(0.0, 1.0, 9)[:, None]
    across = np.linspace(-1.0, 1.0, 7)[None]
    width = half * np.sqrt(share) * (1.0 - share**2) * 1.6
    return spherical(start + (end - start) * np.broadcast_to(share, (9, 7)), azimuth + width * across)
