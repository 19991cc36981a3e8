"""Animals and creatures: a long body on legs, or none, with neck, head, ears and tail."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from keycel_backend.training.shots.actor import random_placement
from keycel_backend.training.shots.geometry import (
    Matrix,
    Points,
    capped,
    directions,
    rotation,
    smooth_chain,
    tube,
    unit_vector,
)
from keycel_backend.training.shots.motion import random_curve
from keycel_backend.training.shots.palette import random_color, random_colors
from keycel_backend.training.shots.parts import Decal, Part, Solid, banded, plain
from keycel_backend.training.shots.skull import Place
from keycel_backend.training.shots.surfaces import Surfaces

_World = Callable[[Points], Points]
"""From the animal's own frame to the world."""
_NECK_DOWN = np.array([-0.6, -0.9, -0.4, 0.0])
_NECK_UP = np.array([0.6, 0.9, 0.5, 1.0])


class Animal:
    """Built once for a shot. Its own frame: z forward, y down, lengths in body lengths."""

    def __init__(
        self, rng: np.random.Generator, surfaces: Surfaces, seconds: float, energy: float, depth: float
    ) -> None:
        self._places = random_placement(rng, seconds, 0.7 * energy)
        self._size = float(rng.uniform(0.25, 0.6))
        self._depth = depth
        self._facing = float(rng.choice([-1.0, 1.0]) * rng.uniform(0.2, 1.6))
        self._pace = float(rng.uniform(4.0, 14.0))
        self._stride = float(energy * rng.uniform(0.2, 1.0))
        self._acting = random_curve(rng, seconds, _NECK_DOWN, _NECK_UP, 0.6, 0.2 + 0.8 * energy)
        coat, patch, third = random_colors(rng, 3)
        self._body = surfaces.add(coat)
        self._rear = surfaces.add(patch) if rng.random() < 0.3 else self._body
        self._belly = surfaces.add(patch, base=self._body) if rng.random() < 0.4 else 0
        self._spots = (
            [surfaces.add(patch) for _ in range(int(rng.integers(0, 7)))] if rng.random() < 0.4 else []
        )
        self._spot_places = rng.uniform([0.15, 0.1, 0.05], [0.85, 0.9, 0.1], (len(self._spots), 3))
        self._fat = rng.uniform(0.14, 0.34, 3)
        legs = int(rng.choice([4, 4, 4, 2, 0]))
        self._legs = [(surfaces.add(coat), surfaces.add(third)) for _ in range(legs)]
        self._leg = (
            float(rng.uniform(0.25, 0.7)),
            float(rng.uniform(0.05, 0.11)),
            float(rng.uniform(0.6, 0.95)),
        )
        self._tail = (surfaces.add(coat), surfaces.add(patch)) if rng.random() < 0.85 else None
        self._tail_shape = (float(rng.uniform(0.3, 1.0)), float(rng.uniform(0.03, 0.14)))
        one_piece = rng.random() < 0.5
        self._neck = (
            self._body if one_piece else surfaces.add(coat),
            float(rng.uniform(0.05, 0.5)),
            float(rng.uniform(0.2, 1.4)),
        )
        self._joined = self._body if one_piece else 0
        self._build_head(rng, surfaces, coat, patch)

    def _build_head(
        self,
        rng: np.random.Generator,
        surfaces: Surfaces,
        coat: tuple[int, int, int],
        patch: tuple[int, int, int],
    ) -> None:
        self._face = surfaces.add(coat)
        self._muzzle = surfaces.add(patch if rng.random() < 0.6 else coat)
        self._muzzle_long = float(rng.uniform(0.5, 1.2))
        self._nose = surfaces.add((20, 15, 20), solid=bool(rng.random() < 0.6))
        self._ears = (
            [(surfaces.add(coat), surfaces.add(patch)) for _ in range(2)] if rng.random() < 0.85 else []
        )
        self._ear = (
            float(rng.uniform(0.5, 1.6)),
            float(rng.uniform(0.2, 0.45)),
            float(rng.uniform(-0.8, 0.9)),
        )
        self._whites = [surfaces.add((255, 255, 255)) for _ in range(2)]
        self._pupils = [surfaces.add(random_color(rng), solid=bool(rng.random() < 0.5)) for _ in range(2)]
        self._eye = float(rng.uniform(0.12, 0.28))
        self._head = float(rng.uniform(0.16, 0.36))

    def parts(self, time: float) -> list[Part]:
        x, y, size, yaw, pitch, roll = (float(value) for value in self._places.at(time))
        nod, turn, wag, lids = (float(value) for value in self._acting.at(time))
        frame = rotation(self._facing + yaw, 0.3 * pitch, 0.3 * roll)
        scale = self._size * size
        origin = np.array([x, y, self._depth])

        def world(points: Points) -> Points:
            return points * scale @ frame.T + origin

        bounce = 0.05 * self._stride * np.sin(2.0 * self._pace * time)
        spine = np.array([[0.0, bounce, -0.5], [0.0, -0.05 - bounce, 0.0], [0.0, bounce, 0.5]])
        found: list[Part] = [self._trunk(world(smooth_chain(spine, 13)), scale)]
        for index, pair in enumerate(self._legs):
            found += self._limb(world, scale, index, pair, time)
        if self._tail is not None:
            found.append(self._tail_part(world, scale, wag, self._tail))
        return found + self._front(world, scale, frame, (nod, turn, lids))

    def _trunk(self, path: Points, scale: float) -> Solid:
        along = np.linspace(0.0, 1.0, 13)
        radii = np.interp(along, [0.0, 0.5, 1.0], self._fat) * scale
        skin = tube(path, capped(radii, 3.0, 3.0), 20)
        cells = banded(skin, [(0.35, self._rear), (1.0, self._body)])
        down = skin[6, :-1, 1].argmax()
        if self._belly:
            belly = (np.arange(-2, 3) + int(down)) % 20
            cells[2:-2, belly] = self._belly
        part = Solid(skin, cells, joined=self._joined)
        nearer = skin[..., 2] > path[:, None, 2]
        for surface, (row, column, reach) in zip(self._spots, self._spot_places, strict=True):
            at = (round(row * 12), round(column * 19))
            if nearer[at]:
                part.decals.append(_spot(skin[at], reach * scale, surface))
        return part

    def _limb(
        self, world: _World, scale: float, index: int, pair: tuple[int, int], time: float
    ) -> list[Part]:
        long, thick, paw = self._leg
        side = 1.0 - 2.0 * (index % 2)
        place = (0.36 if index < 2 else -0.36) if len(self._legs) > 2 else 0.0
        swing = self._stride * np.sin(self._pace * time + np.pi * ((index % 2) ^ (index // 2)))
        top = np.array([side * 0.6 * self._fat[2 if index < 2 else 0], 0.02, place])
        knee = top + 0.5 * long * np.array([0.0, np.cos(swing), np.sin(swing)])
        bend = swing - 0.6 * self._stride * (1.0 + np.cos(self._pace * time + np.pi * (index % 2))) * 0.5
        foot = knee + 0.5 * long * np.array([0.0, np.cos(bend), np.sin(bend)])
        toe = foot + np.array([0.0, 0.02, 1.6 * thick])
        path = world(smooth_chain(np.stack([top, knee, foot, toe]), 13))
        radii = (
            thick * scale * np.interp(np.linspace(0.0, 1.0, 13), [0.0, 0.3, 0.8, 1.0], [1.9, 1.3, 0.9, 1.1])
        )
        skin = tube(path, capped(radii, 2.0, 1.5), 10)
        return [Solid(skin, banded(skin, [(paw, pair[0]), (1.0, pair[1])]))]

    def _tail_part(self, world: _World, scale: float, wag: float, pair: tuple[int, int]) -> Solid:
        long, thick = self._tail_shape
        steps = np.array(
            [
                [0.0, -0.1, -0.5],
                [0.15 * wag, -0.3 * long, -0.5 - 0.4 * long],
                [0.5 * wag, -long, -0.6 - 0.4 * long],
            ]
        )
        path = world(smooth_chain(steps, 12))
        radii = thick * scale * (0.6 + np.sin(np.linspace(0.2, 3.0, 12)))
        skin = tube(path, capped(radii, 0.0, 2.0), 10)
        return Solid(skin, banded(skin, [(0.7, pair[0]), (1.0, pair[1])]))

    def _front(
        self, world: _World, scale: float, frame: Matrix, acting: tuple[float, float, float]
    ) -> list[Part]:
        nod, turn, lids = acting
        surface, long, rise = self._neck
        start = np.array([0.0, -0.05, 0.42])
        end = start + long * np.array([0.0, -np.sin(rise + 0.4 * nod), np.cos(rise + 0.4 * nod)])
        path = world(smooth_chain(np.stack([start, 0.5 * (start + end), end]), 8))
        skin = tube(path, np.linspace(0.75 * self._fat[2], 0.6 * self._head, 8) * scale, 12)
        found: list[Part] = [Solid(skin, plain(skin, surface), joined=self._joined)]
        look = frame @ rotation(turn, nod)
        middle = end + np.array([0.0, -0.3 * self._head, 0.4 * self._head])
        place = Place(world(middle[None])[0], look, self._head * scale, 0.95, 0.1)
        skull = Solid(place.at(unit := directions(12, 20)), plain(unit, self._face))
        for side, white, pupil in zip((1.0, -1.0), self._whites, self._pupils, strict=True):
            tall = self._eye * (1.0 - 0.8 * lids**2)
            skull.decals += place.patch(0.42 * side, -0.15, self._eye, tall, white)
            skull.decals += place.patch(0.42 * side, -0.12, 0.5 * self._eye, 0.6 * tall, pupil)
        found.append(skull)
        snout = np.linspace(0.5, 0.6 + self._muzzle_long, 6)[:, None] * unit_vector(0.0, 0.3, 1.0)
        radii = place.radius * np.array([0.62, 0.6, 0.52, 0.44, 0.38, 0.3])
        skin = tube(place.at(snout), capped(radii, 0.0, 1.5), 12)
        nose = place.at(snout[-1] + np.array([0.0, -0.12, 0.02]))
        tip = Solid(nose + 0.15 * place.radius * directions(6, 8), plain(directions(6, 8), self._nose))
        found += [Solid(skin, plain(skin, self._muzzle)), tip]
        for side, pair in zip((1.0, -1.0), self._ears, strict=False):
            found.append(self._ear_part(place, side, pair))
        return found

    def _ear_part(self, place: Place, side: float, pair: tuple[int, int]) -> Solid:
        long, wide, droop = self._ear
        root = unit_vector(0.6 * side, -0.75, -0.1)
        tip = root + long * np.array([side * (0.3 + max(0.0, droop)), -0.9 + droop, 0.0])
        path = place.at(np.linspace(0.9 * root, tip, 9))
        radii = place.radius * wide * np.sin(np.linspace(0.5, 3.1, 9))
        skin = tube(path, capped(radii, 0.0, 1.0), 10, 0.4)
        part = Solid(skin, plain(skin, pair[0]))
        facing = float((place.turn @ np.array([0.0, 0.0, 1.0]))[2])
        if facing > 0.2:
            ring = np.concatenate([skin[2:8, 0], skin[2:8, 5][::-1]])
            part.decals.append(Decal(ring.mean(axis=0) + 0.55 * (ring - ring.mean(axis=0)), pair[1]))
        return part


def _spot(centre: Points, reach: float, surface: int) -> Decal:
    angle = np.linspace(0.0, 2.0 * np.pi, 16, endpoint=False)
    ring = np.stack([np.cos(angle), 0.8 * np.sin(angle), np.zeros(16)], axis=1)
    return Decal(centre + reach * ring, surface)
