"""What a figure wears: the body's garment, skirt, scarf, cape, bag, and what is sewn on."""

from __future__ import annotations

import numpy as np

from keycel_backend.training.shots.geometry import Points, block, capped, lathe, smooth_chain, tube
from keycel_backend.training.shots.palette import Palette, random_color
from keycel_backend.training.shots.parts import Cells, Decal, Part, Solid, banded, plain
from keycel_backend.training.shots.pose import Proportions, Skeleton
from keycel_backend.training.shots.skirt import random_hanging
from keycel_backend.training.shots.surfaces import Surfaces

_COLUMNS = 24
_ROWS = 14


class Clothes:
    """Built once for a shot; `parts` places everything for one drawing."""

    def __init__(
        self, rng: np.random.Generator, surfaces: Surfaces, palette: Palette, shape: Proportions
    ) -> None:
        self._shape = shape
        self._cells = _garment(rng, surfaces, palette)
        self._neck = surfaces.add(palette.skin)
        self._girth = float(rng.uniform(0.8, 1.25))
        self._belly = float(rng.uniform(-0.2, 0.35))
        self._sewn_on(rng, surfaces, palette)
        self._top = int(self._cells[_ROWS // 2, 0])
        self._hanging = random_hanging(rng, surfaces, palette, self._top)
        self._scarf = surfaces.add(palette.accent) if rng.random() < 0.2 else 0
        self._scarf_tails = [surfaces.add(palette.accent) for _ in range(2)] if self._scarf else []
        cape = rng.random() < 0.12
        self._cape = (surfaces.add(palette.accent), surfaces.add(palette.trim)) if cape else None
        bag = rng.random() < 0.16
        self._bag = (surfaces.add(random_color(rng)), surfaces.add(palette.accent)) if bag else None
        self._straps = [surfaces.add(palette.accent) for _ in range(2)] if bag else []

    def _sewn_on(self, rng: np.random.Generator, surfaces: Surfaces, palette: Palette) -> None:
        count = int(rng.integers(2, 6)) if rng.random() < 0.4 else 0
        self._buttons = [surfaces.add(palette.accent) for _ in range(count)]
        self._bow = [surfaces.add(palette.accent) for _ in range(3)] if rng.random() < 0.22 else []
        self._collar = [surfaces.add(palette.trim) for _ in range(2)] if rng.random() < 0.35 else []
        self._collar_size = float(rng.uniform(0.06, 0.13))
        pockets = int(rng.integers(1, 3)) if rng.random() < 0.3 else 0
        self._pockets = [surfaces.add(palette.sleeve) for _ in range(pockets)]
        emblem = rng.random() < 0.2
        self._emblem = (surfaces.add(palette.trim), surfaces.add(palette.accent)) if emblem else None
        self._emblem_points = int(rng.integers(3, 9))

    def parts(self, bones: Skeleton, thick: float, sway: float) -> list[Part]:
        rings = self._torso_rings(bones, thick)
        torso = Solid(rings, self._cells, joined=self._top)
        torso.decals = self._decorations(bones, rings)
        neck = np.linspace(bones.neck + 0.35 * (bones.chest - bones.neck), bones.head, 5)
        skin = tube(neck, np.full(5, 0.5 * thick + 0.06 * bones.size_of_head), 10)
        found: list[Part] = [torso, Solid(skin, plain(skin, self._neck))]
        found += [
            cloth.part(bones, self._shape, thick * max(1.0, self._girth), sway) for cloth in self._hanging
        ]
        if self._scarf:
            found += self._wound(bones, thick, sway)
        if self._cape is not None:
            found.append(self._draped(bones, thick, sway, self._cape))
        if self._bag is not None:
            found.append(self._carried(bones, thick, self._bag))
        for side, strap in zip((1.0, -1.0), self._straps, strict=False):
            found.append(self._strap(bones, rings, side, strap, thick))
        return found

    def _torso_rings(self, bones: Skeleton, thick: float) -> Points:
        low = bones.hips + 0.5 * thick * (bones.body @ np.array([0.0, 1.0, 0.0]))
        path = smooth_chain(np.stack([low, bones.hips, bones.chest, bones.neck]), _ROWS + 1)
        along = np.linspace(0.0, 1.0, _ROWS + 1)
        size, shape = bones.size, self._shape
        wide = np.interp(along, [0.0, 0.12, 0.45, 0.8, 1.0], [0.6, 1.0, 0.85, 1.0, 0.35])
        breadth = np.interp(along, [0.0, 0.8, 1.0], [1.3 * shape.hip, shape.shoulder, shape.shoulder]) * size
        belly = 1.0 + self._belly * np.exp(-(((along - 0.3) / 0.2) ** 2))
        wide = wide * np.maximum(breadth, 1.25 * thick) * belly
        deep = np.maximum(0.62 * wide, 1.1 * thick) * belly * self._girth
        deep *= np.interp(along, [0.0, 0.1, 0.85, 1.0], [0.6, 1.0, 1.0, 0.45])
        return lathe(path, wide, deep, 0.5 * (bones.body + bones.upper), _COLUMNS)

    def _decorations(self, bones: Skeleton, rings: Points) -> list[Decal]:
        """Painted where the front of the garment faces the viewer."""
        decals: list[Decal] = []
        facing = float((bones.upper @ np.array([0.0, 0.0, 1.0]))[2])
        if facing < 0.1:
            return decals
        for index, surface in enumerate(self._pockets):
            decals.append(
                _on(rings, surface, 0.42, 0.5 + (0.12 if index else -0.12), 0.09, 4, turned=np.pi / 4)
            )
        if self._emblem is not None:
            decals.append(_on(rings, self._emblem[0], 0.68, 0.5, 0.085, 24))
            decals.append(_on(rings, self._emblem[1], 0.68, 0.5, 0.07, self._emblem_points, 0.5))
        for index, surface in enumerate(self._buttons):
            decals.append(_on(rings, surface, 0.25 + 0.13 * index, 0.5, 0.022, 12))
        for index, surface in enumerate(self._collar):
            side = 1.0 - 2.0 * index
            place = 0.5 + 0.07 * side
            decals.append(
                _on(rings, surface, 0.85, place, self._collar_size, 3, turned=-np.pi / 2 + 0.5 * side)
            )
        if self._bow:
            decals.append(_on(rings, self._bow[0], 0.86, 0.46, 0.05, 3))
            decals.append(_on(rings, self._bow[1], 0.86, 0.54, 0.05, 3, turned=np.pi))
            decals.append(_on(rings, self._bow[2], 0.86, 0.5, 0.02, 8))
        return decals

    def _wound(self, bones: Skeleton, thick: float, sway: float) -> list[Part]:
        angle = np.linspace(0.0, 2.0 * np.pi, 19)
        radius = 1.35 * thick + 0.06 * bones.size_of_head
        ring = np.stack([-np.sin(angle), 0.12 * np.cos(angle), -np.cos(angle)], axis=1) * radius
        path = bones.neck + ring @ bones.upper.T
        skin = tube(path, np.full(19, 0.55 * thick), 8)
        found: list[Part] = [Solid(skin, plain(skin, self._scarf))]
        for index, surface in enumerate(self._scarf_tails):
            start = bones.neck + bones.upper @ np.array([0.4 * radius * (1 - 2 * index), 0.0, radius])
            drop = 0.3 * bones.size * self._shape.torso
            steps = np.array([[0.0, 0.0, 0.0], [0.2 * sway, 0.8, 0.1], [0.9 * sway, 1.7 - 0.3 * index, 0.05]])
            tail = smooth_chain(start + steps * drop * 1.2, 8)
            skin = tube(tail, capped(np.full(8, 0.7 * thick), 0.0, 0.6), 8, 0.3)
            found.append(Solid(skin, plain(skin, surface)))
        return found

    def _draped(self, bones: Skeleton, thick: float, sway: float, cape: tuple[int, int]) -> Solid:
        rows, columns = 10, 14
        down = np.linspace(0.0, 1.0, rows + 1)[:, None]
        across = np.linspace(1.0, -1.0, columns + 1)[None]  # its outer side is seen from behind
        size, shape = bones.size, self._shape
        x = across * (shape.shoulder * 1.05 + 0.1 * down) * size
        y = down * (shape.torso + 0.6 * shape.leg) * size
        z = -(1.3 * thick + down * 0.1 * size) * (1.0 - 0.55 * across**2) - 0.02 * size * down * np.sin(
            5.0 * across + 3.0 * sway
        )
        local = np.stack(np.broadcast_arrays(x, y, z), axis=-1)
        skin = bones.chest + local @ bones.upper.T
        skin[..., 0] += 0.3 * sway * size * down**2
        return Solid(skin, plain(skin, cape[0]), inside=cape[1])

    def _carried(self, bones: Skeleton, thick: float, bag: tuple[int, int]) -> Solid:
        size = bones.size * self._shape.torso
        middle = bones.hips + bones.upper @ np.array([0.0, -0.5 * size, -(1.2 * thick + 0.3 * size)])
        skin = block(middle, (0.36 * size, 0.42 * size, 0.26 * size), bones.upper, 0.45, 12)
        return Solid(skin, banded(skin, [(0.42, bag[1]), (1.0, bag[0])]))

    def _strap(self, bones: Skeleton, rings: Points, side: float, surface: int, thick: float) -> Solid:
        column = round(_COLUMNS * (0.5 + 0.13 * side))
        path = smooth_chain(rings[4:13, column], 9)
        out = bones.upper @ np.array([0.0, 0.0, 0.08 * thick])
        skin = tube(path + out, np.full(9, 0.28 * thick), 6, 0.5)
        return Solid(skin, plain(skin, surface))


def _garment(rng: np.random.Generator, surfaces: Surfaces, palette: Palette) -> Cells:
    """Surface of every cell of the body, from the hips (row 0) to the neck."""
    cells = np.full((_ROWS, _COLUMNS), surfaces.add(palette.top), np.int32)
    front = np.abs(np.arange(_COLUMNS) - (_COLUMNS - 1) / 2.0)
    style = str(rng.choice(["plain", "open", "stripes", "halves", "vest"], p=[0.4, 0.2, 0.16, 0.1, 0.14]))
    if style == "open":
        cells[:, front < rng.integers(1, 4)] = surfaces.add(palette.sleeve)
    elif style == "stripes":
        bands = int(rng.integers(1, 4))
        for start in range(2, _ROWS - 2, 2 * bands):
            cells[start : start + bands] = surfaces.add(palette.trim)
    elif style == "halves":
        cells[:, : _COLUMNS // 2] = surfaces.add(palette.sleeve)
    elif style == "vest":
        cells[5:12, front < 5] = surfaces.add(palette.accent)
    waist = int(rng.integers(1, 6))
    cells[:waist] = surfaces.add(palette.bottom)
    if rng.random() < 0.35:
        cells[waist : waist + 1] = surfaces.add(palette.accent)
        if rng.random() < 0.5:
            cells[waist : waist + 1, front < 1.5] = surfaces.add(palette.trim)
    if rng.random() < 0.5:
        cells[-2:] = surfaces.add(palette.trim)
    elif rng.random() < 0.4:
        for row in range(1, 4):
            cells[-row, front < 4.0 - row] = (
                surfaces.add(palette.skin) if row == 1 else cells[-1, _COLUMNS // 2]
            )
    return cells


def _on(
    rings: Points,
    surface: int,
    along: float,
    around: float,
    size: float,
    corners: int,
    inner: float = 1.0,
    turned: float = 0.0,
) -> Decal:
    """A polygon (a star where `inner` is below 1) on the skin at shares `along` the rows and `around`."""
    angle = np.linspace(0.0, 2.0 * np.pi, corners * (2 if inner < 1.0 else 1), endpoint=False) + turned
    reach = np.where(np.arange(len(angle)) % 2 == 1, size * inner, size)
    height = float(np.linalg.norm(rings[-1].mean(axis=0) - rings[0].mean(axis=0)))
    girth = float(np.linalg.norm(np.diff(rings[len(rings) // 2], axis=0), axis=1).sum())
    row = (along + reach * np.sin(angle)) * (rings.shape[0] - 1)
    column = (around + reach * np.cos(angle) * height / max(girth, 1e-9)) * (rings.shape[1] - 1)
    row = np.clip(row, 0.0, rings.shape[0] - 1.001)
    column = np.clip(column, 0.0, rings.shape[1] - 1.001)
    i, j = row.astype(np.int64), column.astype(np.int64)
    u, v = (row - i)[:, None], (column - j)[:, None]
    points = (rings[i, j] * (1 - u) + rings[i + 1, j] * u) * (1 - v)
    points += (rings[i, j + 1] * (1 - u) + rings[i + 1, j + 1] * u) * v
    return Decal(points, surface)
