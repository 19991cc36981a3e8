"""Things other than figures: solids with facets, cut-outs, repeated patterns, flowers, effects."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from keycel_backend.training.shots.geometry import Points, block, closed_spline, ellipsoid, lathe, rotation
from keycel_backend.training.shots.motion import Curve, random_curve
from keycel_backend.training.shots.palette import random_color, random_colors
from keycel_backend.training.shots.parts import BOTH_SIDES, Decal, Flat, Part, Solid
from keycel_backend.training.shots.surfaces import Surfaces


class Actor(Protocol):
    """Anything that can be drawn at a time, in seconds."""

    def parts(self, time: float) -> list[Part]: ...


def _places(rng: np.random.Generator, seconds: float, energy: float) -> Curve:
    """x, y, size factor, yaw, pitch, roll over time."""
    turn = 0.15 + 1.2 * energy
    low = np.array([-0.6, -0.35, 0.85, -turn, -0.3 * turn, -0.5 * turn])
    return random_curve(
        rng, seconds, low, np.array([0.6, 0.35, 1.2, turn, 0.3 * turn, 0.5 * turn]), 0.8, 0.2 + 0.8 * energy
    )


class SolidProp:
    """A box, ball, bottle or wheel with facets and a pattern that turns with it."""

    def __init__(
        self, rng: np.random.Generator, surfaces: Surfaces, seconds: float, energy: float, depth: float
    ) -> None:
        self._places = _places(rng, seconds, energy)
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
        return [Solid(skin, self._cells, facets=self._facets)]


class CutOut:
    """A smooth flat shape with shapes inside it, that moves, turns, stretches and waves."""

    def __init__(
        self, rng: np.random.Generator, surfaces: Surfaces, seconds: float, energy: float, depth: float
    ) -> None:
        self._places = _places(rng, seconds, energy)
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


class Blossom:
    """Rings of many alike petals that open, turn and shrink together."""

    def __init__(
        self, rng: np.random.Generator, surfaces: Surfaces, seconds: float, energy: float, depth: float
    ) -> None:
        self._places = _places(rng, seconds, 0.3 * energy)
        self._spin = random_curve(rng, seconds, np.array([-1.0]), np.array([1.0]), 1.5, energy)
        self._open = random_curve(rng, seconds, np.array([0.6]), np.array([1.25]), 1.0, energy)
        self._depth = depth
        self._size = float(rng.uniform(0.15, 0.4))
        colors = random_colors(rng, int(rng.integers(2, 5)))
        self._rings: list[list[tuple[int, int, float]]] = []
        filled = float(rng.uniform(0.0, 0.4)) if rng.random() < 0.5 else 0.0
        self._inset = (float(rng.choice([0.12, 0.5, 0.95])), float(rng.uniform(0.3, 0.65)))
        inset_share = float(rng.uniform(0.0, 0.9))
        for ring in range(int(rng.integers(2, 6))):
            petals: list[tuple[int, int, float]] = []
            for _ in range(int(rng.integers(5, 15))):
                outer = surfaces.add(
                    colors[int(rng.integers(len(colors)))], solid=bool(rng.random() < 0.25 * filled)
                )
                tip = 0
                if rng.random() < inset_share:
                    color = colors[int(rng.integers(len(colors)))]
                    tip = surfaces.add(color, solid=bool(rng.random() < 2.0 * filled))
                petals.append((outer, tip, float(rng.uniform(0.85, 1.15))))
            self._rings.append(petals)
            if ring == 0 and rng.random() < 0.2:
                break
        self._heart = surfaces.add(random_color(rng))
        self._wide = float(rng.uniform(0.7, 1.3))

    def parts(self, time: float) -> list[Part]:
        x, y, size, yaw, pitch, _ = (float(value) for value in self._places.at(time))
        turn = rotation(0.6 * yaw, pitch)
        spin, spread = float(self._spin.at(time)[0]), float(self._open.at(time)[0])
        found: list[Part] = []
        count = len(self._rings)
        for ring, petals in enumerate(self._rings):
            reach = self._size * size * spread * (1.0 - ring / (count + 0.7))
            for index, (outer, tip, long) in enumerate(petals):
                angle = spin + 2.0 * np.pi * (index + 0.5 * ring) / len(petals)
                outline = _petal(reach * long, self._wide * reach * np.pi / len(petals), angle)
                height = 0.01 * (ring + 0.4 * index / len(petals))
                found.append(self._placed(outline, outer, turn, x, y, height, tip))
        disc = np.linspace(0.0, 2.0 * np.pi, 20, endpoint=False)
        heart = 0.12 * self._size * size * np.stack([np.cos(disc), np.sin(disc)], axis=1)
        found.append(self._placed(heart, self._heart, turn, x, y, 0.01 * count, 0))
        return found

    def _placed(
        self, outline: Points, surface: int, turn: Points, x: float, y: float, height: float, tip: int
    ) -> Flat:
        def world(points: Points) -> Points:
            local = np.concatenate([points, np.zeros((len(points), 1))], axis=1) @ turn.T
            local[:, 2] = height
            return local + np.array([x, y, self._depth])

        part = Flat(world(outline), surface)
        if tip:
            place, scale = self._inset
            root, far, middle = outline[0], outline[len(outline) // 2], outline.mean(axis=0)
            at = root + place * (far - root)
            part.decals.append(Decal(world(at + scale * (outline - middle)), tip))
        return part


def _petal(length: float, width: float, angle: float) -> Points:
    corners = np.array([[0.0, 0.0], [0.45, 0.8], [0.85, 0.75], [1.0, 0.0], [0.85, -0.75], [0.45, -0.8]])
    corners = np.roll(closed_spline(corners * (length, width), 4), 0, axis=0)
    cos, sin = np.cos(angle), np.sin(angle)
    return corners @ np.array([[cos, sin], [-sin, cos]])


@dataclass(slots=True)
class _Particle:
    start: float
    life: float
    origin: Points
    speed: Points
    size: float
    surfaces: list[int]
    corners: Points
    spin: float


@dataclass(slots=True)
class Effect:
    """Puffs, sparks, drops or leaves that appear, fly, grow and vanish."""

    depth: float
    particles: list[_Particle] = field(default_factory=list)
    fall: float = 0.0

    @staticmethod
    def random(
        rng: np.random.Generator, surfaces: Surfaces, seconds: float, energy: float, depth: float
    ) -> Effect:
        effect = Effect(depth, fall=float(rng.uniform(-0.3, 0.9)))
        colors = random_colors(rng, 2)
        kind = str(rng.choice(["puff", "spark", "drop"]))
        origin = rng.uniform(-0.4, 0.4, 2)
        for _ in range(int(rng.integers(3, 16))):
            corners = int({"puff": 7, "spark": 8, "drop": 5}[kind])
            angle = np.linspace(0.0, 2.0 * np.pi, corners, endpoint=False)
            reach = rng.uniform(0.75, 1.0, corners)
            if kind == "spark":
                reach[::2] *= 0.35
            numbers = [surfaces.add(color) for color in colors[: int(rng.integers(1, 3))]]
            effect.particles.append(
                _Particle(
                    float(rng.uniform(-0.5, seconds)),
                    float(rng.uniform(0.3, 1.5)),
                    origin + rng.normal(0.0, 0.15, 2),
                    rng.normal(0.0, 0.2 + 0.5 * energy, 2),
                    float(rng.uniform(0.02, 0.1)),
                    numbers,
                    np.stack([np.cos(angle) * reach, np.sin(angle) * reach], axis=1),
                    float(rng.uniform(-4.0, 4.0)),
                )
            )
        return effect

    def parts(self, time: float) -> list[Part]:
        found: list[Part] = []
        for index, particle in enumerate(self.particles):
            age = time - particle.start
            if not 0.0 <= age <= particle.life:
                continue
            at = particle.origin + particle.speed * age + np.array([0.0, 0.5 * self.fall * age * age])
            size = particle.size * np.sin(np.pi * min(1.0, (age / particle.life) * 0.9 + 0.1)) ** 0.5
            cos, sin = np.cos(particle.spin * age), np.sin(particle.spin * age)
            outline = closed_spline(particle.corners * size, 4) @ np.array([[cos, sin], [-sin, cos]]) + at
            depth = np.full((len(outline), 1), self.depth + 0.004 * index)
            world = np.concatenate([outline, depth], axis=1)
            part = Flat(world, particle.surfaces[0])
            if len(particle.surfaces) > 1:
                middle = world.mean(axis=0)
                part.decals.append(Decal(middle + 0.5 * (world - middle), particle.surfaces[1]))
            found.append(part)
        return found


class Tiles:
    """A wall of bricks, tiles or planks, all alike and in few colours."""

    def __init__(
        self, rng: np.random.Generator, surfaces: Surfaces, seconds: float, energy: float, depth: float
    ) -> None:
        self._places = _places(rng, seconds, 0.2 * energy)
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
