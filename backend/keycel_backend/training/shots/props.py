"""Things other than figures: solids with facets and patterns, cut-outs, walls of tiles."""

from __future__ import annotations

import numpy as np

from keycel_backend.training.shots.actor import random_placement
from keycel_backend.training.shots.geometry import Points, block, closed_spline, ellipsoid, lathe, rotation
from keycel_backend.training.shots.palette import random_color, random_colors
from keycel_backend.training.shots.parts import BOTH_SIDES, Decal, Flat, Part, Solid
from keycel_backend.training.shots.surfaces import Surfaces


class SolidProp:
    """A box, ball, bottle or wheel with facets and a pattern that turns with it."""

    def __init__(
        self, rng: np.random.Generator, surfaces: Surfaces, seconds: float, energy: float, depth: float
    ) -> None:
        self._places = random_placement(rng, seconds, energy)
        self._size = float(rng.uniform(0.06, 0.25))
        self._depth = depth
        self._kind = str(rng.choice(["box", "ball", "lathe"]))
        self._shape = rng.uniform(0.5, 1.4, 3)
        self._profile = rng.uniform(0.3, 1.0, 5)
        colors = random_colors(rng, 3)
        rows, columns = 12, 24
        cells = np.full((rows, columns), surfaces.add(colors[0]), np.int32)
        pattern = str(rng.choice(["plain", "bands", "checks", "sectors"]))
        step = int(rng.choice([2, 3, 4, 6]))
        for row in range(0, rows, step):
            for column in range(0, columns, step):
                if pattern == "checks" and (row // step + column // step) % 2:
                    cells[row : row + step, column : column + step] = surfaces.add(colors[1])
            if pattern == "bands" and (row // step) % 2:
                cells[row : row + step] = surfaces.add(colors[1])
        if pattern == "sectors":
            for column in range(0, columns, 2 * step):
                cells[:, column : column + step] = surfaces.add(colors[2])
        self._cells = cells
        sides = np.floor((np.arange(columns) + columns / 8) / (columns / 4)).astype(np.int32) % 4
        ends = np.arange(rows)
        facets = np.repeat(sides[None], rows, axis=0)
        facets[ends < rows // 4] = 5
        facets[ends >= rows - rows // 4] = 6
        self._facets = facets if self._kind == "box" else None
        self._front: list[tuple[Points, int]] = []
        if self._kind == "box" and rng.random() < 0.6:
            self._front = _nested(rng, surfaces)

    def parts(self, time: float) -> list[Part]:
        x, y, size, yaw, pitch, roll = (float(value) for value in self._places.at(time))
        turn = rotation(yaw, pitch, roll)
        centre = np.array([x, y, self._depth])
        radii = self._size * size * self._shape
        if self._kind == "box":
            skin = block(centre, (radii[0], radii[1], radii[2]), turn, 0.16, 12)
        elif self._kind == "ball":
            skin = ellipsoid(centre, (radii[0], radii[0], radii[0]), turn, 12, 24)
        else:
            along = np.linspace(-1.0, 1.0, 13)
            path = centre + along[:, None] * radii[1] * turn[:, 1]
            wide = np.interp(along, np.linspace(-1.0, 1.0, 5), self._profile) * radii[0]
            wide[[0, -1]] *= 0.02
            skin = lathe(path, wide, wide, turn, 24)
        part = Solid(skin, self._cells, facets=self._facets)
        if float(turn[2, 2]) > 0.1:
            part.decals = [Decal(shape * radii @ turn.T + centre, number) for shape, number in self._front]
        return [part]


def _nested(rng: np.random.Generator, surfaces: Surfaces) -> list[tuple[Points, int]]:
    """Rounded shapes one inside the other on the front of a box (in its half sizes): speakers, windows."""
    colors = random_colors(rng, 3)
    ring = np.linspace(0.0, 2.0 * np.pi, 32, endpoint=False)
    rows, columns = int(rng.integers(1, 4)), int(rng.integers(1, 3))
    square = float(rng.uniform(0.4, 1.0))
    found: list[tuple[Points, int]] = []
    for row in range(rows):
        for column in range(columns):
            at = np.array([(2 * column + 1) / columns - 1.0, (2 * row + 1) / rows - 1.0])
            size = np.array([0.8 / columns, 0.8 / rows]) * rng.uniform(0.5, 1.0)
            for level in range(int(rng.integers(1, 4))):
                wave = np.stack([np.cos(ring), np.sin(ring)], axis=1)
                outline = at + np.sign(wave) * np.abs(wave) ** square * size
                flat = np.concatenate([outline, np.ones((32, 1))], axis=1)
                found.append((flat, surfaces.add(colors[level])))
                size = size * rng.uniform(0.4, 0.8)
    return found


class CutOut:
    """A smooth flat shape with shapes inside it, that moves, turns, stretches and waves."""

    def __init__(
        self, rng: np.random.Generator, surfaces: Surfaces, seconds: float, energy: float, depth: float
    ) -> None:
        self._places = random_placement(rng, seconds, energy)
        self._depth = depth
        self._size = float(rng.uniform(0.06, 0.35))
        corners = int(rng.integers(4, 12))
        angle = np.linspace(0.0, 2.0 * np.pi, corners, endpoint=False)
        reach = rng.uniform(0.55, 1.0, corners)
        self._corners = np.stack([np.cos(angle) * reach, np.sin(angle) * reach], axis=1)
        self._surface = surfaces.add(random_color(rng))
        colors = random_colors(rng, 3)
        self._inner: list[tuple[Points, int]] = []
        for _ in range(int(rng.integers(0, 9))):
            at = rng.uniform(-0.5, 0.5, 2)
            ring = np.linspace(0.0, 2.0 * np.pi, 16, endpoint=False)
            wide, tall = rng.uniform(0.06, 0.3, 2)
            outline = at + np.stack([wide * np.cos(ring), tall * np.sin(ring)], axis=1)
            self._inner.append((outline, surfaces.add(colors[int(rng.integers(3))])))
            if rng.random() < 0.4:
                self._inner.append((at + 0.6 * (outline - at), surfaces.add(colors[int(rng.integers(3))])))
        self._wave = (float(energy * rng.uniform(0.0, 0.15)), float(rng.uniform(2.0, 9.0)))

    def parts(self, time: float) -> list[Part]:
        x, y, size, yaw, pitch, roll = (float(value) for value in self._places.at(time))
        turn = rotation(yaw, pitch, roll)
        scale = self._size * size
        bend, pace = self._wave

        def placed(points: Points) -> Points:
            bent = points + bend * np.sin(pace * time + 3.0 * points[:, ::-1])
            local = np.concatenate([bent * scale, np.zeros((len(points), 1))], axis=1)
            return local @ turn.T + np.array([x, y, self._depth])

        part = Flat(placed(closed_spline(self._corners)), self._surface)
        part.decals = [Decal(placed(outline), surface) for outline, surface in self._inner]
        return [part]


class Tiles:
    """A wall of bricks, tiles or planks, all alike and in few colours."""

    def __init__(
        self, rng: np.random.Generator, surfaces: Surfaces, seconds: float, energy: float, depth: float
    ) -> None:
        self._places = random_placement(rng, seconds, 0.2 * energy)
        self._depth = depth - 0.6
        rows, columns = int(rng.integers(2, 8)), int(rng.integers(2, 10))
        colors = random_colors(rng, int(rng.integers(1, 4)))
        fine = np.array(
            [
                [surfaces.add(colors[int(rng.integers(len(colors)))]) for _ in range(columns)]
                for _ in range(rows)
            ]
        )
        self._cells = fine.astype(np.int32)
        self._extent = rng.uniform(0.2, 0.7, 2)
        self._shift = float(rng.choice([0.0, 0.5]))

    def parts(self, time: float) -> list[Part]:
        x, y, size, yaw, pitch, roll = (float(value) for value in self._places.at(time))
        rows, columns = self._cells.shape
        u, v = np.linspace(-1.0, 1.0, columns + 1), np.linspace(-1.0, 1.0, rows + 1)
        turn = rotation(0.5 * yaw, 0.5 * pitch, 0.3 * roll)
        found: list[Part] = []
        for row in range(rows):
            across = u + self._shift * (row % 2) / columns
            line = np.stack(np.broadcast_arrays(across, v[row : row + 2, None], 0.0), axis=-1)
            skin = (line * np.array([*self._extent, 1.0]) * size) @ turn.T + np.array([x, y, self._depth])
            cells = self._cells[row : row + 1]
            found.append(Solid(skin, cells, inside=BOTH_SIDES))
        return found
